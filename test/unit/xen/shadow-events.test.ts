import assert from "node:assert/strict";
import { test } from "node:test";
import { createGuest } from "../../../src/linux/guest.ts";
import type { KernelVersion } from "../../../src/linux/kernel-build.ts";
import { Courses } from "../../../src/machine/courses.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { P, PRIMITIVE_COUNT } from "../../../src/machine/primitives.ts";

const TABLE = 512;

/** A guest with shadow page tables; `counts` says what an action charges. */
function hosted(kernel: KernelVersion = "6.1") {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  const { process, kernel: linux } = createGuest({ environment: "xen-shadow", kernel }, ledger);
  let epoch = 0;
  return {
    process,
    linux,
    /** Pages at the start of a page-table page, `tables` of them. */
    map: (tables: number) => Math.ceil(process.mmap((tables + 1) * TABLE, "rw") / TABLE) * TABLE,
    counts(action: () => void): Float64Array {
      const now = ++epoch;
      ledger.enter("track", now, -1, -1);
      action();
      return ledger.totals((row) => row.epoch === now);
    },
  };
}

/** Exits by what caused them: faults, INVLPG, writes to CR3 and reads of it. */
function exits(counts: Float64Array) {
  const crossings = counts[P.xen_cpu_vmexit];
  assert.equal(crossings, counts[P.xen_cpu_vmentry]);
  const faults = counts[P.xen_hvm_page_fault];
  const flushes = counts[P.xen_shadow_invlpg];
  const registers = counts[P.xen_hvm_cr_access];
  assert.equal(crossings, faults + flushes + registers);
  return { faults, flushes, registers };
}

test("a first touch exits for the guest's fault, for its write to a table in sync, and for the shadow's fault", () => {
  const { process, map, counts } = hosted();
  const first = map(2);
  process.store(first);
  const inSync = counts(() => process.store(first + 100));
  assert.deepEqual(exits(inSync), { faults: 3, flushes: 0, registers: 0 });
  assert.equal(inSync[P.xen_hvm_inject], 1, "the first fault is the guest's");
  assert.equal(inSync[P.xen_shadow_unsync], 1, "the second lets the table go out of sync");
  assert.equal(inSync[P.xen_shadow_fault], 2, "the second and the third are Xen's");
  assert.equal(inSync[P.linux_exception], 1, "and the guest's kernel sees one");

  const outOfSync = counts(() => process.store(first + 200));
  assert.deepEqual(exits(outOfSync), { faults: 2, flushes: 0, registers: 0 });
  assert.equal(outOfSync[P.xen_shadow_unsync], 0);
  assert.deepEqual(exits(counts(() => process.store(first + 200))), { faults: 0, flushes: 0, registers: 0 });
});

test("the first touch below a new page-table page has its L2 entry emulated, and the new table is written freely", () => {
  const { process, map, counts } = hosted();
  const first = map(3);
  process.store(first);
  const touch = counts(() => process.store(first + TABLE));
  assert.deepEqual(exits(touch), { faults: 3, flushes: 0, registers: 0 });
  assert.equal(touch[P.xen_shadow_emulate], 1);
  assert.equal(touch[P.xen_shadow_unsync], 0);
  assert.equal(touch[P.xen_shadow_create], 1);
});

test("a read of an untouched page shadows the page of zeros read-only", () => {
  const { process, map, counts } = hosted();
  const first = map(1);
  process.store(first);
  assert.deepEqual(exits(counts(() => process.load(first + 9))), { faults: 3, flushes: 0, registers: 0 });
  const write = counts(() => process.store(first + 9));
  // The guest's fault, INVLPG of the old entry, and the shadow's fault.
  assert.deepEqual(exits(write), { faults: 2, flushes: 1, registers: 0 });
  assert.equal(write[P.linux_fault_cow], 1);
});

test("mprotect of few pages: one unsync, an INVLPG for each page, and each page's shadow is gone", () => {
  const { process, map, counts } = hosted();
  const first = map(1);
  for (let page = first; page < first + TABLE; page++) process.store(page);
  // Whole flush: the table is in sync afterwards.
  process.mprotect(first, TABLE, "r");
  process.mprotect(first, TABLE, "rw");
  const few = counts(() => process.mprotect(first, 8, "r"));
  assert.deepEqual(exits(few), { faults: 1, flushes: 8, registers: 0 });
  assert.equal(few[P.xen_shadow_unsync], 1);
  assert.equal(few[P.xen_shadow_resync], 0, "INVLPG does not sync");
  assert.equal(few[P.xen_cpu_invlpg], 8);
  const again = counts(() => process.mprotect(first, 8, "rw"));
  assert.deepEqual(exits(again), { faults: 0, flushes: 8, registers: 0 });
  // One fault brings the shadows of all eight back.
  const stores = counts(() => {
    for (let page = first; page < first + 8; page++) process.store(page);
  });
  assert.deepEqual(exits(stores), { faults: 1, flushes: 0, registers: 0 });
  assert.equal(stores[P.xen_shadow_propagate], 8);
});

