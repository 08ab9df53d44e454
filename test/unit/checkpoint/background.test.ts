import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BackgroundCopy } from "../../../src/checkpoint/background.ts";
import type { SavedRegion } from "../../../src/checkpoint/regions.ts";
import { Region } from "../../../src/checkpoint/regions.ts";

function saved(pages: readonly number[], bytes = 64 * 4096): SavedRegion {
  const region = new Region({ id: 1, group: "", address: 0, bytes, label: "" }, 0);
  return { region, pages: Uint32Array.from(pages), bytes: pages.length * 4096, dirtyBytes: 0, whole: false };
}

test("pages are copied in order at the rate, and a page before its turn only once", () => {
  const copy = new BackgroundCopy(0, 0, 1000, 2);
  copy.add([saved([3, 4, 9])]);
  assert.deepEqual(copy.collide(3, 1000 + 2048), { pages: 0, bytes: 0 }, "two bytes a cycle: one page is done");
  assert.deepEqual(copy.collide(9, 1000 + 2048), { pages: 1, bytes: 4096 });
  assert.deepEqual(copy.collide(9, 1000 + 2049), { pages: 0, bytes: 0 });
  assert.deepEqual(copy.collide(5, 1000 + 2049), { pages: 0, bytes: 0 }, "not in the image");
  const { inBackground, rest } = copy.finish(1000 + 4095);
  assert.deepEqual(
    [inBackground, rest],
    [
      { pages: 1, bytes: 4096 },
      { pages: 1, bytes: 4096 },
    ],
  );
});

test("whatever is written when, every byte is copied exactly once", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(63), { minLength: 1 }),
      fc.array(fc.record({ page: fc.nat(63), after: fc.nat(9000) })),
      fc.constantFrom(0.01, 0.5, 1, 10),
      (pages, writes, rate) => {
        const sorted = pages.sort((a, b) => a - b);
        const bytes = 63 * 4096 + 100; // the last page is cut short
        const parts = saved(sorted, bytes);
        const copy = new BackgroundCopy(0, 0, 0, rate);
        copy.add([parts]);
        let cycle = 0;
        let copied = 0;
        for (const { page, after } of writes) {
          cycle += after;
          copied += copy.collide(page, cycle).bytes;
        }
        const { inBackground, rest } = copy.finish(cycle);
        const all = sorted.reduce((sum, page) => sum + parts.region.bytesOn(page), 0);
        assert.equal(copied + inBackground.bytes + rest.bytes, all);
      },
    ),
  );
});
