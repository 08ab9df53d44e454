import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { priceList } from "../../../src/machine/prices.ts";
import { P, PRIMITIVE_COUNT } from "../../../src/machine/primitives.ts";
import { BUILT_IN_PROFILES } from "../../../src/machine/profiles.ts";
import { BadInputError } from "../../../src/program/program.ts";
import {
  COMPARABLE_ENVIRONMENTS,
  measurePrimitives,
  type PrimitiveOptions,
  pricePrimitives,
} from "../../../src/run/primitives.ts";
import { ratioBand } from "../../../src/run/ratio-band.ts";

const [ERA] = BUILT_IN_PROFILES;
const OPTIONS: PrimitiveOptions = {
  kernel: "6.1",
  copy: "guest",
  gate: "trap",
  target: "memory",
  environments: COMPARABLE_ENVIRONMENTS,
};

test("rows are the same each time, and their ratios are those of their costs", () => {
  for (const kernel of ["5.10", "6.1"] as const) {
    const measured = measurePrimitives({ ...OPTIONS, kernel });
    assert.deepEqual(measurePrimitives({ ...OPTIONS, kernel }), measured);
    for (const profile of BUILT_IN_PROFILES) {
      const rows = pricePrimitives(measured, profile);
      assert.deepEqual(pricePrimitives(measured, profile), rows);
      assert.deepEqual(rows.map(({ primitive, pages }) => `${primitive} ${pages}`).slice(0, 6), [
        "arm 1",
        "arm 16",
        "arm 256",
        "arm 4096",
        "dirty 1",
        "dirty-scattered 1",
      ]);
      for (const row of rows) {
        const { primitive, pages, user, hypervisor, native, ratio, ratioLow, ratioHigh } = row;
        const place = `${profile.name}, ${kernel}: ${primitive} ${pages}`;
        for (const { cycles, low, high } of [user, hypervisor, native]) {
          assert.ok(low > 0 && low <= cycles && cycles <= high, `${place}: ${low} ${cycles} ${high}`);
        }
        assert.ok(Math.abs(ratio - user.cycles / hypervisor.cycles) < 1e-9, place);
        assert.ok(ratioLow <= ratio && ratio <= ratioHigh, place);
        assert.ok(ratioLow >= user.low / hypervisor.high && ratioHigh <= user.high / hypervisor.low, place);
        assert.equal(row.inPaperRange, ratio >= 4 && ratio <= 13, place);
        assert.equal(row.reason === undefined, row.inPaperRange, place);
      }
    }
  }
});

test("costs grow with the pages", () => {
  const rows = pricePrimitives(measurePrimitives(OPTIONS), ERA);
  for (const environment of COMPARABLE_ENVIRONMENTS) {
    for (const primitive of ["arm", "collect", "copy", "whole-cycle"] as const) {
      const some = rows.filter((row) => row.primitive === primitive && row.environment === environment);
      for (let i = 1; i < some.length; i++) {
        const place = `${primitive} in ${environment}`;
        assert.ok(some[i].user.cycles > some[i - 1].user.cycles, place);
        assert.ok(some[i].hypervisor.cycles >= some[i - 1].hypervisor.cycles, place);
      }
    }
  }
});

test("who copies decides only the copies of the hypervisor-assisted side", () => {
  const [guest, hypervisor] = (["guest", "hypervisor"] as const).map((copy) =>
    pricePrimitives(measurePrimitives({ ...OPTIONS, copy }), ERA),
  );
  guest.forEach((row, i) => {
    assert.deepEqual(hypervisor[i].user, row.user);
    if (row.primitive !== "whole-cycle") assert.deepEqual(hypervisor[i], row);
    else assert.notEqual(hypervisor[i].hypervisor.cycles, row.hypervisor.cycles);
  });
});

test("both sides pay the way of the same bytes to where images are kept, in every row that has it", () => {
  const unsent = ["arm", "dirty", "dirty-scattered", "collect"];
  const devices = { replica: [P.wire_byte, P.wire_round_trip], disk: [P.disk_byte, P.disk_flush] } as const;
  for (const target of ["replica", "disk"] as const) {
    const [byte, seal] = devices[target];
    for (const copy of ["guest", "hypervisor"] as const) {
      const measured = measurePrimitives({ ...OPTIONS, environments: ["xen-pv", "xen-hap"], copy, target });
      for (const { environment, user, hypervisor } of measured.environments) {
        user.operations.forEach(({ primitive, pages, counts }, i) => {
          const place = `${target}, copied by the ${copy}: ${primitive} ${pages} in ${environment}`;
          const other = hypervisor.operations[i].counts;
          assert.equal(counts[byte], other[byte], place);
          assert.equal(counts[seal], other[seal], place);
          assert.equal(counts[byte] >= 4096 * pages, !unsent.includes(primitive), place);
          assert.equal(counts[seal] > 0, primitive === "whole-cycle", place);
        });
      }
      for (const { primitive, pages, ratio, reason } of pricePrimitives(measured, ERA)) {
        const place = `${target}, copied by the ${copy}: ${primitive} ${pages} is ${ratio}`;
        // What crosses is most of it, and the same; staging it costs about what mapping it does.
        if (primitive === "copy") assert.ok(ratio > 0.95 && ratio < 1.05, place);
        if (primitive === "whole-cycle") assert.ok(ratio > 1, place);
        assert.doesNotMatch(reason ?? "", /other work/, place);
      }
    }
  }
});

test("a whole cycle ends with a valid image in memory, too", () => {
  const { environments } = measurePrimitives({ ...OPTIONS, environments: ["xen-pv"] });
  for (const side of [environments[0].user, environments[0].hypervisor]) {
    for (const { primitive, counts } of side.operations) {
      assert.equal(counts[P.image_header], primitive === "whole-cycle" ? 1 : 0, primitive);
    }
  }
});

test("an environment without a hypervisor is refused in a sentence", () => {
  assert.throws(() => measurePrimitives({ ...OPTIONS, environments: ["native"] }), {
    constructor: BadInputError,
    message: /^--environments native: .* choose xen-pv, /,
  });
});

test("a band holds its ratio, does not depend on scale, and turns over with its sides", () => {
  const prices = priceList(ERA, new Float64Array(PRIMITIVE_COUNT).fill(50));
  const side = fc
    .array(fc.tuple(fc.nat(PRIMITIVE_COUNT - 1), fc.integer({ min: 1, max: 1e5 })), { minLength: 1, maxLength: 8 })
    .map((events) => {
      const counts = new Float64Array(PRIMITIVE_COUNT);
      for (const [number, count] of events) counts[number] += count;
      return counts;
    });
  const near = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-9 * Math.abs(b), `${a} ${b}`);
  fc.assert(
    fc.property(side, side, (a, b) => {
      const band = ratioBand(a, b, prices);
      assert.ok(band.ratioLow <= band.ratio && band.ratio <= band.ratioHigh);
      const turned = ratioBand(b, a, prices);
      near(turned.ratio, 1 / band.ratio);
      near(turned.ratioLow, 1 / band.ratioHigh);
      near(turned.ratioHigh, 1 / band.ratioLow);
      const triple = ratioBand(
        a.map((count) => 3 * count),
        b,
        prices,
      );
      near(triple.ratioHigh, 3 * band.ratioHigh);
      const same = ratioBand(a, a, prices);
      near(same.ratioLow, 1);
      near(same.ratioHigh, 1);
    }),
  );
});
