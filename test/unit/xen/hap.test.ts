// One HVM guest in hardware-assisted paging: what exits, what does not, and what each exit consists of.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createGuest } from "../../../src/linux/guest.ts";
import type { KernelVersion } from "../../../src/linux/kernel-build.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { PTE_DIRTY } from "../../../src/machine/page-table.ts";
import { P, PRIMITIVE_COUNT, PRIMITIVES } from "../../../src/machine/primitives.ts";
import { EVERY_WRITE } from "../../../src/xen/checkpoint-service.ts";
import { REFILLS_AFTER_FLUSH } from "../../../src/xen/hap/hypervisor.ts";
import { closeAsForkDoes } from "./after-fork.ts";

const EXIT = { "xen.cpu.vmexit": 1, "xen.vmexit": 1 };
const ENTRY = { "xen.vmentry": 1, "xen.cpu.vmwrite": 3, "xen.cpu.vmentry": 1 };
const FLUSH = { "xen.ept.sync": 1, "xen.cpu.invept": 1 };

function hosted(pageCount: number, kernel: KernelVersion = "6.1") {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  const guest = createGuest({ environment: "xen-hap", kernel }, ledger);
  const { process, xen } = guest;
  assert.ok(xen?.dirtyBits !== undefined && xen.frameLog !== undefined && xen.guestLog !== undefined);
  const { checkpoint, dirtyBits, frameLog, guestLog, channel } = xen;
  const first = process.mmap(pageCount, "rw");
  const all = [{ first, pageCount }];
  let phase = 0;
  return {
    ...{ guest, process, first, all, checkpoint, dirtyBits, frameLog, guestLog, channel },
    touchAll() {
      for (let i = 0; i < pageCount; i++) process.store(first + i);
    },
    /** Events of `action`, those that happened, by name. */
    events(action: () => void): Record<string, number> {
      const epoch = ++phase;
      const before = ledger.enter("track", epoch, 0, 0);
      action();
      ledger.restore(before);
      const counts = ledger.totals((row) => row.epoch === epoch);
      return Object.fromEntries(PRIMITIVES.flatMap(({ name }, i) => (counts[i] === 0 ? [] : [[name, counts[i]]])));
    },
  };
}

test("the guest's own business does not exit", () => {
  const { process, first, touchAll, events } = hosted(100);
  const counts = events(() => {
    process.nullSystemCall();
    touchAll();
    process.mprotect(first, 100, "r");
    process.mprotect(first, 50, "rw");
    process.store(first);
    process.clearRefs();
  });
  assert.deepEqual(
    Object.keys(counts).filter((name) => name.startsWith("xen.")),
    [],
  );
  assert.ok(counts["cpu.nested_walk"] >= 100 + 3 * REFILLS_AFTER_FLUSH);
});

test("a write to a closed page is one exit, from the violation to the next entry", () => {
  const { process, first, all, checkpoint, touchAll, events } = hosted(8);
  touchAll();
  checkpoint.register("trap", first, 8);
  checkpoint.protect("trap", all);
  const counts = events(() => {
    process.store(first + 3);
    process.store(first + 3);
    process.load(first + 4);
  });
  assert.deepEqual(counts, {
    ...{ ...EXIT, "xen.cpu.vmread": 7 + 4, "xen.ept.violation": 1, "xen.service.lookup": 1, "xen.p2m.entry": 1 },
    ...{ ...FLUSH, ...ENTRY, "cpu.nested_walk": 1 + REFILLS_AFTER_FLUSH },
  });
  assert.deepEqual(
    [3, 4].map((i) => checkpoint.isDirty(first + i)),
    [true, false],
  );
});

test("the guest's own entry is looked at first, and Xen's when that lets the write pass", () => {
  const { process, first, all, checkpoint, touchAll, events } = hosted(1);
  touchAll();
  checkpoint.register("trap", first, 1);
  checkpoint.protect("trap", all);
  process.mprotect(first, 1, "r");
  const counts = events(() => {
    process.sigaction("SIGSEGV", (page) => process.mprotect(page, 1, "rw"));
    process.store(first);
  });
  assert.equal(counts["cpu.exception"], 1);
  assert.equal(counts["linux.signal.deliver"], 1);
  assert.equal(counts["xen.cpu.vmexit"], 1);
});

test("the kernel's own writes to a closed page exit as well", () => {
  const { process, first, all, checkpoint, touchAll, events } = hosted(1);
  touchAll();
  checkpoint.register("trap", first, 1);
  checkpoint.protect("trap", all);
  const counts = events(() => process.copyToUser(first, 1));
  assert.equal(counts["xen.ept.violation"], 1);
  assert.equal(counts["cpu.exception"], undefined);
  assert.ok(checkpoint.isDirty(first));
});

