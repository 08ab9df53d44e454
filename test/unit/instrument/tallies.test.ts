import assert from "node:assert/strict";
import { test } from "node:test";
import { setBits } from "../../../src/machine/bits.ts";
import { TALLIED, TALLY_CELLS, tallyCell } from "../../../src/program/instrument/tallies.ts";
import { assemble, outcome, type Running, run, type Trap } from "./harness.ts";
import { createRandom, randomModule } from "./random-module.ts";

const firstSeed = Number(process.env.SEED ?? 1);
const seedCount = Number(process.env.SEEDS ?? 60);
const limits = { mode: "record", coalesce: false, maxMemoryPages: 8 } as const;

interface Observed {
  readonly result: string;
  readonly memory: Uint8Array;
  /** Stores by page and site, bytes and lines written, at each look and at the end. */
  readonly epochs: readonly string[];
  readonly told: number;
}

/** @param tallies whether stores are counted by the module, as often as it may for each */
function observe(wasm: Uint8Array, seed: number, tallies: boolean): Observed {
  const epochs: string[] = [];
  const random = createRandom(seed);
  const mosts = createRandom(seed + 1);
  let stores = new Map<string, number>();
  /** What cells are taken for: owners by their numbers. */
  let owners: string[] = [];
  const count = (key: string, times: number) => stores.set(key, (stores.get(key) ?? 0) + times);
  const bits = new Uint32Array((limits.maxMemoryPages * 65536) / 32);
  const take = (owner: number, times: number, bytes: number) => {
    count(owners[owner], times);
    assert.equal(bytes % times, 0);
    count(`bytes ${owners[owner].split(" ")[1]}`, bytes);
  };
  const end = () => {
    const { mmu } = running;
    if (tallies) mmu.tallies?.takeAll(take);
    const written = tallies ? mmu.tallies?.writtenBits : bits;
    assert.ok(written !== undefined);
    const masks = Array.from({ length: mmu.pageCount }, (_, page) => mmu.dirtyMask(page).toString(16));
    const pages = mmu.pageCounts.slice(0, mmu.pageCount);
    const words = [...written.subarray(0, bits.length)].map((word) => word.toString(16));
    epochs.push(JSON.stringify([[...stores].sort(), words.join(), masks, [...pages]]));
    written.fill(0, 0, bits.length);
    stores = new Map();
    owners = [];
    mmu.clearEpoch();
    // Some are told always, some not at all.
    for (let page = 0; page < mmu.pageCount; page++)
      mmu.protect(page, 1, [TALLIED, TALLIED, TALLIED | 1, 0][random.below(4)]);
  };
  const env = {
    look(value: number) {
      end();
      return (value * 31) | 0;
    },
    write: (address: number, size: number) => running.mmu.hostWrite(address, size),
    read() {},
  };
  const running: Running = run(wasm, limits, { env });
  running.opens = false;
  running.onTrap = ({ page, address, size, site }: Trap) => {
    const { mmu, module } = running;
    const isPlain = site >= 0 && module.sites[site].kind === "store";
    const start = Math.max(address, page * 4096);
    const stop = Math.min(address + size, (page + 1) * 4096);
    setBits(tallies && mmu.tallies !== undefined ? mmu.tallies.writtenBits : bits, start, stop);
    count(`${page} ${site}`, 1);
    count(`bytes ${site}`, stop - start);
    if (!tallies || !isPlain) return;
    mmu.tallies?.take(page, site, take);
    mmu.tallies?.begin(page, site, owners.push(`${page} ${site}`) - 1, [1, 3, 0xffff_ffff][mosts.below(3)]);
  };
  running.mmu.protect(0, running.mmu.pageCount, TALLIED);
  const result = outcome(() => running.exports.main(12345));
  end();
  return { result, memory: running.mmu.memory.slice(), epochs, told: running.traps.length };
}

test(`random modules from seed ${firstSeed} on: stores that the module counts are those that it would have told`, () => {
  let saved = 0;
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    try {
      const wasm = assemble(randomModule(seed));
      const told = observe(wasm, seed, false);
      const counted = observe(wasm, seed, true);
      assert.equal(counted.result, told.result);
      assert.deepEqual(counted.memory, told.memory);
      assert.deepEqual(counted.epochs, told.epochs);
      saved += told.told - counted.told;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  assert.ok(saved > 1000, `${saved} stores were counted`);
});

test("of two that share a cell one is told again, and none is lost", () => {
  const page = 1;
  const other = Array.from({ length: 40 * TALLY_CELLS }, (_, i) => i + 2).find(
    (i) => tallyCell(i, 0) === tallyCell(page, 0),
  );
  assert.ok(other !== undefined);
  const maxMemoryPages = Math.ceil((other + 1) / 16);
  const wasm = assemble(`(module (memory (export "memory") ${maxMemoryPages})
    (func (export "store") (param i32) (i64.store (local.get 0) (i64.const 1))))`);
  const running = run(wasm, { ...limits, maxMemoryPages });
  running.opens = false;
  const counts = new Map<number, number>();
  const count = (owner: number, stores: number, bytes: number) => {
    assert.equal(bytes, 8 * stores);
    counts.set(owner, (counts.get(owner) ?? 0) + stores);
  };
  running.onTrap = (trap) => {
    count(trap.page, 1, 8);
    running.mmu.tallies?.take(trap.page, trap.site, count);
    running.mmu.tallies?.begin(trap.page, trap.site, trap.page, 100);
  };
  running.mmu.protect(page, 1, TALLIED);
  running.mmu.protect(other, 1, TALLIED);
  for (const at of [page, page, page, other, other, page]) running.exports.store(at * 4096);
  assert.deepEqual(
    running.traps.map((trap) => trap.page),
    [page, other, page],
  );
  running.mmu.tallies?.takeAll(count);
  assert.deepEqual(
    [...counts],
    [
      [page, 4],
      [other, 2],
    ],
  );
  running.exports.store(page * 4096);
  assert.equal(running.traps.length, 4);
});
