import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MOST_HYBRID_WRITES } from "../../../src/checkpoint/technique.ts";
import { WriteLog } from "../../../src/run/write-log.ts";

const PAGES = 3;

interface Write {
  readonly page: number;
  readonly site: number;
  readonly bytes: number;
}

const step = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      page: fc.nat(PAGES - 1),
      site: fc.nat(2),
      at: fc.nat(4000),
      bytes: fc.constantFrom(1, 4, 8, 90),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("call" as const, "event" as const, "epoch" as const) }) },
);

test("bytes, counts and the order of the first writes are those of a list of all writes", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
      const log = new WriteLog();
      log.reach(1);
      log.reach(PAGES);
      /** Writes that are entries: in order, and summed by stretch, page and site. */
      const ordered: Write[] = [];
      const summed = new Map<string, { count: number; bytes: number }>();
      const inEpoch = new Array<number>(PAGES).fill(0);
      const written = new Uint8Array(PAGES * 4096);
      let pages: number[] = [];
      let stretch = 0;
      const isSummed: boolean[] = [];
      const stretchOf: number[] = [];
      for (const one of steps) {
        if (one.kind === "write") {
          const { page, site, at, bytes } = one;
          const address = page * 4096 + at;
          written.fill(1, address, address + bytes);
          inEpoch[page]++;
          if (inEpoch[page] === 1) {
            pages.push(page);
            log.first(page, address, bytes);
            continue;
          }
          log.further(page, site, address, bytes);
          const inOrder = inEpoch[page] <= MOST_HYBRID_WRITES + 1;
          while (isSummed.length < log.length) {
            isSummed.push(!inOrder);
            stretchOf.push(stretch);
          }
          if (inOrder) ordered.push({ page, site, bytes });
          else {
            const key = `${stretch} ${page} ${site}`;
            const sum = summed.get(key) ?? { count: 0, bytes: 0 };
            summed.set(key, { count: sum.count + 1, bytes: sum.bytes + bytes });
          }
        } else if (one.kind === "event") log.endRun();
        else {
          log.endStretch();
          stretch++;
          if (one.kind === "call") continue;
          const runs = log.endEpoch(Uint32Array.from(pages), (page) => page !== 1);
          const found = new Uint8Array(PAGES * 4096);
          for (let i = 0; i < runs.address.length; i++) {
            assert.ok(i === 0 || runs.address[i] > runs.address[i - 1] + runs.bytes[i - 1]);
            found.fill(1, runs.address[i], runs.address[i] + runs.bytes[i]);
          }
          written.fill(0, 4096, 8192); // not told
          assert.deepEqual(found, written);
          written.fill(0);
          pages = [];
          inEpoch.fill(0);
        }
      }
      const { page, site, count, bytes } = log.columns();
      const orderedFound: Write[] = [];
      const summedFound = new Map<string, { count: number; bytes: number }>();
      for (let i = 0; i < page.length; i++) {
        if (isSummed[i]) summedFound.set(`${stretchOf[i]} ${page[i]} ${site[i]}`, { count: count[i], bytes: bytes[i] });
        else
          for (let k = 0; k < count[i]; k++)
            orderedFound.push({ page: page[i], site: site[i], bytes: bytes[i] / count[i] });
      }
      assert.deepEqual(orderedFound, ordered);
      assert.deepEqual([...summedFound].sort(), [...summed].sort());
    }),
    { numRuns: 300 },
  );
});

test("many pages and sites: the table of sums grows, and a stretch does not see the one before", () => {
  const log = new WriteLog();
  log.reach(300);
  for (let page = 0; page < 300; page++) log.first(page, page * 4096, 8);
  for (let stretch = 0; stretch < 3; stretch++) {
    for (let round = 0; round < 40; round++)
      for (let page = 0; page < 300; page++) log.further(page, round % 5, page * 4096, 8);
    log.endStretch();
  }
  const { count, bytes } = log.columns();
  assert.equal(
    count.reduce((sum, one) => sum + one, 0),
    3 * 40 * 300,
  );
  assert.equal(
    bytes.reduce((sum, one) => sum + one, 0),
    3 * 40 * 300 * 8,
  );
  // 16 in order; then five sites in each stretch.
  assert.equal(count.length, 300 * (16 + 3 * 5));
});
