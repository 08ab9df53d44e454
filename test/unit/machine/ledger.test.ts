import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PHASES } from "../../../src/machine/context.ts";
import { Ledger } from "../../../src/machine/ledger.ts";

/** More than a ledger has columns for at first. */
const PRIMITIVES = 40;

const charge = fc.record({
  phase: fc.constantFrom(...PHASES),
  epoch: fc.nat(5),
  site: fc.integer({ min: -1, max: 200 }),
  region: fc.integer({ min: -1, max: 3 }),
  primitive: fc.nat(PRIMITIVES - 1),
  count: fc.integer({ min: 1, max: 1000 }),
});

test("each context holds the sum of its charges, whatever their order", () => {
  fc.assert(
    fc.property(fc.array(charge, { maxLength: 800, size: "max" }), (charges) => {
      const ledger = new Ledger(PRIMITIVES);
      const expected = new Map<string, number[]>();
      for (const { phase, epoch, site, region, primitive, count } of charges) {
        ledger.enter(phase, epoch, site, region);
        ledger.charge(primitive, count);
        const key = [phase, epoch, site, region].join(" ");
        const sums = expected.get(key) ?? new Array<number>(PRIMITIVES).fill(0);
        sums[primitive] += count;
        expected.set(key, sums);
      }
      const found = new Map<string, number[]>();
      for (const row of ledger.rows()) {
        const key = [row.phase, row.epoch, row.site, row.region].join(" ");
        assert.ok(!found.has(key), `two rows for ${key}`);
        if (row.counts.some((count) => count > 0)) found.set(key, [...row.counts]);
      }
      assert.deepEqual(found, expected);
      const rows = Array.from({ length: ledger.rowCount }, (_, i) => ledger.rowCount - 1 - i);
      const { start, primitive, count } = ledger.sparseCounts(rows);
      for (const [i, row] of rows.entries()) {
        const entries = Array.from(primitive.subarray(start[i], start[i + 1]), (number, k) => [
          number,
          count[start[i] + k],
        ]);
        assert.deepEqual(
          entries,
          [...ledger.row(row).counts.entries()].filter(([, value]) => value > 0),
        );
      }
    }),
  );
});

test("restore makes the context of a handle current again", () => {
  const ledger = new Ledger(1);
  ledger.enter("track", 1, 2, 3);
  const before = ledger.enter("copy", 4, 5, 6);
  ledger.charge(0, 10);
  ledger.restore(before);
  ledger.charge(0, 1);
  assert.deepEqual(ledger.current, { phase: "track", epoch: 1, site: 2, region: 3 });
  assert.deepEqual([...ledger.totals((row) => row.phase === "track")], [1]);
  assert.deepEqual([...ledger.totals()], [11]);
});

test("the difference of two ledgers names the context and the primitive", () => {
  const [a, b] = [new Ledger(2), new Ledger(2)];
  for (const ledger of [a, b]) {
    ledger.enter("arm", 0, -1, -1);
    ledger.charge(1, 3);
  }
  assert.equal(
    Ledger.difference(a, b, (p) => `p${p}`),
    undefined,
  );
  b.charge(1, 1);
  assert.match(Ledger.difference(a, b, (p) => `p${p}`) ?? "", /p1 in .* arm 0 -1 -1: 3 against 4/);
});
