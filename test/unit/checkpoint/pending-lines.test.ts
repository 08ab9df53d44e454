import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { byPage, PendingLines } from "../../../src/checkpoint/pending-lines.ts";
import { bitCount } from "../../../src/machine/bits.ts";

const FIRST = 3;
const PAGES = 40;
const ALL = [-1, -1] as const;

const written = fc
  .uniqueArray(fc.record({ page: fc.nat(FIRST + PAGES + 3), low: fc.integer({ min: 1, max: 15 }), high: fc.nat(3) }), {
    selector: ({ page }) => page,
  })
  .map((entries) => ({
    pages: Uint32Array.from(entries, ({ page }) => page),
    low: Uint32Array.from(entries, ({ low }) => low),
    high: Uint32Array.from(entries, ({ high }) => high),
  }));
const step = fc.oneof(
  fc.record({ kind: fc.constant("note" as const), lines: written }),
  fc.record({
    kind: fc.constant("take" as const),
    pages: fc.uniqueArray(fc.nat(PAGES - 1)),
    from: fc.nat(PAGES - 1),
    to: fc.nat(PAGES),
    isCounted: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("takeAll" as const), isCounted: fc.boolean() }),
  fc.record({ kind: fc.constant("add" as const), page: fc.nat(PAGES - 1) }),
  fc.record({ kind: fc.constant("addAll" as const) }),
);

test("lines stay pending until their page is taken", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const pending = new PendingLines({ first: FIRST, pageCount: PAGES });
      const expected: [number, number][] = Array.from({ length: PAGES }, () => [...ALL]);
      let isAll = true;
      const take = (taken: ReadonlySet<number>, isCounted: boolean) => {
        for (let i = 0; i < PAGES; i++) {
          if (!taken.has(i)) continue;
          if (!isCounted) {
            pending.take(FIRST + i);
            assert.deepEqual([pending.low, pending.high], expected[i]);
            expected[i] = [0, 0];
            continue;
          }
          const from = i;
          let lines = 0;
          for (; taken.has(i); i++) {
            lines += bitCount(expected[i][0]) + bitCount(expected[i][1]);
            expected[i] = [0, 0];
          }
          assert.equal(pending.takeAll(FIRST + from, FIRST + i), lines);
        }
        pending.finish();
      };
      for (const one of steps) {
        if (one.kind === "note") {
          pending.note(byPage(one.lines));
          one.lines.pages.forEach((page, i) => {
            const entry = expected[page - FIRST];
            if (entry === undefined) return;
            entry[0] = entry[0] | one.lines.low[i];
            entry[1] = entry[1] | one.lines.high[i];
          });
        } else if (one.kind === "add") {
          pending.add(FIRST + one.page);
          expected[one.page] = [...ALL];
        } else if (one.kind === "addAll") {
          pending.addAll();
          expected.forEach((_, i) => {
            expected[i] = [...ALL];
          });
          isAll = true;
        } else if (one.kind === "takeAll" || isAll) {
          // Of what was never saved, nothing is saved in part.
          take(new Set(expected.keys()), one.isCounted);
          isAll = false;
        } else {
          const row = Array.from({ length: Math.max(0, one.to - one.from) }, (_, i) => one.from + i);
          take(new Set([...one.pages, ...row]), one.isCounted);
        }
        const told: number[] = [];
        pending.eachPage((page) => told.push(page - FIRST));
        assert.deepEqual(
          told,
          expected.flatMap(([low, high], i) => ((low | high) === 0 ? [] : [i])),
        );
      }
    }),
    { numRuns: 500 },
  );
});

test("what is pending of a region as a whole is not saved in part", () => {
  const pending = new PendingLines({ first: 0, pageCount: 2 });
  pending.take(0);
  assert.throws(() => pending.finish(), /saved in part/);
});

test("an epoch's lines are put in order once", () => {
  const lines = { pages: Uint32Array.of(5, 2, 9), low: Uint32Array.of(1, 2, 3), high: Uint32Array.of(4, 5, 6) };
  const sorted = byPage(lines);
  assert.deepEqual(
    [[...sorted.pages], [...sorted.low], [...sorted.high]],
    [
      [2, 5, 9],
      [2, 1, 3],
      [5, 4, 6],
    ],
  );
  assert.equal(byPage(lines), sorted);
});