test("mprotect of a whole table: one unsync, a whole flush with one resync, and no fault afterwards", () => {
  const { process, map, counts } = hosted();
  const first = map(1);
  for (let page = first; page < first + TABLE; page++) process.store(page);
  process.mprotect(first, TABLE, "r");
  const open = counts(() => process.mprotect(first, TABLE, "rw"));
  assert.deepEqual(exits(open), { faults: 1, flushes: 0, registers: 2 });
  assert.equal(open[P.xen_shadow_unsync], 1);
  assert.equal(open[P.xen_shadow_resync], 1);
  assert.equal(open[P.xen_shadow_compare], TABLE);
  // 512 entries and the direct map's.
  assert.equal(open[P.xen_shadow_propagate], TABLE + 1);
  assert.deepEqual(exits(counts(() => process.store(first + 5))), { faults: 0, flushes: 0, registers: 0 });
});

test("three tables may be out of sync; a fourth brings one back", () => {
  for (const [tables, evicted] of [
    [3, 0],
    [4, 1],
    [6, 3],
  ]) {
    const { process, map, counts } = hosted();
    const first = map(tables);
    const pages = tables * TABLE;
    for (let page = first; page < first + pages; page++) process.store(page);
    process.mprotect(first, pages, "r");
    const open = counts(() => process.mprotect(first, pages, "rw"));
    assert.deepEqual(exits(open), { faults: tables, flushes: 0, registers: 2 });
    assert.equal(open[P.xen_shadow_unsync], tables);
    assert.equal(open[P.xen_shadow_resync], tables, "each once: evicted, or at the flush");
    assert.equal(open[P.xen_shadow_cr3], 1);
    // A resync flushes, and so does the write to CR3.
    assert.equal(open[P.xen_flush_all], tables + 1);
    const one = counts(() => {
      for (let table = 0; table < tables; table++) process.mprotect(first + table * TABLE, 1, "r");
    });
    assert.equal(one[P.xen_shadow_resync], evicted);
  }
});

test("a protection fault is injected, its handler runs as on bare hardware, and Xen sees the flush and the retry", () => {
  const { process, map, counts } = hosted();
  const first = map(1);
  for (let page = first; page < first + TABLE; page++) process.store(page);
  process.sigaction("SIGSEGV", (page) => process.mprotect(page, 1, "rw"));
  process.mprotect(first, TABLE, "r");
  const fault = counts(() => process.store(first + 7));
  // Injected; mprotect's write unsyncs; its INVLPG; the retry.
  assert.deepEqual(exits(fault), { faults: 3, flushes: 1, registers: 0 });
  assert.equal(fault[P.xen_hvm_inject], 1);
  assert.equal(fault[P.linux_signal_deliver], 1);
  assert.equal(fault[P.xen_hypercall], 0);
});

test("system calls do not exit, unless the kernel isolates its page tables", () => {
  const { process, counts } = hosted();
  assert.deepEqual(exits(counts(() => process.nullSystemCall())), { faults: 0, flushes: 0, registers: 0 });
  const ledger = new Ledger(PRIMITIVE_COUNT);
  const isolating = createGuest({ environment: "xen-shadow", kernel: "6.1", build: "6.1-pti" }, ledger);
  isolating.process.nullSystemCall();
  assert.deepEqual(exits(ledger.totals()), { faults: 0, flushes: 0, registers: 4 });
});

test("a guest with HVM's instructions makes no PV hypercall and never bounces", () => {
  const { process, map, counts } = hosted("5.10");
  const first = map(1);
  const all = counts(() => {
    for (let page = first; page < first + 64; page++) process.store(page);
    process.clearRefs();
    process.mprotect(first, 64, "r");
    process.munmap(first, 64);
  });
  for (const none of [P.xen_hypercall, P.xen_mmu_update, P.xen_ptwr, P.xen_bounce_frame, P.cpu_exception]) {
    assert.equal(all[none], 0);
  }
});

test("under PTI, where every fault has Xen sync what it left out, alike stores gone through once are charged the same", () => {
  const ledgers = [false, true].map((learns) => {
    const ledger = new Ledger(PRIMITIVE_COUNT);
    const { process, kernel } = createGuest({ environment: "xen-shadow", kernel: "6.1", build: "6.1-pti" }, ledger);
    const courses = new Courses(kernel.table.states, ledger, process);
    const first = process.mmap(4 * TABLE, "rw");
    ledger.enter("track", 1, -1, -1);
    for (let page = 0; page < 3 * TABLE; page++) {
      const shuffled = first + ((page * 5) % (3 * TABLE));
      if (learns) courses.store(shuffled);
      else process.store(shuffled);
    }
    return ledger;
  });
  assert.equal(
    Ledger.difference(ledgers[0], ledgers[1], (p) => String(p)),
    undefined,
  );
});
