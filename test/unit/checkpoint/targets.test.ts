// Where images go and who takes them there: every byte crosses once, and only what a way needs is charged.
import assert from "node:assert/strict";
import { test } from "node:test";

import type { Phase } from "../../../src/machine/context.ts";
import { P } from "../../../src/machine/primitives.ts";
import { createMachine, DEFAULT_MACHINE, type MachineOptions } from "../../../src/run/machine.ts";

const PAGES = 10;
const INDEX = 64 + 8 * PAGES;

/** One checkpoint of whole pages, and a second of nothing after so many cycles. @returns counts of the first, by phase */
function checkpoint(options: Partial<MachineOptions>, cyclesBetween = 0, collides: readonly number[] = []) {
  const machine = createMachine(
    { ...DEFAULT_MACHINE, ...options },
    { startPages: 32, residentPages: [{ first: 0, pageCount: 32 }] },
  );
  const { engine, ledger } = machine;
  engine.setCycle(0);
  const region = engine.protect({ id: 1, group: "", address: 8 * 4096, bytes: PAGES * 4096, label: "" }, 0);
  engine.save([region], 0);
  engine.commit(0);
  for (const page of collides) machine.store(page, 0, 0);
  engine.setCycle(cyclesBetween);
  engine.drain();
  return (phase: Phase, primitive: number) =>
    ledger.totals((row) => row.phase === phase && (row.epoch === 0 || row.phase === "track"))[primitive];
}

test("sync: a process stages what it sends, a hypervisor sends pages as they lie", () => {
  for (const [target, byte, done] of [
    ["replica", P.wire_byte, P.wire_round_trip],
    ["disk", P.disk_byte, P.disk_flush],
  ] as const) {
    const guest = checkpoint({ target, copy: "guest" });
    assert.equal(guest("copy", P.user_memcpy_byte), PAGES * 4096);
    assert.equal(guest("copy", byte), 0);
    assert.equal(guest("commit", byte), PAGES * 4096 + INDEX);
    const xen = checkpoint({ target, copy: "hypervisor" });
    assert.equal(xen("copy", P.xen_service_copy), PAGES);
    assert.equal(xen("copy", P.xen_memcpy_byte) + xen("copy", P.user_memcpy_byte), 0, "nothing is copied in memory");
    assert.equal(xen("copy", byte), PAGES * 4096);
    assert.equal(xen("commit", byte), INDEX);
    for (const counts of [guest, xen]) assert.equal(counts("commit", done), target === "disk" ? 2 : 1);
  }
  const memory = checkpoint({ target: "memory", copy: "hypervisor" });
  assert.equal(memory("copy", P.xen_memcpy_byte), PAGES * 4096);
  assert.equal(memory("commit", P.image_header), 1);
});

test("async: what has not crossed when the program has to wait is waited for, acknowledgement and all", () => {
  const rates = { commit: "async", backgroundBytesPerCycle: 1, transferBytesPerCycle: 0.5, target: "replica" } as const;
  const all = PAGES * 4096 + INDEX;
  for (const copy of ["guest", "hypervisor"] as const) {
    const crossedAt = (cycle: number) => {
      const counts = checkpoint({ ...rates, copy }, cycle);
      const waited = counts("commit", P.wire_byte);
      assert.equal(counts("background", P.wire_byte) + waited, all);
      assert.equal(counts("commit", P.wire_round_trip), waited > 0 ? 1 : 0);
      assert.equal(counts("background", P.wire_round_trip), waited > 0 ? 0 : 1);
      const staged = counts("background", P.user_memcpy_byte) + counts("commit", P.user_memcpy_byte);
      assert.equal(staged, copy === "guest" ? PAGES * 4096 : 0);
      const mapped = counts("background", P.xen_service_copy) + counts("commit", P.xen_service_copy);
      assert.equal(mapped, copy === "guest" ? 0 : PAGES);
      assert.equal(counts("copy", P.xen_service_request), copy === "guest" ? 0 : 1);
      return all - waited;
    };
    assert.equal(crossedAt(0), 0);
    assert.equal(crossedAt(8192), 4096);
    assert.equal(crossedAt(2 * all - 1), all - 1);
    assert.equal(crossedAt(2 * all), all);
  }
});

test("async: a page about to be written is copied by whoever learns of it", () => {
  const options = { commit: "async", target: "memory", backgroundBytesPerCycle: 1e-6 } as const;
  // Xen takes the fault, so Xen copies; the handler of a signal is the process's own.
  const trapped = checkpoint({ ...options, technique: "hv-protect" }, 0, [9, 9, 12]);
  assert.deepEqual([trapped("track", P.xen_service_copy), trapped("track", P.user_memcpy_call)], [2, 0]);
  const signalled = checkpoint({ ...options, technique: "mprotect" }, 0, [9, 9, 12]);
  assert.deepEqual([signalled("track", P.xen_service_copy), signalled("track", P.user_memcpy_call)], [0, 2]);
  for (const counts of [trapped, signalled]) assert.equal(counts("commit", P.user_memcpy_call), PAGES - 2);
});

test("async: a commit that is done when the program dies stands, and one that is not is lost", () => {
  for (const [cycle, kept] of [
    [PAGES * 4096 - 1, 0],
    [PAGES * 4096, 1],
  ] as const) {
    const options = { ...DEFAULT_MACHINE, commit: "async", backgroundBytesPerCycle: 1 } as const;
    const { engine, ledger } = createMachine(options, { startPages: 32, residentPages: [] });
    let landed = 0;
    engine.copyListener = { beforeWrite: () => {}, finish: () => landed++ };
    engine.setCycle(0);
    engine.save([engine.protect({ id: 1, group: "", address: 0, bytes: PAGES * 4096, label: "" }, 0)], 0);
    engine.commit(0);
    engine.end(cycle);
    assert.equal(landed, kept);
    const copied = ledger.totals(({ phase }) => phase === "background")[P.user_memcpy_call];
    assert.equal(copied, PAGES - 1 + kept, "what was done beside the program was done");
    assert.equal(ledger.totals(({ phase }) => phase === "commit")[P.user_memcpy_call], 0, "and nobody waited");
  }
});
