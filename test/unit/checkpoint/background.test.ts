import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BackgroundCopy } from "../../../src/checkpoint/background.ts";
import type { SavedRegion } from "../../../src/checkpoint/regions.ts";
import { Region } from "../../../src/checkpoint/regions.ts";
import { NO_RUNS } from "../../../src/checkpoint/written-bytes.ts";

function saved(pages: readonly number[], bytes = 64 * 4096): SavedRegion {
  const region = new Region({ id: 1, group: "", address: 0, bytes, label: "" }, 0);
  const size = { pieces: pages.length, bytes: pages.length * 4096, dirtyBytes: 0 };
  return { region, pages: Uint32Array.from(pages), parts: NO_RUNS, partPages: 0, whole: false, ...size };
}

const own = (region: Region, page: number) => region.bytesOn(page);

test("pages are copied in order at the rate, and a page before its turn only once", () => {
  const copy = new BackgroundCopy(0, 0, 1000, { copy: 2, transfer: undefined });
  copy.add([saved([3, 4, 9])], own);
  assert.deepEqual(
    copy.collide(3, 1000 + 2048),
    { pages: 0, pieces: 0, bytes: 0 },
    "two bytes a cycle: one page is done",
  );
  assert.deepEqual(copy.collide(9, 1000 + 2048), { pages: 1, pieces: 1, bytes: 4096 });
  assert.equal(copy.collide(9, 1000 + 2049), undefined, "written before");
  assert.equal(copy.collide(5, 1000 + 2049), undefined, "not in the image");
  const { copied, uncopied, isDone } = copy.progress(1000 + 4095);
  assert.deepEqual(
    [copied, uncopied, isDone],
    [{ pages: 1, pieces: 1, bytes: 4096 }, { pages: 1, pieces: 1, bytes: 4096 }, false],
  );
  assert.ok(!copy.progress(1000 + 4096).isDone, "the program has not ended the checkpoint");
  copy.end(3);
  assert.ok(copy.progress(1000 + 4096).isDone);
});

test("what was copied crosses at its own rate, the index last", () => {
  const copy = new BackgroundCopy(0, 0, 0, { copy: 1, transfer: 0.5 });
  copy.add([saved([1, 2])], own);
  copy.end(2);
  const index = 64 + 2 * 8;
  const at = (cycle: number) => {
    const { sentBytes, unsentBytes, isDone } = copy.progress(cycle);
    assert.equal(sentBytes + unsentBytes, 8192 + index);
    return [sentBytes, isDone];
  };
  assert.deepEqual(at(4095), [0, false], "no page is copied yet");
  assert.deepEqual(at(4096), [2048, false]);
  assert.deepEqual(at(8192), [4096, false]);
  assert.deepEqual(at(2 * 8192), [8192, false]);
  assert.deepEqual(at(2 * (8192 + index)), [8192 + index, true]);
});

test("whatever is written when, every byte is copied exactly once, and crosses after that", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(63), { minLength: 1 }),
      fc.array(fc.record({ page: fc.nat(63), after: fc.nat(9000) })),
      fc.constantFrom(0.01, 0.5, 1, 10),
      fc.constantFrom(undefined, 0.02, 1, 100),
      (pages, writes, rate, transfer) => {
        const sorted = pages.sort((a, b) => a - b);
        const bytes = 63 * 4096 + 100; // the last page is cut short
        const parts = saved(sorted, bytes);
        const copy = new BackgroundCopy(0, 0, 0, { copy: rate, transfer });
        copy.add([parts], own);
        copy.end(sorted.length);
        const index = transfer === undefined ? 0 : 64 + 8 * sorted.length;
        const all = sorted.reduce((sum, page) => sum + parts.region.bytesOn(page), 0);
        let cycle = 0;
        let collided = 0;
        let sent = 0;
        for (const { page, after } of writes) {
          cycle += after;
          collided += copy.collide(page, cycle)?.bytes ?? 0;
          const { copied, uncopied, sentBytes, unsentBytes } = copy.progress(cycle);
          assert.equal(collided + copied.bytes + uncopied.bytes, all);
          assert.equal(sentBytes + unsentBytes, all + index);
          assert.ok(sentBytes >= sent && sentBytes <= collided + copied.bytes + index);
          sent = sentBytes;
        }
        const { unsentBytes, isDone } = copy.progress(cycle + 1e9);
        assert.deepEqual([unsentBytes, isDone], [0, true]);
      },
    ),
  );
});

test("when it was done is the first moment at which nothing was left, however late somebody looks", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(63), { minLength: 1, maxLength: 12 }),
      fc.array(fc.record({ page: fc.nat(63), after: fc.nat(9000) }), { maxLength: 8 }),
      fc.constantFrom(0.25, 0.5, 1, 8),
      fc.constantFrom(undefined, 0.125, 2),
      (pages, writes, rate, transfer) => {
        /** The same commit, looked at only at one cycle. */
        const doneBy = (cycle: number) => {
          const copy = new BackgroundCopy(0, 0, 0, { copy: rate, transfer });
          copy.add([saved([...pages].sort((a, b) => a - b))], own);
          copy.end(pages.length);
          let now = 0;
          for (const { page, after } of writes) {
            now += after;
            if (now <= cycle) copy.collide(page, now);
          }
          return { isDone: copy.progress(cycle).isDone, doneAt: copy.doneAt };
        };
        const { isDone, doneAt } = doneBy(1e7);
        assert.ok(isDone);
        assert.ok(doneBy(doneAt).isDone, `done at ${doneAt}`);
        assert.ok(!doneBy(doneAt - 1).isDone, `not done before ${doneAt}`);
      },
    ),
  );
});
