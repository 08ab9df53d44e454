import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { borrowingPages, PageBytes } from "../../../src/machine/page-bytes.ts";

const LENGTH = 70;
const fills = fc.array(fc.tuple(fc.constantFrom(1, 2, 3, 0x80, 0xff), fc.nat(LENGTH), fc.nat(LENGTH)), {
  maxLength: 12,
});
const range = fc.tuple(fc.nat(LENGTH - 1), fc.nat(LENGTH)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

function filled(list: readonly (readonly [number, number, number])[]): PageBytes {
  const pages = new PageBytes(LENGTH);
  for (const [byte, a, b] of list) pages.fill(byte, Math.min(a, b), Math.max(a, b));
  return pages;
}

test("the next byte with some bits, the end of a stretch, and all pages are those that one look at each finds", () => {
  const property = fc.property(fills, fills, range, fc.constantFrom(1, 2, 4, 0x81), (a, b, [from, end], bits) => {
    const pages = filled(a);
    const other = filled(b);
    const { bytes } = pages;
    const search = (ends: (page: number) => boolean, start: number) => {
      let page = start;
      while (page < end && !ends(page)) page++;
      return page;
    };
    assert.equal(
      pages.next(bits, from, end),
      search((page) => (bytes[page] & bits) !== 0, from),
    );
    const wanted = Array.from({ length: end - from }, (_, i) => from + i).filter((page) => (bytes[page] & bits) !== 0);
    assert.deepEqual([...pages.pagesWith(bits, [{ first: from, pageCount: end - from }])], wanted);
    if (from === end) return;
    assert.equal(
      pages.alikeUntil(from, end),
      search((page) => bytes[page] !== bytes[from], from),
    );
    const isOther = (page: number) => bytes[page] !== bytes[from] || other.bytes[page] !== other.bytes[from];
    assert.equal(pages.alikeWithUntil(other, from, end), search(isOther, from));
  });
  fc.assert(property, { numRuns: 500 });
});

test("memory that was borrowed is all 0 for the next work, also where the last one failed, and is no one else's meanwhile", () => {
  const pageCount = 1 << 20;
  const dirty = (fails: boolean) => () => {
    const [first, second] = [new PageBytes(pageCount), new PageBytes(pageCount)];
    assert.notEqual(first.bytes.buffer, second.bytes.buffer);
    for (const { bytes } of [first, second]) {
      assert.equal(bytes.indexOf(1), -1);
      bytes[7] = 1;
      bytes[pageCount - 1] = 1;
    }
    if (fails) throw new Error("it went wrong");
    return [first.bytes.buffer, second.bytes.buffer];
  };
  const [one, other] = borrowingPages(dirty(false));
  assert.throws(() => borrowingPages(dirty(true)), /it went wrong/);
  assert.deepEqual(new Set(borrowingPages(dirty(false))), new Set([one, other]), "the same memory again");
  const own = new PageBytes(pageCount);
  assert.ok(own.bytes.buffer !== one && own.bytes.buffer !== other, "outside of such work it is one's own");
});
