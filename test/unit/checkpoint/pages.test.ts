import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { mergeRanges, pagesOf, rangesOfPages, subtractRanges } from "../../../src/checkpoint/pages.ts";
import type { PageRange } from "../../../src/xen/checkpoint-service.ts";

const ranges = fc.array(fc.record({ first: fc.nat(60), pageCount: fc.nat(8) }), { maxLength: 12 });

function pageSet(list: readonly PageRange[]): Set<number> {
  const pages = new Set<number>();
  for (const { first, pageCount } of list) for (let i = 0; i < pageCount; i++) pages.add(first + i);
  return pages;
}

test("merged ranges hold the same pages, are sorted, disjoint and not adjacent", () => {
  fc.assert(
    fc.property(ranges, (list) => {
      const merged = mergeRanges(list);
      assert.deepEqual([...pageSet(merged)].sort(), [...pageSet(list)].sort());
      for (let i = 1; i < merged.length; i++) {
        assert.ok(merged[i].first > merged[i - 1].first + merged[i - 1].pageCount);
      }
    }),
  );
});

test("subtracting ranges leaves exactly the pages that are in the first and not in the second", () => {
  fc.assert(
    fc.property(ranges, ranges, (left, right) => {
      const without = pageSet(right);
      const expected = [...pageSet(left)].filter((page) => !without.has(page)).sort((a, b) => a - b);
      assert.deepEqual([...pageSet(subtractRanges(left, right))], expected);
    }),
  );
});

test("pages of a byte range", () => {
  assert.deepEqual(pagesOf(4095, 2), { first: 0, pageCount: 2 });
  assert.deepEqual(pagesOf(4096, 4096), { first: 1, pageCount: 1 });
  assert.equal(pagesOf(5000, 0).pageCount, 0);
  assert.deepEqual(rangesOfPages([3, 4, 5, 9]), [
    { first: 3, pageCount: 3 },
    { first: 9, pageCount: 1 },
  ]);
});
