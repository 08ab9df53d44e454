import assert from "node:assert/strict";
import { test } from "node:test";
import { Courses } from "../../../src/machine/courses.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { PageStates } from "../../../src/machine/page-states.ts";

const PAGES = 1 << 12;
const FAULT = 0;
const FURTHER = 1;

/** A machine whose pages open at their first store, with whatever else a test wants of a store. */
function machine(also: (page: number, states: PageStates, ledger: Ledger) => void = () => {}) {
  const ledger = new Ledger(3);
  const states = new PageStates(PAGES);
  const { bytes: open } = states.bytes();
  const opened = states.count();
  const gone: number[] = [];
  const courses = new Courses(states, ledger, {
    store(page) {
      gone.push(page);
      ledger.charge(open[page] === 0 ? FAULT : FURTHER, 1);
      if (open[page] === 0) opened[0]++;
      open[page] = 1;
      also(page, states, ledger);
    },
  });
  return {
    courses,
    ledger,
    states,
    open,
    opened,
    gone,
    store(pages: readonly number[], site = 0, phase: "track" | "run" = "track") {
      const before = ledger.enter(phase, 0, site, 0);
      for (const page of pages) courses.store(page);
      ledger.restore(before);
    },
    faults: () => ledger.totals()[FAULT],
  };
}

/** @returns how many stores to these pages are taken together */
function takeMany(courses: Courses, pages: readonly number[]): number {
  const row = { pages: Uint32Array.from(pages), base: 0, sites: new Int32Array(pages.length), bytes: undefined };
  const regions = { of: () => 0, around: () => ({ first: 0, end: PAGES, region: 0 }) };
  return courses.takeMany(row, 0, pages.length, { phase: "track", epoch: 0, regions });
}

/** Pages that follow each other. */
const run = (first: number, end: number) => Array.from({ length: end - first }, (_, i) => first + i);

test("of stores that are alike two are gone through, and all are charged where they come from", () => {
  const { ledger, open, opened, gone, store } = machine();
  store([10, 11, 12, 13], 0);
  store([14, 15], 1);
  assert.deepEqual(gone, [10, 11]);
  assert.equal(
    open.subarray(10, 16).every((byte) => byte === 1),
    true,
  );
  assert.equal(opened[0], 6);
  const counts = [...ledger.rows()]
    .filter(({ counts }) => counts[FAULT] > 0)
    .map(({ site, counts }) => [site, counts[FAULT]]);
  assert.deepEqual(counts, [
    [0, 4],
    [1, 2],
  ]);
  // Open pages are in another state.
  store([10, 11, 12], 2);
  assert.deepEqual(gone.slice(2), [10, 11]);
  assert.equal(ledger.totals()[FURTHER], 3);
});

test("stores in another phase are others", () => {
  const { gone, store } = machine();
  store([1, 2, 3]);
  store([4, 5], 0, "run");
  assert.deepEqual(gone, [1, 2, 4, 5]);
});

test("a store that depends on more than its page's states is gone through each time", () => {
  const { gone, store } = machine((_, states) => states.once());
  store([1, 2, 3, 4]);
  assert.deepEqual(gone, [1, 2, 3, 4]);
});

test("a store that charges another context is gone through each time", () => {
  const { gone, store, ledger } = machine((_page, _states, charged) => {
    const before = charged.enterPhase("commit");
    charged.charge(2, 1);
    charged.restore(before);
  });
  store([1, 2, 3, 4]);
  assert.deepEqual(gone, [1, 2, 3, 4]);
  assert.equal(ledger.totals()[2], 4);
});

test("parts of events are not bundled", () => {
  const { gone, store, ledger } = machine((_page, _states, charged) => charged.charge(2, 0.1));
  store([1, 2, 3]);
  assert.deepEqual(gone, [1, 2, 3]);
  assert.equal(ledger.totals()[2], 0.1 + 0.1 + 0.1);
});

test("what was learned is forgotten when something changes that no state tells of", () => {
  const { faults, gone, states, store } = machine();
  store([1, 2, 3]);
  states.changed();
  store([4, 5, 6]);
  assert.deepEqual(gone, [1, 2, 4, 5]);
  assert.equal(faults(), 6, "and is charged");
});

test("a state that comes later is looked at", () => {
  const { gone, states, store } = machine();
  store([1, 2, 3]);
  const later = new Uint8Array(PAGES);
  later[6] = 1;
  states.keep(later);
  store([4, 5, 6]);
  assert.deepEqual(gone, [1, 2, 4, 5, 6]);
});

test("what holds for some pages is not taken for others", () => {
  const { gone, store } = machine((page, states) => {
    if (states.isAsked) states.within(page & ~15, (page | 15) + 1);
  });
  store([17, 18, 19, 31, 32, 16]);
  assert.deepEqual(gone, [17, 18, 32]);
});

test("coarse states, and the next page's, tell stores apart", () => {
  const { gone, states, store } = machine();
  const { bytes: tables } = states.bytes(9);
  const { bytes: neighbours } = states.bytes();
  states.looksAhead(neighbours);
  states.changed();
  tables[1] = 1;
  neighbours[21] = 1;
  store([1, 2, 3, 600, 601, 602, 20, 19]);
  assert.deepEqual(gone, [1, 2, 600, 601, 20]);
});

test("what a store does besides is done by those that are like it", () => {
  const done: number[] = [];
  const { store } = machine((page, states) => {
    done.push(page);
    if (states.isAsked) states.also((other) => done.push(other));
  });
  store([1, 2, 3, 4]);
  assert.deepEqual(done, [1, 2, 3, 4]);
});

