import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PHASES } from "../../../src/machine/context.ts";
import { Ledger } from "../../../src/machine/ledger.ts";

const charge = fc.record({
  phase: fc.constantFrom(...PHASES),
  epoch: fc.nat(5),
  site: fc.integer({ min: -1, max: 200 }),
  region: fc.integer({ min: -1, max: 3 }),
  primitive: fc.nat(6),
  count: fc.integer({ min: 1, max: 1000 }),
});

test("each context holds the sum of its charges, whatever their order", () => {
  fc.assert(
    fc.property(fc.array(charge, { maxLength: 400 }), (charges) => {
      const ledger = new Ledger(7);
      const expected = new Map<string, number[]>();
      for (const { phase, epoch, site, region, primitive, count } of charges) {
        ledger.enter(phase, epoch, site, region);
        ledger.charge(primitive, count);
        const key = [phase, epoch, site, region].join(" ");
        const sums = expected.get(key) ?? new Array<number>(7).fill(0);
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
