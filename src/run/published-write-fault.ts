import { VMA_READ, VMA_UFFD_WP, VMA_WRITE } from "../linux/vma-map.ts";
import { P } from "../machine/primitives.ts";
import { CODE } from "./prims-code.ts";
import { Bench, type Operation, REGION_PAGES, type Setting } from "./published-bench.ts";

/** The first write to a page that a process watches, by the figures' case. */
export const WRITE_FAULT_OPERATIONS: Readonly<Record<string, Operation | undefined>> = {
  "write fault, mprotect": (setting) => writeFault(setting, PROTECTION),
  "write fault, userfaultfd with SIGBUS": (setting) => writeFault(setting, USERFAULTFD_SIGBUS),
  "write fault, userfaultfd with a thread": (setting) => writeFault(setting, USERFAULTFD_THREAD),
};

/** How a process learns of the first write to a page. */
interface WriteProtection {
  readonly handlerInstructions: number;
  /** Has the page's fault handled from now on. */
  handle(bench: Bench, handler: (page: number) => void): void;
  /** Closes the region. */
  close(bench: Bench): void;
  /** Opens a page, from the handler. */
  open(bench: Bench, page: number): void;
}

const PROTECTION: WriteProtection = {
  handlerInstructions: CODE.handler,
  handle: (bench, handler) => bench.guest.kernel.setHandler("SIGSEGV", handler),
  close: (bench) => bench.protect(bench.region, REGION_PAGES, VMA_READ),
  open: (bench, page) => bench.protect(page, 1, VMA_READ | VMA_WRITE),
};

const USERFAULTFD_SIGBUS: WriteProtection = {
  handlerInstructions: CODE.writeProtectHandler,
  handle: (bench, handler) => bench.guest.kernel.setHandler("SIGBUS", handler),
  close(bench) {
    bench.guest.kernel.memory.changeFlags(bench.region, REGION_PAGES, VMA_UFFD_WP, 0);
    bench.writeProtect(bench.region, REGION_PAGES, true);
  },
  open: (bench, page) => bench.writeProtect(page, 1, false),
};

/**
 * The thread has a processor of its own: on the one that faults its part would take no longer than a switch, 0.4 us, and
 * the figures leave 1 to 2 us for each way between the two threads.
 */
const USERFAULTFD_THREAD: WriteProtection = {
  ...USERFAULTFD_SIGBUS,
  handle: (bench, handler) => bench.guest.kernel.setUserfaultThread(handler, true),
};

/** The third of three writes in sequence, natively, in microseconds: up to the handler, in it, and after it. */
function writeFault(setting: Setting, protection: WriteProtection): Record<string, number> {
  const bench = new Bench(setting, "native");
  const { kernel } = bench.guest;
  let entered = 0;
  let left = 0;
  protection.handle(bench, (page) => {
    entered = bench.total();
    bench.ledger.charge(P.program_instruction, protection.handlerInstructions);
    protection.open(bench, page);
    left = bench.total();
  });
  bench.touchAll();
  protection.close(bench);
  for (const page of [0, 1]) kernel.store(bench.region + page);
  const start = bench.total();
  kernel.store(bench.region + 2);
  const end = bench.total();
  return {
    "write to handler": bench.microseconds(entered - start),
    "handler opens the page": bench.microseconds(left - entered),
    "handler to next instruction": bench.microseconds(end - left),
    whole: bench.microseconds(end - start),
  };
}
