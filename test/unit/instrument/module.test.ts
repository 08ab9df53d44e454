import assert from "node:assert/strict";
import { test } from "node:test";
import { instrument } from "../../../src/program/instrument/instrument.ts";
import { BadInputError } from "../../../src/program/program.ts";
import { compileKernels } from "./compile-kernels.ts";
import { assemble, describeVariant, outcome, plain, run, variants, wabtComplaint } from "./harness.ts";
import { createRandom, randomModule } from "./random-module.ts";

const check = { mode: "check", maxMemoryPages: 16 } as const;

test("memory.grow and memory.size see the program's memory only, within its own limit and ours", () => {
  const wasm = assemble(`(module (memory (export "memory") 1 8)
    (func (export "size") (result i32) (memory.size))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "store") (param i32) (i32.store (local.get 0) (i32.const 9))))`);
  for (const options of variants) {
    const { exports, mmu, grown, traps } = run(wasm, { ...options, maxMemoryPages: 4 });
    assert.equal(exports.size(), 1);
    assert.match(
      outcome(() => exports.load(65533)),
      /^trap: memory access out of bounds/,
    );
    assert.match(
      outcome(() => exports.store(65536)),
      /^trap: memory access out of bounds/,
    );
    assert.equal(exports.grow(0), 1);
    assert.equal(exports.grow(2), 1);
    assert.equal(exports.grow(2), -1);
    assert.equal(exports.grow(-1), -1);
    assert.deepEqual(grown, [[16, 48]]);
    assert.equal(mmu.pageCount, 48);
    mmu.protect(47, 1, 1);
    exports.store(3 * 65536 - 4);
    assert.equal(exports.load(3 * 65536 - 4), 9);
    assert.deepEqual(
      traps.map(({ page }) => page),
      [47],
    );
    assert.match(
      outcome(() => exports.load(3 * 65536 - 3)),
      /^trap: memory access out of bounds/,
    );
  }
});

test("programs without loops or without calls reach ticks, and a tick that throws ends them", () => {
  const wasm = assemble(`(module (memory 1)
    (func $down (export "recurse") (param i32) (result i32)
      (i32.add (i32.const 1) (call $down (local.get 0))))
    (func $tail (export "tail") (return_call $tail))
    (func (export "spin") (loop (br 0)))
    (func (export "spinStoring") (local i32) (loop (i32.store (i32.and (local.get 0) (i32.const 0xfff)) (i32.const 1))
       (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br_if 0 (i32.const 1)))))`);
  for (const options of variants) {
    for (const name of ["recurse", "tail", "spin", "spinStoring"]) {
      const running = run(wasm, options);
      const at: number[] = [];
      running.onTick = () => {
        at.push(running.mmu.cycles());
        if (at.length === 3) throw new RangeError("enough");
        running.mmu.setDeadline(running.mmu.cycles() + 1000);
      };
      running.mmu.setDeadline(500);
      assert.equal(
        outcome(() => running.exports[name](1)),
        "trap: enough",
        `${describeVariant(options)} ${name}`,
      );
      for (const [i, deadline] of [500, at[0] + 1000, at[1] + 1000].entries())
        assert.ok(at[i] >= deadline && at[i] < deadline + 20, `${name}: tick ${i} at ${at[i]}, not ${deadline}`);
    }
  }
});

test("cycles charged by the host count towards the deadline", () => {
  const wasm = assemble(
    '(module (memory 1) (func (export "f") (local i32) (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 10))))))',
  );
  const running = run(wasm, check);
  running.mmu.setDeadline(1000);
  running.exports.f();
  const own = running.mmu.cycles();
  assert.equal(own, 30); // ten times an addition, a comparison and a branch
  running.mmu.charge(2000);
  assert.equal(running.mmu.cycles(), own + 2000);
  running.exports.f();
  assert.equal(running.ticks, 1);
  assert.equal(running.mmu.cycles(), 2 * own + 2000);
});

test("the start function runs when the tables are ready; an imported memory is the module's own", () => {
  const wasm = assemble(`(module (import "env" "memory" (memory 1 4)) (import "env" "f" (func $f))
    (global (export "g") (mut i64) (i64.const 5)) (global $v (mut v128) (v128.const i32x4 0 0 0 0)) (global i32 (i32.const 1))
    (func $start (i32.store (i32.const 4094) (i32.const -1)) (call $f) (global.set 0 (i64.const 6))) (start $start))`);
  let calls = 0;
  for (const options of variants) {
    const running = run(wasm, options, { env: { f: () => void calls++ } });
    assert.deepEqual([...running.mmu.memory.subarray(4094, 4098)], [255, 255, 255, 255]);
    assert.deepEqual(running.module.importedMemory, { module: "env", name: "memory" });
    assert.deepEqual(
      running.module.mutableGlobals.map(({ index, type }) => [index, type]),
      [
        [0, "i64"],
        [1, "v128"],
      ],
    );
    const [global] = running.module.mutableGlobals;
    assert.equal((running.exports[global.exportName] as unknown as { value: unknown }).value, 6n);
  }
  assert.equal(calls, variants.length);
});

