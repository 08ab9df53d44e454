// A replay that goes through alike stores once charges what one does that goes through each.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf } from "../../../src/checkpoint/refusal.ts";
import { ENVIRONMENTS, type TechniqueDefinition } from "../../../src/checkpoint/technique.ts";
import { TECHNIQUES } from "../../../src/checkpoint/techniques.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { PRIMITIVE_COUNT, PRIMITIVES } from "../../../src/machine/primitives.ts";
import { DEFAULT_MACHINE, type MachineOptions } from "../../../src/run/machine.ts";
import { type EpochPages, EVENT, EventColumns, type Recording } from "../../../src/run/recording.ts";
import { type ReplayObserver, replay } from "../../../src/run/replay.ts";
import { recordingOf } from "../../bench/recordings.ts";
import { Random, randomRecording } from "../session/random-recording.ts";

const OPTIONS: readonly Partial<MachineOptions>[] = [
  { kernel: "6.1" },
  { kernel: "5.10", copy: "hypervisor" },
  { kernel: "6.1", commit: "async", gate: "shared-page", target: "replica" },
  { kernel: "5.10", commit: "async", gate: "privcmd" },
];

/** With somebody who looks on, every store is gone through. */
const onlooker = (): ReplayObserver => ({ ledger: new Ledger(PRIMITIVE_COUNT), begin() {}, after() {} });

function machines(options: Partial<MachineOptions>): MachineOptions[] {
  const possible = (machine: MachineOptions, technique: TechniqueDefinition) =>
    refusalOf(technique, machine) === undefined;
  return ENVIRONMENTS.flatMap((environment) =>
    TECHNIQUES.map((technique) => ({
      technique,
      machine: { ...DEFAULT_MACHINE, ...options, environment, technique: technique.id },
    }))
      .filter(({ technique, machine }) => possible(machine, technique))
      .map(({ machine }) => machine),
  );
}

function check(recording: Recording, options: Partial<MachineOptions>, what: string): void {
  for (const machine of machines(options)) {
    const once = replay(recording, machine);
    const each = replay(recording, machine, onlooker());
    const difference = Ledger.difference(each.machine.ledger, once.machine.ledger, (p) => PRIMITIVES[p].name);
    assert.equal(difference, undefined, `${what}, ${JSON.stringify(machine)}`);
    assert.deepEqual(once.machine.ledger.contexts(), each.machine.ledger.contexts());
    assert.deepEqual(once.checkpoints, each.checkpoints);
  }
}

test("random programs, in every technique and environment", () => {
  for (let seed = 101; seed < 109; seed++) check(randomRecording(seed), OPTIONS[seed % 4], `seed ${seed}`);
});

test("many stores that are alike, in order and in none, with page-table pages between them", () => {
  const ascending = recordingOf({ regionPages: 1300, epochs: 3, dirtyPages: 1300, order: "ascending" });
  const sparse = recordingOf({ regionPages: 2100, epochs: 4, dirtyPages: 260, order: "random" });
  for (const options of OPTIONS.slice(0, 2)) {
    check(ascending, options, "ascending");
    check(sparse, options, "sparse");
  }
  // More tables than may be out of sync with their shadows.
  check(recordingOf({ regionPages: 4096, epochs: 2, dirtyPages: 1500, order: "random" }), OPTIONS[0], "wide");
});

const PAGE_BYTES = 4096;

/**
 * Long rows of stores, upwards, downwards, by fours downwards as compilers unroll loops, or in no order: to two regions by turns, to pages of none, and to some pages twice.
 * Regions overlap, begin inside pages and change between epochs; images are written back at a site of the program's own. Stores
 * are of several sizes, and some come together.
 */
