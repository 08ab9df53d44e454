// What hv-emulate and hv-hybrid save, and what opens a page, against a program whose writes are known.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Environment, MOST_HYBRID_WRITES } from "../../../src/checkpoint/technique.ts";
import type { TechniqueId } from "../../../src/checkpoint/techniques.ts";
import { P } from "../../../src/machine/primitives.ts";
import { instrument } from "../../../src/program/instrument/instrument.ts";
import type { Program } from "../../../src/program/program.ts";
import { DEFAULT_MACHINE, type MachineOptions } from "../../../src/run/machine.ts";
import { TRAPS } from "../../../src/run/outcome-counts.ts";
import { replay } from "../../../src/run/replay.ts";
import { assemble } from "../instrument/harness.ts";
import { assertReplays, runInGuest } from "./live-run.ts";

const REGION = 16;
/** Pages 1 to 16 are protected; page 1 + i gets 2 * i writes of four bytes between the checkpoints; one more straddles two. */
const wasm = assemble(`(module
  (import "veloc" "init_single" (func $init (param i32 i32) (result i32)))
  (import "veloc" "mem_protect" (func $protect (param i32 i32 i32 i32) (result i32)))
  (import "veloc" "checkpoint" (func $checkpoint (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 16) "ck\\00")
  (func $write (local $page i32) (local $left i32)
    (loop $pages
      (local.set $left (i32.mul (local.get $page) (i32.const 2)))
      (block $none
        (br_if $none (i32.eqz (local.get $left)))
        (loop $writes
          (i32.store (i32.add (i32.mul (i32.add (local.get $page) (i32.const 1)) (i32.const 4096))
            (i32.mul (local.get $left) (i32.const 100))) (i32.const -1))
          (br_if $writes (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
      (br_if $pages (i32.lt_u (local.tee $page (i32.add (local.get $page) (i32.const 1))) (i32.const ${REGION})))))
  (func (export "_start") (local $i i32)
    (loop $touch
      (i32.store (local.get $i) (i32.load (local.get $i)))
      (br_if $touch (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4096))) (i32.const 131072))))
    (drop (call $init (i32.const 0) (i32.const 0)))
    (drop (call $protect (i32.const 0) (i32.const 4096) (i32.const ${REGION * 4096}) (i32.const 1)))
    (drop (call $checkpoint (i32.const 16) (i32.const 1)))
    (call $write)
    (drop (call $checkpoint (i32.const 16) (i32.const 2)))
    (drop (call $checkpoint (i32.const 16) (i32.const 3)))
    (i64.store (i32.const 8189) (i64.const -1))
    (memory.fill (i32.const 12300) (i32.const 7) (i32.const 5000))
    (drop (call $checkpoint (i32.const 16) (i32.const 4)))))`);
const lines = { kind: "none", lookup: () => undefined } as const;
const program: Program = { path: "known", language: "wat", wasm, lines, sources: new Map(), diagnostics: [] };
const everyStore = instrument(wasm, { mode: "record", maxMemoryPages: 16, coalesce: false });
const HOSTED = ["xen-pv", "xen-shadow", "xen-hap"] as const;

function run(technique: TechniqueId, environment: Environment, hybridWrites = 4) {
  const options: MachineOptions = { ...DEFAULT_MACHINE, technique, environment, hybridWrites };
  const { run: live } = runInGuest(program, everyStore, { name: "known", wasm }, [], options);
  assertReplays(live, live.recording, `${technique} in ${environment}, ${hybridWrites} writes`);
  return live;
}

/** Of the only region; a checkpoint that saved nothing of it does not name it. */
const savedOf = (live: ReturnType<typeof run>) =>
  live.checkpoints.map(({ saved: [one] }) => (one ? [one.pageCount, one.copiedBytes, one.dirtyBytes] : [0, 0, 0]));

for (const environment of HOSTED) {
  test(`hv-emulate in ${environment} saves the bytes that were written, and traps at each write`, () => {
    const live = run("hv-emulate", environment);
    const writes = REGION * (REGION - 1);
    const first = REGION * 4096;
    assert.deepEqual(
      savedOf(live).map(([pages, copied]) => [pages, copied]),
      [
        [REGION, first],
        [REGION - 1, 4 * writes],
        [0, 0],
        // Three bytes at the end of page 1, five at the beginning of page 2, 5000 in pages 3 and 4.
        [4, 5008],
      ],
    );
    assert.equal(savedOf(live)[1][2], 4 * writes, "exact, and not whole lines");
    const counts = live.machine.ledger.totals(({ phase }) => phase === "track");
    assert.equal(counts[P.xen_service_emulate], writes + 2 + 2);
    assert.equal(counts[P.xen_memcpy_byte], 4 * writes + 5008);
    assert.equal(counts[P.xen_service_fault], 0);
    const arming = live.machine.ledger.totals(({ phase, epoch }) => phase === "arm" && epoch > 0);
    assert.ok(
      arming.every((count) => count === 0),
      "nothing to arm again",
    );
    const [whole, delta, empty, last] = live.images.all.map(({ regions: [region] }) => region);
    assert.ok(whole.whole && !delta.whole);
    assert.deepEqual([delta.bytes.length, delta.offsets.length], [4 * writes, writes]);
    assert.deepEqual([empty.bytes.length, empty.offsets.length], [0, 0]);
    assert.deepEqual(
      [[...last.offsets], [...last.lengths]],
      [
        [4093, 8204],
        [8, 5000],
      ],
      "runs that touch are one",
    );
  });

  test(`hv-hybrid in ${environment}: pages with up to N writes are saved in part, others opened and whole`, () => {
    for (const limit of [0, 1, 4, 9, MOST_HYBRID_WRITES]) {
      const live = run("hv-hybrid", environment, limit);
      const [, [pages, copied]] = savedOf(live);
      let bytes = 0;
      let emulated = 0;
      let opened = 0;
      for (let writes = 2; writes <= 2 * (REGION - 1); writes += 2) {
        bytes += writes <= limit ? 4 * writes : 4096;
        emulated += Math.min(writes, limit);
        if (writes > limit) opened++;
      }
      assert.deepEqual([pages, copied], [REGION - 1, bytes], `N = ${limit}`);
      const counts = live.machine.ledger.totals(({ phase, epoch }) => phase === "track" && epoch === 1);
      const traps = TRAPS.reduce((sum, primitive) => sum + counts[primitive], 0);
      assert.deepEqual([counts[P.xen_service_emulate], traps], [emulated, emulated + opened], `N = ${limit}`);
    }
  });

  test(`hv-hybrid in ${environment} with N = 0 saves what hv-protect saves`, () => {
    const none = run("hv-hybrid", environment, 0);
    const protecting = run("hv-protect", environment);
    assert.deepEqual(none.checkpoints, protecting.checkpoints);
    assert.deepEqual(none.images.all, protecting.images.all);
    assert.ok(savedOf(run("hv-emulate", environment))[1][1] < savedOf(protecting)[1][1]);
  });
}

test("one recording of every write serves each number of writes, and one without is refused", () => {
  const { recording } = run("hv-emulate", "xen-pv");
  for (let limit = 0; limit <= MOST_HYBRID_WRITES; limit++) {
    assertReplays(run("hv-hybrid", "xen-pv", limit), recording, `${limit} writes`);
  }
  const { writes: _, ...without } = recording;
  assert.throws(
    () => replay(without, { ...DEFAULT_MACHINE, technique: "hv-hybrid" }),
    /hv-hybrid needs every single write.*choose hv-protect/,
  );
  assert.doesNotThrow(() => replay(without, { ...DEFAULT_MACHINE, technique: "hv-protect" }));
});
