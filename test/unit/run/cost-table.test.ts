import assert from "node:assert/strict";
import { test } from "node:test";
import { PHASES } from "../../../src/machine/context.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { PRIMITIVE_COUNT, PRIMITIVES } from "../../../src/machine/primitives.ts";
import { buffersOf, costTableOf, groupCounts, ledgerOf } from "../../../src/run/cost-table.ts";
import { LOADER_EPOCH } from "../../../src/run/machine.ts";
import { Random } from "../session/random-recording.ts";

test("a table holds a ledger's counts in its contexts, without the loader's, and travels whole", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Random(seed);
    const ledger = new Ledger(PRIMITIVE_COUNT);
    const expected = new Ledger(PRIMITIVE_COUNT);
    for (let i = random.below(300); i > 0; i--) {
      const phase = PHASES[random.below(PHASES.length)];
      const context = [phase, random.below(4), random.below(5) - 1, random.below(4) - 1] as const;
      const isLoaders = random.chance(10);
      if (isLoaders) ledger.enter("run", LOADER_EPOCH, -1, -1);
      else {
        ledger.enter(...context);
        expected.enter(...context);
      }
      // Some contexts are entered and charged nothing.
      for (let k = random.below(4); k > 0; k--) {
        const [primitive, count] = [random.below(PRIMITIVE_COUNT), random.below(1000) / 8];
        ledger.charge(primitive, count);
        if (!isLoaders) expected.charge(primitive, count);
      }
    }
    const table = costTableOf(ledger);
    assert.equal(table.rowCount, table.start.length - 1);
    assert.equal(
      Ledger.difference(ledgerOf(table), expected, (p) => PRIMITIVES[p].name),
      undefined,
      `seed ${seed}`,
    );
    assert.deepEqual(
      [...table.epoch.keys()].map((row) => [
        PHASES[table.phase[row]],
        table.epoch[row],
        table.site[row],
        table.region[row],
      ]),
      [...ledger.rows()]
        .filter(({ epoch }) => epoch !== LOADER_EPOCH)
        .map((row) => [row.phase, row.epoch, row.site, row.region]),
    );
    assert.deepEqual(structuredClone(table, { transfer: [] }), table);
    const copy = structuredClone(table);
    assert.deepEqual(structuredClone(copy, { transfer: buffersOf(copy) }), table);
    assert.ok(buffersOf(copy).every(({ byteLength }) => byteLength === 0));
  }
});

test("groups hold the sums of their rows, in the order of their first, primitives ascending", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Random(seed);
    const ledger = new Ledger(PRIMITIVE_COUNT);
    const hasMany = seed % 5 === 0;
    for (let i = hasMany ? 5000 : random.below(200); i > 0; i--) {
      ledger.enter(
        PHASES[random.below(PHASES.length)],
        random.below(4),
        random.below(hasMany ? 20 : 5) - 1,
        random.below(3),
      );
      for (let k = random.below(4); k > 0; k--) ledger.charge(random.below(PRIMITIVE_COUNT), 1 + random.below(1000));
    }
    const table = costTableOf(ledger);
    const few = (row: number) => (table.region[row] === 0 ? undefined : 10 * table.site[row] + table.region[row] + 11);
    const many = (row: number) => (row % 7 === 0 ? undefined : (row >> 1) % 300);
    const keyOf = hasMany ? many : few;
    const expected = new Map<number, Float64Array>();
    for (let row = 0; row < table.rowCount; row++) {
      const key = keyOf(row);
      if (key === undefined) continue;
      const sums = expected.get(key) ?? new Float64Array(PRIMITIVE_COUNT);
      for (let i = table.start[row]; i < table.start[row + 1]; i++) sums[table.primitive[i]] += table.count[i];
      expected.set(key, sums);
    }
    const { key, start, primitive, count } = groupCounts(table, keyOf);
    assert.deepEqual(key, [...expected.keys()]);
    assert.equal(key.length > 256, hasMany);
    for (const [group, sums] of [...expected.values()].entries()) {
      const entries = Array.from(primitive.subarray(start[group], start[group + 1]), (number, i) => [
        number,
        count[start[group] + i],
      ]);
      assert.deepEqual(
        entries,
        [...sums.entries()].filter(([, sum]) => sum !== 0),
      );
    }
  }
});
