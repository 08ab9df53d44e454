import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { priceList } from "../../../src/machine/prices.ts";
import { PRIMITIVE_COUNT } from "../../../src/machine/primitives.ts";
import { BUILT_IN_PROFILES } from "../../../src/machine/profiles.ts";
import { pricesPaid } from "../../../src/run/ratio-band.ts";
import { turningPrices } from "../../../src/run/verdicts.ts";

const PRICES = priceList(BUILT_IN_PROFILES[0], new Float64Array(PRIMITIVE_COUNT).fill(50));

const SIDE = fc
  .array(fc.tuple(fc.nat(PRIMITIVE_COUNT - 1), fc.integer({ min: 1, max: 1e4 })), { minLength: 1, maxLength: 8 })
  .map((events) => {
    const counts = new Float64Array(PRIMITIVE_COUNT);
    for (const [number, count] of events) counts[number] += count;
    return counts;
  });

const cost = (counts: Float64Array, cycles: Float64Array) =>
  counts.reduce((sum, count, number) => sum + count * cycles[number], 0);

test("a price moved by its factor brings the ratio to the border, and none that is left out takes less", () => {
  fc.assert(
    fc.property(SIDE, SIDE, fc.constantFrom(1, 4, 13), (user, hypervisor, border) => {
      const turning = turningPrices(user, hypervisor, PRICES, [border]);
      const paid = pricesPaid(user, hypervisor, PRICES);
      const moves = turning.map(({ factor }) => Math.abs(Math.log(factor)));
      assert.deepEqual(
        moves,
        moves.toSorted((a, b) => a - b),
      );
      for (const { price, factor } of turning) {
        const cycles = PRICES.cycles.slice();
        for (const number of paid.get(price) ?? []) cycles[number] *= factor;
        const ratio = cost(user, cycles) / cost(hypervisor, cycles);
        assert.ok(Math.abs(ratio / border - 1) < 1e-6, `${price} x ${factor}: ${ratio}, not ${border}`);
      }
    }),
  );
});

test("equal sides hang on no price", () => {
  const counts = new Float64Array(PRIMITIVE_COUNT).fill(1);
  assert.deepEqual(turningPrices(counts, counts, PRICES, [4]), []);
});