function rowsOfStores(seed: number): Recording {
  const random = new Random(seed);
  const pageCount = 1400;
  const sites = 5;
  const events = new EventColumns();
  const calls: Recording["calls"][number][] = [];
  const epochs: EpochPages[] = [];
  const push = (kind: number, argument: number, site: number, bytes = 0) =>
    events.push(kind, argument, site, events.length * 100, bytes);
  /** Further stores to pages that were written: page, site, how many, their bytes. */
  const further: [number, number, number, number][] = [];
  const call = (what: Recording["calls"][number], site = sites) => push(EVENT.call, calls.push(what) - 1, site);
  const ids: number[] = [];
  const protect = (id: number, address: number, bytes: number) => {
    if (!ids.includes(id)) ids.push(id);
    call({ kind: "protect", spec: { id, group: "", address, bytes, label: "" } });
  };
  const protectAny = (mostPages = 200) => {
    const bytes = 1 + random.below(mostPages * PAGE_BYTES);
    protect(2 + random.below(14), random.below(pageCount * PAGE_BYTES - bytes), bytes);
  };
  const none = new Uint32Array(0);
  protect(0, 20 * PAGE_BYTES, (seed % 3 === 0 ? 30 : 600) * PAGE_BYTES);
  protect(1, 650 * PAGE_BYTES, (seed % 3 === 0 ? 30 : 500) * PAGE_BYTES);
  if (seed % 3 === 0) for (let i = 0; i < 14; i++) protectAny(12);
  for (let epoch = 0; epoch < 4; epoch++) {
    const written = new Set<number>();
    const store = (page: number, site: number, bytes: number) => {
      if (written.has(page) && !random.chance(10)) return;
      written.add(page);
      push(EVENT.store, page, site, bytes);
      // They end a row.
      if (seed % 2 === 1 || !random.chance(20)) return;
      const stores = 1 + random.below(3);
      further.push([page, site, stores, stores * bytes]);
      push(EVENT.writes, further.length, -1);
    };
    for (let row = 0; row < 12; row++) {
      const length = 1 + random.below(300);
      const first = random.below(pageCount - length - 3);
      const way = random.below(5);
      const site = random.below(sites);
      const bytes = random.chance(70) ? 8 : 4;
      for (let i = 0; i < length; i++) {
        if (way === 0) store(first + i, site, bytes);
        else if (way === 1) store(first + length - i, site, bytes);
        else if (way === 2) store(first + (i ^ 3), i % sites, bytes);
        else if (way === 3) store(random.below(pageCount), random.below(sites), i % 7 === 3 ? 2 : bytes);
        else store(i % 2 === 0 ? 20 + ((first + i) % 600) : 650 + ((first + i) % 500), i % 2, bytes);
      }
    }
    for (let i = random.below(6); i > 0; i--) protectAny(seed % 3 === 0 ? 12 : 200);
    const saved = ids.filter((id) => id === 0 || random.chance(70)).map((id) => ({ id, group: "" }));
    call({ kind: "save", regions: saved, epoch });
    call({ kind: "commit", name: "rows", version: epoch + 1 });
    const pages = Uint32Array.from(written);
    const mask = () => pages.map(() => random.bits() | 1);
    epochs.push({ pages, low: mask(), high: mask(), stores: pages, changed: pages.slice().sort() });
    if (random.chance(50)) {
      const site = random.below(sites);
      call({ kind: "reload", id: 0, group: "", bytes: 600 * PAGE_BYTES }, site);
      for (let page = 20; page < 620; page++) push(EVENT.store, page, site, 8);
    }
  }
  epochs.push({ pages: none, low: none, high: none, stores: none, changed: none });
  return {
    ...recordingOf({ regionPages: pageCount, epochs: 1, dirtyPages: 1, order: "ascending", sites }),
    ...events.columns(),
    writes: {
      page: Uint32Array.from(further, ([page]) => page),
      site: Int32Array.from(further, ([, site]) => site),
      count: Uint32Array.from(further, ([, , stores]) => stores),
      bytes: Float64Array.from(further, ([, , , bytes]) => bytes),
    },
    calls,
    epochs,
    programCycles: events.length * 100,
  };
}

test("rows of stores to several regions and to none, upwards, downwards and twice to a page", () => {
  for (let seed = 1; seed < 8; seed++) check(rowsOfStores(seed), OPTIONS[seed % 2], `seed ${seed}`);
  check(rowsOfStores(8), OPTIONS[2], "seed 8");
});