test("arming any number of pages is one hypercall and one flush", () => {
  const { first, all, checkpoint, touchAll, events, process } = hosted(1000);
  touchAll();
  checkpoint.register("trap", first, 1000);
  const service = { ...EXIT, "xen.cpu.vmread": 7 + 3, "xen.vmcall": 1, "xen.service.request": 1, ...ENTRY };
  const flush = { ...FLUSH, "cpu.nested_walk": REFILLS_AFTER_FLUSH };
  const words = Math.floor((first + 999) / 64) - Math.floor(first / 64) + 1;
  const arm = events(() => checkpoint.protect("trap", all));
  assert.deepEqual(arm, {
    ...service,
    ...flush,
    "xen.service.word": words,
    "xen.p2m.run_entry": 1000,
    "xen.table.map": 2,
  });
  process.store(first + 7);
  const again = events(() => checkpoint.protect("trap", all));
  assert.deepEqual(again, {
    ...service,
    ...flush,
    "xen.service.word": words,
    "xen.p2m.run_entry": 1,
    "xen.table.map": 1,
  });
  const idle = events(() => checkpoint.protect("trap", all));
  assert.deepEqual(idle, { ...service, "xen.service.word": words });
});

test("gates: ring 3's VMCALL, the driver's, and a shared page that CPUID has read", () => {
  for (const [gate, exits, systemCalls, vmcalls] of [
    ["trap", 1, undefined, 1],
    ["privcmd", 1, 1, 1],
    ["shared-page", undefined, undefined, undefined],
  ] as const) {
    const { first, all, checkpoint, channel, touchAll, events } = hosted(4);
    touchAll();
    checkpoint.register("trap", first, 4);
    const counts = events(() => checkpoint.protect(gate, all));
    assert.deepEqual(
      [counts["xen.cpu.vmexit"], counts["cpu.syscall"], counts["xen.vmcall"]],
      [exits, systemCalls, vmcalls],
      gate,
    );
    const completed = events(() => channel.complete());
    assert.equal(completed["xen.hvm.cpuid"], gate === "shared-page" ? 1 : undefined);
    assert.equal(checkpoint.isDirty(first), false);
  }
});

test("pages are registered with the frames that a write would go to, and no others", () => {
  const refused = /written to before it is registered/;
  const { process, first, checkpoint, guest } = hosted(4);
  assert.throws(() => checkpoint.register("trap", first, 1), refused, "nothing there");
  process.load(first + 1);
  assert.throws(() => checkpoint.register("trap", first + 1, 1), refused, "the page of zeros");
  process.store(first + 1);
  checkpoint.register("trap", first + 1, 1);
  process.store(first + 2);
  closeAsForkDoes(guest.kernel, first + 2, 1);
  assert.throws(() => checkpoint.register("trap", first + 2, 1), refused, "shared after a fork");
});

test("a page that gets another frame afterwards is not what Xen watches", () => {
  const { process, first, checkpoint, guest, all, touchAll } = hosted(2);
  touchAll();
  checkpoint.register("trap", first, 2);
  checkpoint.protect("trap", all);
  closeAsForkDoes(guest.kernel, first, 1);
  process.store(first);
  process.store(first + 1);
  assert.deepEqual(
    [0, 1].map((i) => checkpoint.isDirty(first + i)),
    [false, true],
  );
  checkpoint.unregister("trap", first, 1);
  checkpoint.register("trap", first, 1);
  checkpoint.protect("trap", all);
  process.store(first);
  assert.ok(checkpoint.isDirty(first), "registered anew, it is");
});

test("a frame that was freed while it was closed opens for whoever gets it", () => {
  const { process, first, checkpoint, all, touchAll, events } = hosted(2);
  touchAll();
  checkpoint.register("trap", first, 2);
  checkpoint.protect("trap", all);
  process.munmap(first, 2);
  const other = process.mmap(2, "rw");
  const counts = events(() => {
    for (const page of [other, other + 1]) process.store(page);
  });
  assert.equal(counts["linux.fault.anonymous"], 2);
  assert.equal(counts["xen.ept.violation"], 2);
});

test("emulated writes exit each, and the page stays closed", () => {
  const { process, first, checkpoint, all, touchAll, events } = hosted(1);
  touchAll();
  checkpoint.register("trap", first, 1);
  checkpoint.protect("trap", all, EVERY_WRITE);
  const counts = events(() => process.store(first, 80, 10));
  for (const name of ["xen.cpu.vmexit", "xen.ept.violation", "xen.service.emulate", "xen.hvm.emulate"]) {
    assert.equal(counts[name], 10, name);
  }
  assert.equal(counts["xen.memcpy.byte"], 80);
  assert.equal(counts["xen.p2m.entry"], undefined, "nothing opens it");
  assert.ok(checkpoint.isLogged(first) && !checkpoint.isDirty(first));
});

