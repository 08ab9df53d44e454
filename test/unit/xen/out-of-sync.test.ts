import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TABLE_PAGES } from "../../../src/machine/page-table.ts";
import { Snapshot } from "../../../src/xen/shadow/out-of-sync.ts";

const TABLE = 5;
const FIRST = TABLE * TABLE_PAGES;

test("a snapshot keeps of each entry that is written what its shadow has, whatever is written at once", () => {
  const note = fc.record({
    kind: fc.constantFrom("written", "propagated"),
    first: fc.nat(TABLE_PAGES - 1),
    count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: TABLE_PAGES })),
    entry: fc.constantFrom(0, 1, 7, 0x80),
  });
  const snapshot = new Snapshot();
  fc.assert(
    fc.property(fc.array(note, { maxLength: 20 }), (notes) => {
      // One is used for many tables, one after the other.
      snapshot.begin(TABLE);
      const shadowed = new Map<number, number>();
      const written = new Set<number>();
      for (const { kind, first, count, entry } of notes) {
        const end = Math.min(TABLE_PAGES, first + count);
        if (kind === "written") snapshot.noteWrites(FIRST + first, FIRST + end, entry);
        else snapshot.notePropagated(FIRST + first, FIRST + end, entry);
        for (let page = FIRST + first; page < FIRST + end; page++) {
          if (kind === "propagated" || !written.has(page)) shadowed.set(page, entry);
          if (kind === "written") written.add(page);
        }
      }
      const found: [number, number][] = [];
      for (let page = snapshot.writtenFrom(0); page !== undefined; ) {
        const end = snapshot.alikeUntil(page);
        for (let of = page; of < end; of++) found.push([of, snapshot.entryOf(of)]);
        for (let of = page; of < end; of++) assert.equal(snapshot.entryOf(of), snapshot.entryOf(page));
        page = snapshot.writtenFrom(end);
      }
      assert.deepEqual(
        found,
        [...written].sort((a, b) => a - b).map((page) => [page, shadowed.get(page)]),
      );
    }),
    { numRuns: 300 },
  );
});
