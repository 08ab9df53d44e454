import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PageFlags } from "../../../src/checkpoint/page-flags.ts";
import { mergeRanges, pagesOf, rangesOfPages, subtractRanges } from "../../../src/checkpoint/pages.ts";
import { PageStates } from "../../../src/machine/page-states.ts";
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

test("flags are those that were set, in whatever order", () => {
  const base = 0x1000;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3000), fc.boolean())), (changes) => {
      const flags = new PageFlags(new PageStates(1 << 13));
      const expected = new Set<number>();
      for (const [page, set] of changes) {
        if (set) flags.set(base + page);
        else flags.clear(base + page);
        if (set) expected.add(page);
        else expected.delete(page);
      }
      for (let page = 0; page <= 3000; page++) assert.equal(flags.has(base + page), expected.has(page));
    }),
  );
  const downwards = new PageFlags(new PageStates(1 << 19));
  for (let page = base + 200_000; page > base; page--) downwards.set(page);
  assert.deepEqual(downwards.runsIn([{ first: base, pageCount: 300_000 }]), [{ first: base + 1, pageCount: 200_000 }]);
});
