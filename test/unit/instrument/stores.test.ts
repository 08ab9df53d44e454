import assert from "node:assert/strict";
import { test } from "node:test";
import { assemble, describeVariant, memoryOf, outcome, plain, run, variants } from "./harness.ts";

/** Each kind of instruction that writes memory, at the address in local 0. */
const writes: readonly { name: string; size: number; body: string; bulk?: boolean }[] = [
  ...(
    [
      ["i32.store", 4, "(i32.const 0x01020304)"],
      ["i64.store", 8, "(i64.const -2)"],
      ["f32.store", 4, "(f32.const 1.5)"],
      ["f64.store", 8, "(f64.const 2.5)"],
      ["i32.store8", 1, "(i32.const 7)"],
      ["i32.store16", 2, "(i32.const 777)"],
      ["i64.store8", 1, "(i64.const 9)"],
      ["i64.store16", 2, "(i64.const 99)"],
      ["i64.store32", 4, "(i64.const 999)"],
      ["v128.store", 16, "(v128.const i32x4 1 2 3 4)"],
    ] as const
  ).flatMap(([op, size, value]) => [
    { name: op, size, body: `(${op} (local.get 0) ${value})` },
    { name: `${op} align=1`, size, body: `(${op} align=1 (local.get 0) ${value})` },
    { name: `${op} offset`, size, body: `(${op} offset=4096 (i32.sub (local.get 0) (i32.const 4096)) ${value})` },
  ]),
  ...[8, 16, 32, 64].map((bits) => ({
    name: `v128.store${bits}_lane`,
    size: bits / 8,
    body: `(v128.store${bits}_lane 1 (local.get 0) (v128.const i32x4 1 2 3 4))`,
  })),
  ...[0, 1, 100, 9000].map((size) => ({
    name: `memory.fill ${size}`,
    size,
    bulk: true,
    body: `(memory.fill (local.get 0) (i32.const 5) (i32.const ${size}))`,
  })),
  {
    name: "memory.copy",
    size: 5000,
    bulk: true,
    body: "(memory.copy (local.get 0) (i32.const 60000) (i32.const 5000))",
  },
  { name: "memory.init", size: 10, bulk: true, body: "(memory.init 0 (local.get 0) (i32.const 2) (i32.const 10))" },
];
const BYTES = 8 * 65536;
const wasm = assemble(`(module (memory (export "memory") 8 16) (data "0123456789abcdef")
  ${writes.map(({ body }, i) => `(func (export "w${i}") (param i32) ${body})`).join("\n")})`);

test("every instruction that writes, at every kind of address: pages, counts, lines and out-of-bounds traps", () => {
  for (const options of variants) {
    const running = run(wasm, options);
    const { exports, mmu, traps } = running;
    const reference = plain(wasm);
    for (const [i, { name, size, bulk }] of writes.entries()) {
      const bases = [8192, 8193, 8252, 8255, 12288 - size, 12288 - size + 1, 12287, 12284, 12288, 20478];
      for (const base of [...bases, BYTES - size, BYTES - size + 1, BYTES - 1, BYTES, 0x7fffffff, -16, -1]) {
        if (size === 9000 && base < 0x4000 && base - size < -5000) continue;
        const what = `${describeVariant(options)}: ${name} at ${base}`;
        const first = base >>> 0;
        const fits = first + size <= BYTES;
        mmu.protect(0, mmu.pageCount, 1);
        mmu.clearEpoch();
        traps.length = 0;
        const expected = outcome(() => reference[`w${i}`](base));
        assert.equal(
          outcome(() => exports[`w${i}`](base)),
          expected,
          what,
        );
        assert.equal(expected === "undefined", fits, what);
        const pages: number[] = [];
        if (fits && size > 0) for (let page = first >>> 12; page <= (first + size - 1) >>> 12; page++) pages.push(page);
        assert.deepEqual(
          traps.map(({ page }) => page),
          pages,
          `${what}: pages that trap`,
        );
        if (!bulk)
          for (const trap of traps) assert.deepEqual([trap.address, trap.size], [first, size], `${what}: trap`);
        else
          assert.equal(
            traps.reduce((sum, trap) => sum + trap.size, 0),
            fits ? size : 0,
            `${what}: bytes told`,
          );
        if (options.mode !== "record" || !fits) continue;
        for (let page = (first >>> 12) - 1; page <= ((first + size) >>> 12) + 1; page++) {
          if (page < 0 || page >= mmu.pageCount) continue;
          assert.equal(mmu.pageCounts[page], pages.includes(page) ? 1 : 0, `${what}: count of page ${page}`);
          let mask = 0n;
          for (let line = 0; line < 64; line++) {
            const at = page * 4096 + line * 64;
            if (size > 0 && at < first + size && at + 64 > first) mask |= 1n << BigInt(line);
          }
          assert.equal(mmu.dirtyMask(page), mask, `${what}: mask of page ${page}`);
          const words = new Uint32Array(2);
          mmu.copyDirtyMasks([page], words);
          assert.equal((BigInt(words[1]) << 32n) | BigInt(words[0]), mask);
        }
      }
    }
    assert.ok(Buffer.from(mmu.memory).equals(memoryOf(reference)), `${describeVariant(options)}: memory`);
  }
});

