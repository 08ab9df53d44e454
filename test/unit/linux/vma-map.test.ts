import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createGuest } from "../../../src/linux/guest.ts";
import { VMA_MAPPED, VMA_READ, VMA_WRITE, VmaMap } from "../../../src/linux/vma-map.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { WINDOW_PAGES } from "../../../src/machine/page-table.ts";
import { PRIMITIVE_COUNT } from "../../../src/machine/primitives.ts";

const PAGES = 3000;
const protections = ["none", "r", "rw"] as const;
const flagsOf = { none: VMA_MAPPED, r: VMA_MAPPED | VMA_READ, rw: VMA_MAPPED | VMA_READ | VMA_WRITE };

test("mprotect leaves the VMAs that a page-by-page oracle has, and no border between equal ones", () => {
  const operation = fc.record({
    first: fc.nat(PAGES - 1),
    count: fc.integer({ min: 1, max: PAGES }),
    protection: fc.constantFrom(...protections),
  });
  fc.assert(
    fc.property(fc.constantFrom("5.10", "6.1"), fc.array(operation, { maxLength: 60 }), (kernel, operations) => {
      const guest = createGuest({ environment: "native", kernel }, new Ledger(PRIMITIVE_COUNT));
      const base = guest.process.mmap(PAGES, "rw");
      const oracle = new Array<number>(PAGES).fill(flagsOf.rw);
      for (const { first, count, protection } of operations) {
        const pages = Math.min(count, PAGES - first);
        guest.process.mprotect(base + first, pages, protection);
        oracle.fill(flagsOf[protection], first, first + pages);
      }
      const { vmas } = guest.kernel.memory;
      for (let page = 0; page < PAGES; page++) {
        assert.equal(vmas.flagsOf(base + page), oracle[page]);
        if (page > 0) assert.equal(vmas.isStart(base + page), oracle[page] !== oracle[page - 1]);
      }
    }),
    { numRuns: 100 },
  );
});

test("stretches are found over borders of all levels of the index", () => {
  const map = new VmaMap();
  const starts = [0, 31, 32, 1023, 1024, 32767, 32768, 1 << 20, WINDOW_PAGES - 1];
  for (const start of starts) map.split(start);
  for (let i = 0; i < starts.length; i++) {
    const end = starts[i + 1] ?? WINDOW_PAGES;
    for (const page of [starts[i], end - 1]) {
      assert.equal(map.startOf(page), starts[i]);
      assert.equal(map.endOf(page), end);
    }
  }
  for (const start of starts.slice(1)) map.join(start);
  assert.equal(map.endOf(0), WINDOW_PAGES);
  assert.equal(map.startOf(WINDOW_PAGES - 1), 0);
});