test("exceptions, tail calls, references, tables and multiple values behave as in the plain module", () => {
  const wasm =
    assemble(`(module (memory (export "memory") 1) (tag $t (param i32)) (type $u (func (param i32) (result i32)))
    (table $a 4 funcref) (table $b 2 externref) (elem (table $a) (i32.const 0) func $even $odd) (elem declare func $even)
    (global $ref funcref (ref.func $odd))
    (func $thrower (param i32) (loop (if (i32.eq (local.get 0) (i32.const 3)) (then (throw $t (local.get 0))))
      (i32.store (i32.shl (local.get 0) (i32.const 2)) (local.get 0))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "catch") (param i32) (result i32)
      (try (result i32) (do (call $thrower (local.get 0)) (i32.const 77)) (catch $t (i32.store (i32.const 400) (i32.const 1))) (catch_all (i32.const -1))))
    (func (export "rethrow") (param i32) (result i32)
      (try (result i32) (do (try (result i32) (do (call $thrower (local.get 0)) (i32.const 5)) (catch_all (rethrow 0)))) (catch $t (i32.add (i32.const 100)))))
    (func $even (param i32) (result i32) (if (i32.eqz (local.get 0)) (then (return (i32.const 1)))) (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
    (func $odd (param i32) (result i32) (if (i32.eqz (local.get 0)) (then (return (i32.const 0)))) (return_call_indirect $a (type $u) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))
    (func (export "even") (param i32) (result i32) (call $even (local.get 0)))
    (func (export "tables") (param i32) (result i32) (table.set $a (i32.const 2) (ref.func $even)) (table.copy $a $a (i32.const 3) (i32.const 2) (i32.const 1))
       (drop (table.grow $b (ref.null extern) (i32.const 2))) (i32.add (table.size $b) (call_indirect $a (type $u) (local.get 0) (i32.const 3))))
    (func (export "many") (param i32) (result i32 i64 f64)
      (block (result i32 i64) (i32.store (i32.const 4) (local.get 0)) (local.get 0) (i64.const 3) (br_if 0 (local.get 0)) (drop) (i64.const 4))
      (loop (param i32 i64) (result i32 i64) (i32.store8 (i32.const 9) (local.get 0)) (br_if 0 (i32.and (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 7))))
      (f64.const 1.5))
    (func (export "saturate") (param i32) (result i32) (i32.add (i32.extend8_s (local.get 0)) (i32.trunc_sat_f64_u (f64.const -5)))))`);
  const calls = ["catch", "rethrow", "even", "tables", "many", "saturate"];
  const cycles = new Set<string>();
  const reference = plain(wasm);
  const expected = calls.flatMap((name) =>
    [0, 2, 9, 200].map((value) =>
      outcome(() => reference[name](name === "catch" || name === "rethrow" ? value + 1 : value)),
    ),
  );
  for (const options of variants) {
    const { exports, mmu } = run(wasm, options);
    const seen: string[] = [];
    const spent: number[] = [];
    for (const name of calls)
      for (const value of [0, 2, 9, 200]) {
        seen.push(outcome(() => exports[name](name === "catch" || name === "rethrow" ? value + 1 : value)));
        spent.push(mmu.cycles());
      }
    assert.deepEqual(seen, expected, describeVariant(options));
    cycles.add(spent.join());
  }
  assert.equal(cycles.size, 1);
});

