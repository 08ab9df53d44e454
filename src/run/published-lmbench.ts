import { fork } from "../linux/fork.ts";
import { VMA_READ, VMA_WRITE } from "../linux/vma-map.ts";
import { P } from "../machine/primitives.ts";
import { CODE } from "./prims-code.ts";
import { PrimsImage } from "./prims-image.ts";
import { MeasuredProcess } from "./prims-process.ts";
import { Bench, type Operation, REGION_PAGES, type Setting } from "./published-bench.ts";

/** Operations of lmbench, and like ones, by the figures' case. */
export const LMBENCH_OPERATIONS: Readonly<Record<string, Operation | undefined>> = {
  "null call": (setting) => asTimesNative(setting, nullCall),
  "signal handler": (setting) => ({
    ...asTimesNative(setting, signalHandler),
    "xen-pv / null call under xen-pv":
      signalHandler(new Bench(setting, "xen-pv")) / nullCall(new Bench(setting, "xen-pv")),
  }),
  "protection fault": (setting) => asTimesNative(setting, protectionFault),
  "page fault": (setting) =>
    asTimesNative(setting, (bench) => bench.cycles(() => bench.guest.kernel.store(bench.region + 1))),
  fork: (setting) => asTimesNative(setting, forkExitWait),
  mmap: (setting) => asTimesNative(setting, mapTouchUnmap),
  "copy-on-write fault": (setting) => {
    const bench = new Bench(setting, "native");
    bench.touchAll();
    fork(bench.guest.kernel);
    return { "whole, at least": bench.cycles(() => bench.guest.kernel.store(bench.region + 1)) };
  },
};

function nullCall(bench: Bench): number {
  return bench.cycles(() => bench.guest.process.nullSystemCall());
}

function signalHandler(bench: Bench): number {
  const { kernel } = bench.guest;
  kernel.setHandler("SIGUSR1", () => bench.ledger.charge(P.program_instruction, CODE.emptyHandler));
  return bench.cycles(() => {
    bench.ledger.charge(P.program_instruction, CODE.tgkill);
    kernel.tgkill("SIGUSR1");
  });
}

/**
 * lmbench lets a write fault again and again, with a handler that changes nothing, and takes off what a signal and its
 * handler cost.
 */
function protectionFault(bench: Bench): number {
  const { kernel } = bench.guest;
  let leaveClosed = 0;
  kernel.setHandler("SIGSEGV", (page) => {
    bench.ledger.charge(P.program_instruction, CODE.emptyHandler);
    if (leaveClosed-- > 0) return;
    bench.protect(page, 1, VMA_READ | VMA_WRITE);
  });
  bench.touchAll();
  bench.protect(bench.region, REGION_PAGES, VMA_READ);
  for (const page of [0, 1]) kernel.store(bench.region + page);
  const once = bench.cycles(() => kernel.store(bench.region + 2));
  leaveClosed = 1;
  const twice = bench.cycles(() => kernel.store(bench.region + 3));
  return twice - once - signalHandler(bench);
}

/** lmbench maps a file, writes to each 16 KiB of its first tenth, and unmaps it; here of 8 MiB, and without a file. */
function mapTouchUnmap(bench: Bench): number {
  const pages = (8 << 20) / 4096;
  return bench.cycles(() => {
    const first = bench.map(pages);
    for (let page = 0; page < pages / 10; page += 4) bench.guest.kernel.store(first + page);
    bench.unmap(first, pages);
  });
}

/** lmbench's process is not described: the one that was measured under a newer Xen stands for it, without its region. */
function forkExitWait(bench: Bench): number {
  const { kernel } = bench.guest;
  const image = new PrimsImage(kernel, false);
  const process = new MeasuredProcess(kernel, bench.ledger);
  process.forkExitWait(image);
  for (const page of image.counters) kernel.store(page);
  return bench.cycles(() => process.forkExitWait(image));
}

function asTimesNative(setting: Setting, cycles: (bench: Bench) => number): Record<string, number> {
  return { "xen-pv / native": cycles(new Bench(setting, "xen-pv")) / cycles(new Bench(setting, "native")) };
}
