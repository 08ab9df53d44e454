import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  clipRuns,
  cutAtPages,
  firstRunFrom,
  pageOfRun,
  unionOf,
  type WrittenRuns,
  withoutRuns,
} from "../../../src/checkpoint/written-bytes.ts";

/** The first and the last pages of the largest linear memory: behind them a sum no longer fits into 32 bits. */
const PAGES = [0, 1, 2, 0xffffe, 0xfffff];
const address = fc
  .tuple(fc.constantFrom(...PAGES), fc.oneof(fc.nat(8), fc.integer({ min: 4088, max: 4095 })))
  .map(([page, offset]) => page * 4096 + offset);
const pieces = fc.array(fc.tuple(address, fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(4097))), {
  maxLength: 6,
});

/** The bytes that some pieces hold. */
function bytesOf(list: readonly (readonly [number, number])[]): Set<number> {
  const bytes = new Set<number>();
  for (const [at, length] of list) for (let i = at; i < Math.min(at + length, 2 ** 32); i++) bytes.add(i);
  return bytes;
}

/** Runs of a set of bytes, which end where pages do when told so. */
function runsOf(bytes: ReadonlySet<number>, cuts: boolean): WrittenRuns {
  const starts = [...bytes].filter((at) => !bytes.has(at - 1) || (cuts && at % 4096 === 0)).sort((a, b) => a - b);
  const lengths = starts.map((start) => {
    let end = start + 1;
    while (bytes.has(end) && !(cuts && end % 4096 === 0)) end++;
    return end - start;
  });
  return { address: Uint32Array.from(starts), bytes: Uint32Array.from(lengths) };
}

const cut = pieces.map((list) => ({ held: bytesOf(list), runs: runsOf(bytesOf(list), true) }));

test("runs are cut where pages end, and other pages left out", () => {
  fc.assert(
    fc.property(pieces, fc.subarray(PAGES), (list, kept) => {
      const bytes = bytesOf(list);
      const expected = new Set([...bytes].filter((at) => kept.includes(Math.floor(at / 4096))));
      assert.deepEqual(
        cutAtPages(runsOf(bytes, false), (page) => kept.includes(page)),
        runsOf(expected, true),
      );
    }),
  );
});

test("a union has every byte of both, in as few runs as there can be", () => {
  fc.assert(
    fc.property(cut, cut, (a, b) =>
      assert.deepEqual(unionOf(a.runs, b.runs), runsOf(new Set([...a.held, ...b.held]), true)),
    ),
  );
});

test("what runs have of a stretch of memory is told to the byte", () => {
  fc.assert(
    fc.property(cut, address, address, ({ held, runs }, one, other) => {
      const [start, end] = [Math.min(one, other), Math.max(one, other) + 1];
      const expected = new Set([...held].filter((at) => at >= start && at < end));
      assert.deepEqual(clipRuns(runs, start, end), runsOf(expected, true));
    }),
  );
});

test("the runs of a page are found, and the others are left when they are taken out", () => {
  fc.assert(
    fc.property(cut, fc.constantFrom(...PAGES), ({ held, runs }, page) => {
      const from = firstRunFrom(runs, page);
      const to = firstRunFrom(runs, page + 1, from);
      for (const run of runs.address.keys()) assert.equal(pageOfRun(runs, run) === page, run >= from && run < to);
      const others = new Set([...held].filter((at) => Math.floor(at / 4096) !== page));
      assert.deepEqual(withoutRuns(runs, from, to), runsOf(others, true));
    }),
  );
});