test("stack traces lead back to the original offsets, with names", () => {
  const wasm = assemble(`(module (memory (export "memory") 1)
    (func $inner (param i32) (i32.store (i32.const 8) (local.get 0)) (i64.store (i32.const 16) (i64.const 1))
      (drop (i32.div_u (i32.const 1) (i32.load (local.get 0)))))
    (func $outer (export "outer") (param i32) (local i32)
      (loop (i32.store (local.get 1) (i32.const 1)) (call $inner (local.get 0)) (br_if 0 (local.tee 1 (i32.const 0)))))
    (func (export "bulk") (param i32) (memory.fill (local.get 0) (i32.const 0) (i32.const 10)))
    (func (export "stop") (i32.store (i32.const 8) (i32.const 1)) unreachable))`);
  const frames = (call: () => unknown): { name: string; offset: number }[] => {
    try {
      call();
    } catch (error) {
      const stack = String(error instanceof Error ? error.stack : "");
      return [...stack.matchAll(/at (\S*) ?\(?wasm:\/\/\S*?:wasm-function\[\d+\]:0x([0-9a-f]+)/g)].map(
        ([, name, at]) => ({
          name,
          offset: Number.parseInt(at, 16),
        }),
      );
    }
    throw new Error("did not trap");
  };
  const reference = plain(wasm);
  for (const options of variants) {
    const { exports, module } = run(wasm, options);
    for (const [name, value] of [
      ["outer", 4],
      ["outer", 70000],
      ["bulk", 65530],
      ["stop", 0],
    ] as const) {
      const expected = frames(() => reference[name](value));
      const seen = frames(() => exports[name](value))
        .map((frame) => ({ ...frame, offset: module.originalOffset(frame.offset) }))
        .filter(({ offset }) => offset !== undefined);
      assert.ok(expected.length > 0);
      assert.deepEqual(seen, expected, `${describeVariant(options)}: ${name}`);
    }
    assert.deepEqual(
      module.functions.slice(0, 2).map(({ name }) => name),
      ["inner", "outer"],
    );
    assert.equal(module.originalOffset(0), undefined);
  }
});

test("sites, blocks and weights name instructions of the original file", async () => {
  const kernels: Map<string, Uint8Array> = await compileKernels(["-O2"], ["key-value"]);
  for (const wasm of kernels.values()) {
    const module = instrument(wasm, { mode: "record", maxMemoryPages: 256, countedBlocks: "all" });
    for (const { offset, functionIndex, kind } of module.sites) {
      const op = wasm[offset];
      assert.ok(kind === "store" ? op >= 0x36 && op <= 0x3e : op === 0xfc, `opcode 0x${op.toString(16)} at ${offset}`);
      const { offset: start, endOffset } = module.functions[functionIndex];
      assert.ok(offset >= start && offset < endOffset);
    }
    let counted = 0;
    for (const { offset, endOffset, cycles, firstSite, siteCount } of module.blocks) {
      for (const site of module.sites.slice(firstSite, firstSite + siteCount))
        assert.ok(site.offset >= offset && site.offset < endOffset);
      counted += siteCount;
      let sum = 0;
      for (const [i, at] of module.weights.offsets.entries())
        if (at >= offset && at < endOffset) sum += module.weights.cycles[i];
      assert.equal(sum, cycles);
    }
    assert.equal(counted, module.sites.length);
  }
});

test("what is not supported is refused by name and place", () => {
  const refused: [string, RegExp][] = [
    ["(module (memory 1 2 shared))", /shared memory \(threads\) at byte \d+/],
    ["(module (memory i64 1))", /memory64\) at byte \d+/],
    ["(module (memory 1) (memory 1))", /more than one memory at byte \d+/],
    [
      "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))",
      /atomic instructions \(threads\) at byte \d+/,
    ],
    ["(module (memory 20))", /needs 20 pages of memory .* limit of 16/],
  ];
  for (const [wat, message] of refused)
    assert.throws(
      () => instrument(assemble(wat), check),
      (error) => error instanceof BadInputError && message.test(error.message),
      wat,
    );
  const struct = Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 0x5f, 0, 0]);
  assert.throws(() => instrument(struct, check), /garbage-collected types \(GC\) at byte 11/);
  assert.throws(() => instrument(new Uint8Array(0), check), /does not begin with/);
  assert.throws(() => instrument(assemble("(module)"), { ...check, maxMemoryPages: 0 }), BadInputError);
});

test("damaged modules are refused with a sentence, never with anything else", () => {
  const random = createRandom(7);
  const wasm = assemble(randomModule(3));
  for (let length = 0; length < wasm.length; length++) expectVerdict(wasm.slice(0, length));
  for (let round = 0; round < 3000; round++) {
    const damaged = wasm.slice();
    for (let hits = 1 + random.below(4); hits > 0; hits--) damaged[random.below(damaged.length)] = random.below(256);
    expectVerdict(damaged);
  }
  function expectVerdict(bytes: Uint8Array): void {
    try {
      const { bytes: result } = instrument(bytes, check);
      assert.ok(WebAssembly.validate(result), "accepted, but the result is not valid");
    } catch (error) {
      if (!(error instanceof BadInputError)) throw error;
    }
  }
});

test("tables in a second memory: the same module but for where the tables are", async () => {
  const kernels: Map<string, Uint8Array> = await compileKernels();
  const modules = [...kernels.values(), ...Array.from({ length: 20 }, (_, seed) => assemble(randomModule(seed)))];
  for (const wasm of modules) {
    for (const options of variants) {
      const same = instrument(wasm, { ...options, placement: "same-memory" });
      const second = instrument(wasm, { ...options, placement: "second-memory" });
      assert.ok(WebAssembly.validate(same.bytes));
      assert.equal(second.layout.guestBase, 0);
      assert.notEqual(second.tableExportName, second.memoryExportName);
      assert.deepEqual(second.sites, same.sites);
      assert.deepEqual(second.blocks, same.blocks);
    }
  }
  for (const wasm of modules.slice(-2))
    for (const { mode } of variants.filter(({ coalesce, countedBlocks }) => coalesce !== false && !countedBlocks))
      assert.equal(
        wabtComplaint(instrument(wasm, { mode, maxMemoryPages: 256, placement: "second-memory" }).bytes),
        undefined,
      );
});
