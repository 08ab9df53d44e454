import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type ByteRange,
  changedIn,
  changesByPart,
  GAP_BYTES,
  nextChange,
  previousChange,
} from "../../../src/session/model/byte-changes.ts";

/** Two versions that differ in few places, so that there are gaps; the one before may be shorter, or longer. */
const versions = fc
  .record({
    now: fc.uint8Array({ minLength: 1, maxLength: 300, max: 3 }),
    flips: fc.array(fc.nat(299), { maxLength: 12 }),
    grown: fc.integer({ min: -20, max: 20 }),
    isFirst: fc.boolean(),
  })
  .map(({ now, flips, grown, isFirst }) => {
    const before = new Uint8Array(Math.max(0, now.length - grown));
    before.set(now.subarray(0, before.length));
    for (const place of flips) if (place < before.length) before[place] ^= 1;
    return { now, before: isFirst ? undefined : before };
  });

/** All changes, straight from their definition. */
function changesOf(changed: Uint8Array): ByteRange[] {
  const ranges: { offset: number; length: number }[] = [];
  changed.forEach((is, i) => {
    if (is === 0) return;
    const last = ranges.at(-1);
    if (last !== undefined && i - (last.offset + last.length) < GAP_BYTES) last.length = i + 1 - last.offset;
    else ranges.push({ offset: i, length: 1 });
  });
  return ranges;
}

describe("changes between two versions of a region", () => {
  test("the next and the previous change are those of a list of all", () => {
    fc.assert(
      fc.property(versions, fc.integer({ min: -1, max: 300 }), (two, from) => {
        const all = changesOf(changedIn(two, 0, two.now.length));
        assert.deepEqual(
          nextChange(two, from),
          all.find(({ offset }) => offset > from),
        );
        assert.deepEqual(
          previousChange(two, from),
          all.findLast(({ offset }) => offset < from),
        );
      }),
      { numRuns: 2000 },
    );
  });

  test("parts count each changed byte once, where it is", () => {
    fc.assert(
      fc.property(versions, fc.integer({ min: 1, max: 400 }), (two, buckets) => {
        const expected = new Uint32Array(buckets);
        const size = two.now.length;
        changedIn(two, 0, size).forEach((is, i) => {
          expected[Math.floor((i * buckets) / size)] += is;
        });
        assert.deepEqual(changesByPart(two, buckets), expected);
      }),
      { numRuns: 1000 },
    );
  });

  test("a region's first image is all new", () => {
    const two = { now: new Uint8Array(40), before: undefined };
    assert.deepEqual(nextChange(two, -1), { offset: 0, length: 40 });
    assert.equal(nextChange(two, 0), undefined);
    assert.deepEqual(changesByPart(two, 2), Uint32Array.of(20, 20));
  });
});
