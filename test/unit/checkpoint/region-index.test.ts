import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RegionIndex } from "../../../src/checkpoint/region-index.ts";
import { Region } from "../../../src/checkpoint/regions.ts";
import { NO_REGION } from "../../../src/machine/context.ts";

const PAGES = 24;

test("a page is charged to the first region on it, and so are its neighbours around it", () => {
  const area = fc.record({ address: fc.nat(16 * 4096), bytes: fc.nat(6 * 4096) });
  const order = fc.array(fc.nat(PAGES - 1), { minLength: PAGES });
  fc.assert(
    fc.property(fc.array(area, { maxLength: 5 }), order, (areas, asked) => {
      const regions = areas.map(
        ({ address, bytes }, id) => new Region({ id, group: "", address, bytes, label: "" }, id),
      );
      const expected = (page: number) => regions.find((region) => region.holds(page))?.number ?? NO_REGION;
      const index = new RegionIndex(regions);
      for (const page of asked) {
        assert.equal(index.of(page), expected(page));
        const { first, end, region } = index.around(page);
        assert.ok(page >= first && page < end);
        assert.equal(region, expected(page));
        for (let other = first; other < Math.min(end, PAGES); other++) assert.equal(expected(other), region);
      }
    }),
    { numRuns: 300 },
  );
});