test("D bits: a first write is the processor's alone, a scan is one exit", () => {
  const { process, first, all, dirtyBits, touchAll, events, guest } = hosted(600);
  touchAll();
  dirtyBits.register("trap", first, 600);
  dirtyBits.scan("trap", all);
  const track = events(() => {
    for (const i of [5, 5, 599]) process.store(first + i);
    process.copyToUser(first + 6, 1);
  });
  assert.deepEqual(track, { "cpu.dirty_assist": 3, "cpu.nested_walk": 3, "linux.copy_to_user": 1 });
  const scan = events(() => dirtyBits.scan("trap", all));
  // 600 frames in a row, from wherever they begin, lie in two page-table pages.
  assert.deepEqual(scan, {
    ...{ ...EXIT, "xen.cpu.vmread": 7 + 3, "xen.vmcall": 1, "xen.service.request": 1, "xen.table.map": 2 },
    ...{ "xen.dirty_bits.entry": 600, ...FLUSH, ...ENTRY, "cpu.nested_walk": REFILLS_AFTER_FLUSH },
  });
  const dirty = Array.from(dirtyBits.dirtyPages(all), (page) => page - first);
  assert.deepEqual(dirty, [5, 6, 599]);
  assert.ok(guest.kernel.table.flags[first] & PTE_DIRTY, "the guest's own D bits are untouched");
  assert.equal(events(() => dirtyBits.scan("trap", all))["xen.cpu.invept"], undefined, "nothing cleared, no flush");
});

test("the log of 512 entries: the store that finds it full exits first, and is logged after", () => {
  for (const [pages, exits, moved] of [
    [511, undefined, undefined],
    [512, undefined, undefined],
    [513, 1, 512],
    [1024, 1, 512],
    [1025, 2, 1024],
  ] as const) {
    const { process, first, all, frameLog, touchAll, events } = hosted(1100);
    touchAll();
    frameLog.register(first, 1100);
    frameLog.start(all);
    const track = events(() => {
      for (let i = 0; i < pages; i++) process.store(first + i);
    });
    assert.equal(track["cpu.dirty_assist"], pages);
    assert.equal(track["xen.cpu.vmexit"], exits, `${pages} pages`);
    assert.equal(track["xen.pml.entry"], moved);
    assert.equal(track["xen.ept.sync"], moved, "each change of an entry asks for a flush");
    assert.equal(track["xen.cpu.invept"], exits, "there is one for each entry of the guest");
    const stop = events(() => frameLog.stop());
    assert.equal(stop["xen.pml.entry"], pages - (moved ?? 0));
    const logged = frameLog.take();
    assert.equal(new Set(logged).size, pages);
    assert.deepEqual(frameLog.take(), []);
  }
});

test("the guest's own log interrupts the guest where the other exits, and holds page numbers", () => {
  for (const [pages, interrupts] of [
    [512, undefined],
    [513, 1],
  ] as const) {
    const { process, first, all, guestLog, touchAll, events } = hosted(600);
    touchAll();
    guestLog.register(first, 600);
    const start = events(() => guestLog.start(all));
    assert.equal(start["linux.epml.pte"], 600);
    const track = events(() => {
      for (let i = 0; i < pages; i++) process.store(first + i);
    });
    assert.equal(track["cpu.interrupt"], interrupts);
    assert.equal(track["linux.epml.entry"], interrupts === undefined ? undefined : 512);
    const stop = events(() => guestLog.stop());
    const names = Object.keys({ ...start, ...track, ...stop });
    assert.deepEqual(
      names.filter((name) => name.startsWith("xen.")),
      [],
      "nothing exits",
    );
    assert.deepEqual(
      guestLog.take().sort((a, b) => a - b),
      Array.from({ length: pages }, (_, i) => first + i),
    );
  }
});

test("frames of pagemap lead back to the pages that were logged", () => {
  const { process, first, all, frameLog, touchAll } = hosted(64);
  // Touched from the end, so that frames and pages run in opposite directions.
  for (let i = 63; i >= 0; i--) process.store(first + i);
  touchAll();
  frameLog.register(first, 64);
  frameLog.start(all);
  for (const i of [40, 2, 17]) process.store(first + i);
  frameLog.stop();
  const frames = [...process.readFrames(first, 64, process.mmap(1, "rw", 1))];
  assert.deepEqual(
    frameLog.take().map((frame) => frames.indexOf(frame)),
    [17, 2, 40],
    "the latest first",
  );
});

test("while another process runs the log stands still", () => {
  for (const kind of ["frameLog", "guestLog"] as const) {
    const machine = hosted(8);
    const { process, first, all, touchAll, events, guest } = machine;
    const log = machine[kind];
    touchAll();
    log.register(first, 8);
    assert.equal(events(() => guest.kernel.switchProcess())["linux.log.switch"], undefined, "nothing to stop yet");
    guest.kernel.switchProcess();
    log.start(all);
    process.store(first);
    const away = events(() => guest.kernel.switchProcess());
    assert.equal(away["linux.log.switch"], 1);
    assert.equal(away[kind === "frameLog" ? "xen.pml.entry" : "linux.epml.entry"], 1);
    assert.equal(away["xen.cpu.vmexit"], kind === "frameLog" ? 1 : undefined);
    guest.kernel.switchProcess();
    process.store(first + 1);
    log.stop();
    assert.equal(log.take().length, 2);
  }
});

test("a driver's hypercall exits once", () => {
  const { guest, events } = hosted(1);
  const counts = events(() => guest.kernel.platform.driverHypercall());
  assert.equal(counts[PRIMITIVES[P.xen_vmcall].name], 1);
  assert.equal(counts["xen.version"], 1);
});