test("exact mode tells every single store while the page stays protected", () => {
  const bytes = assemble(`(module (memory 1) (func (export "f") (local i32)
    (loop (i32.store (i32.const 8) (i32.const 1)) (i32.store offset=4 (i32.const 8) (i32.const 2))
      (i64.store (i32.const 4092) (i64.const 3))
      (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 3))))))`);
  const running = run(bytes, { mode: "exact", maxMemoryPages: 4 });
  running.opens = false;
  running.mmu.protect(0, 16, 1);
  running.exports.f();
  const told = running.traps.map(({ page, address, size }) => [page, address, size]);
  const round = [
    [0, 8, 4],
    [0, 12, 4],
    [0, 4092, 8],
    [1, 4092, 8],
  ];
  assert.deepEqual(told, [...round, ...round, ...round]);
});

test("a page protected again after an epoch traps again, and its dirty lines stay dirty until they are cleared", () => {
  const bytes = assemble(`(module (memory 1) (func (export "f") (param i32) (i32.store (local.get 0) (i32.const 1))))`);
  const { exports, mmu, traps } = run(bytes, { mode: "record", maxMemoryPages: 4 });
  exports.f(64);
  assert.equal(traps.length, 0);
  mmu.protect(0, 1, 2);
  assert.equal(mmu.dirtyMask(0), 2n);
  exports.f(68);
  exports.f(0);
  assert.equal(traps.length, 1);
  assert.equal(mmu.dirtyMask(0), 3n);
  assert.equal(mmu.pageCounts[0], 3);
  mmu.protect(0, 1, 1);
  mmu.clearEpoch([0]);
  assert.equal(mmu.dirtyMask(0), 0n);
  exports.f(128);
  assert.equal(traps.length, 2);
  assert.equal(mmu.dirtyMask(0), 4n);
});

test("writes of imported functions are checked, counted and marked", () => {
  const bytes = assemble("(module (memory 1))");
  const { mmu, traps } = run(bytes, { mode: "record", maxMemoryPages: 4 });
  mmu.protect(0, 16, 1);
  mmu.hostWrite(4090, 10);
  assert.deepEqual(
    traps.map(({ page, address, size, site }) => [page, address, size, site]),
    [
      [0, 4090, 6, -1],
      [1, 4096, 4, -1],
    ],
  );
  assert.equal(mmu.dirtyMask(0), 1n << 63n);
  assert.equal(mmu.dirtyMask(1), 1n);
  assert.deepEqual([...mmu.pageCounts.subarray(0, 3)], [1, 1, 0]);
  mmu.hostWrite(65536, 0);
  assert.throws(() => mmu.hostWrite(65530, 7), RangeError);
  assert.throws(() => mmu.hostWrite(-1, 2), RangeError);
});