test("what a store does apart each does by itself, at its own charge, and none is like it for that", () => {
  const { gone, ledger, store } = machine((page, states, charged) => {
    states.apart(page, (own) => {
      charged.charge(2, own);
      if (states.isAsked) states.also(() => assert.fail("it is no part of what others are like"));
    });
  });
  store([1, 2, 3, 4]);
  assert.deepEqual(gone, [1, 2]);
  assert.equal(ledger.totals()[2], 1 + 2 + 3 + 4);
});

test("stores that change other pages' states apart are taken in turn, up to one that finds another state for that", () => {
  const { courses, faults, gone, open, store } = machine((page, states) => {
    const changesOthers = true;
    states.apart(
      page,
      (own) => {
        open[own + 10] = 1;
      },
      changesOthers,
    );
  });
  store([100, 111]);
  assert.equal(takeMany(courses, [1, 3, 5, 4, 11, 6]), 4);
  assert.deepEqual(
    [1, 3, 5, 4].map((page) => open[page + 10]),
    [1, 1, 1, 1],
  );
  assert.equal(faults(), 2 + 4);
  store([11, 6]);
  assert.deepEqual(gone, [100, 111, 11], "that one found an open page");
});

test("a row ends where something else is found out, where what holds for some pages ends, and where something changes", () => {
  const other = machine();
  other.states.find((page) => (page < 220 ? 0 : 1));
  other.store([100, 101]);
  assert.equal(takeMany(other.courses, run(210, 230)), 10);

  const bounded = machine((_page, states) => states.within(0, 220));
  bounded.store([100, 101]);
  assert.equal(takeMany(bounded.courses, run(210, 230)), 10);

  const changing = machine((page, states) => {
    states.apart(page, (own) => {
      if (own === 213) states.changed();
    });
  });
  changing.store([100, 101]);
  assert.equal(takeMany(changing.courses, run(210, 230)), 4, "the one that changes it is taken");
  assert.equal(changing.faults(), 2 + 4);
});

/** The same by fours, downwards in each. */
const byFours = (pages: readonly number[]) => pages.map((_, i) => pages[i ^ 3]);

test("pages that follow each other make a block in whatever order they come, up to a store that is not alike", () => {
  const whole = machine();
  whole.store([100, 101]);
  assert.equal(takeMany(whole.courses, byFours(run(200, 240))), 40);
  assert.deepEqual([...whole.open.subarray(199, 241)], [0, ...Array(40).fill(1), 0]);
  assert.equal(whole.faults(), 2 + 40);
  assert.equal(whole.opened[0], 2 + 40);

  const cut = machine();
  cut.store([100, 101, 225]);
  assert.equal(takeMany(cut.courses, byFours(run(200, 240))), 26, "227 and 226 come before 225");
  assert.deepEqual([...cut.open.subarray(222, 230)], [1, 1, 0, 1, 1, 1, 0, 0]);
  assert.equal(cut.faults(), 3 + 26);
});

test("a page that comes twice ends a block", () => {
  const { courses, faults, store } = machine();
  store([100, 101]);
  assert.equal(takeMany(courses, [...run(200, 210), 209, ...run(211, 230)]), 10);
  assert.equal(faults(), 2 + 10);
});

test("stores that find something out are taken in any order, as far as they find it still", () => {
  for (const pages of [run(200, 240), byFours(run(200, 240)), run(200, 240).map((page) => 400 + 3 * (page - 200))]) {
    let found = 0;
    const steps: number[] = [];
    const finding = machine((page, states) => {
      states.apart(page, (own) => {
        steps.push(own);
        if (own === pages[29]) found = 1;
      });
    });
    finding.states.find(() => found);
    finding.store([100, 101]);
    assert.equal(takeMany(finding.courses, pages), 30);
    assert.deepEqual(steps, [100, 101, ...pages.slice(0, 30)], "each in its turn");
    assert.equal(pages.filter((page) => finding.open[page] === 1).length, 30, "no more pages are open");
    assert.ok(pages.slice(0, 30).every((page) => finding.open[page] === 1));
    assert.equal(finding.opened[0], 2 + 30);
    assert.equal(finding.faults(), 2 + 30);
  }
});

test("stores that look at the next page are taken in rows upwards", () => {
  const up = machine();
  up.states.looksAhead(up.open);
  up.store([100, 110]);
  assert.equal(takeMany(up.courses, run(210, 230)), 20);
  const down = machine();
  down.states.looksAhead(down.open);
  down.store([100, 110]);
  assert.equal(takeMany(down.courses, run(210, 230).reverse()), 1);
});

test("stores of other sizes are others", () => {
  const { courses, gone } = machine();
  for (const [page, bytes, stores] of [
    [1, 8, 1],
    [2, 8, 1],
    [3, 8, 1],
    [4, 4, 1],
    [5, 8, 2],
    [6, 4, 1],
    [7, 4, 1],
  ])
    courses.store(page, bytes, stores);
  assert.deepEqual(gone, [1, 2, 4, 5, 6]);
});

test("rows far from each other are charged alike", () => {
  const { ledger, store } = machine();
  for (let site = 0; site < 1000; site++) store([site], site);
  const counts = [...ledger.rows()].filter(({ counts }) => counts[FAULT] > 0);
  assert.equal(counts.length, 1000);
  assert.equal(
    counts.every((row) => row.counts[FAULT] === 1),
    true,
  );
});
