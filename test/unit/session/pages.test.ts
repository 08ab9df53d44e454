import assert from "node:assert/strict";
import { test } from "node:test";
import { PHASES } from "../../../src/machine/context.ts";
import { TRAPS } from "../../../src/run/outcome-counts.ts";
import { EVENT, type Recording } from "../../../src/run/recording.ts";
import { replay } from "../../../src/run/replay.ts";
import type { EpochRange } from "../../../src/session/figures.ts";
import { historyOf } from "../../../src/session/model/history.ts";
import { pageDetails, pageMap, pageMasks, pagesOfEpoch, pagesOfLine } from "../../../src/session/model/pages.ts";
import { RecordingIndex } from "../../../src/session/model/recording-index.ts";
import { forSeeds, type Random, randomMachine } from "./random-recording.ts";

/** One write as the recording has it: who wrote a page first between two saves, and what was written until the next. */
interface Write {
  readonly epoch: number;
  readonly page: number;
  readonly line: string;
  readonly event: number;
  readonly stores: number;
  readonly low: number;
  readonly high: number;
}

/** The slow way: walks the events and numbers checkpoints as it goes. */
function writesOf({ kind, argument, site, sites, calls, epochs }: Recording): { writes: Write[]; epochCount: number } {
  const writes: Write[] = [];
  let pending: { page: number; line: string; event: number }[] = [];
  let save = 0;
  let epoch = 0;
  const end = () => {
    const { pages, stores, low, high } = epochs[save++];
    for (const write of pending) {
      const i = pages.indexOf(write.page);
      writes.push({ ...write, epoch, stores: stores[i], low: low[i], high: high[i] });
    }
    pending = [];
  };
  for (let i = 0; i < kind.length; i++) {
    if (kind[i] === EVENT.store) {
      const at = site[i] < 0 ? { file: "", line: 0, function: "?" } : sites[site[i]];
      const line = at.line > 0 ? `${at.file}:${at.line}` : at.function;
      pending.push({ page: argument[i], line, event: i });
    }
    const call = kind[i] === EVENT.call ? calls[argument[i]].kind : undefined;
    if (call === "save") end();
    if (call === "commit" || call === "abandon") epoch++;
  }
  end();
  return { writes, epochCount: epoch + 1 };
}

function randomRange(random: Random, epochCount: number): EpochRange | undefined {
  if (random.chance(20)) return undefined;
  const from = random.below(epochCount);
  return { from, to: from + random.below(epochCount - from + 2) };
}

function isIn(range: EpochRange | undefined): (write: Write) => boolean {
  return ({ epoch }) => range === undefined || (epoch >= range.from && epoch <= range.to);
}

function bits(word: number): number {
  return (word >>> 0).toString(2).replaceAll("0", "").length;
}

/** Pages as runs, the slow way. */
function runsOf(pages: readonly number[]): number[] {
  const sorted = [...new Set(pages)].sort((a, b) => a - b);
  const runs: number[] = [];
  for (const page of sorted) {
    if (runs.length > 0 && runs[runs.length - 2] + runs[runs.length - 1] === page) runs[runs.length - 1]++;
    else runs.push(page, 1);
  }
  return runs;
}

test("maps and masks hold what a walk over the writes finds", () => {
  forSeeds(150, (recording, random) => {
    const index = new RecordingIndex(recording);
    const { writes, epochCount } = writesOf(recording);
    for (let i = 0; i < 4; i++) {
      const range = randomRange(random, epochCount);
      const chosen = writes.filter(isIn(range));
      const expected = {
        epochs: (page: number) => new Set(chosen.filter((w) => w.page === page).map((w) => w.epoch)).size,
        stores: (page: number) => chosen.filter((w) => w.page === page).reduce((sum, w) => sum + w.stores, 0),
        dirtyBytes: (page: number) => 64 * (bits(mask(page, "low")) + bits(mask(page, "high"))),
      };
      const mask = (page: number, half: "low" | "high") =>
        chosen.filter((w) => w.page === page).reduce((all, w) => all | w[half], 0) >>> 0;
      const pages = Array.from({ length: recording.endPages }, (_, page) => page);
      for (const measure of ["epochs", "stores", "dirtyBytes"] as const) {
        const { values, max } = pageMap(index, measure, range);
        assert.deepEqual([...values], pages.map(expected[measure]), measure);
        assert.equal(max, Math.max(...values));
      }
      const first = random.below(recording.endPages);
      const window = pages.slice(first, first + 7);
      assert.deepEqual(
        [...pageMasks(index, first, 7, range)],
        window.flatMap((page) => [mask(page, "low"), mask(page, "high")]),
      );
    }
  });
});

test("a page's writers, a line's pages and a checkpoint's pages are those of the writes", () => {
  forSeeds(100, (recording, random) => {
    const index = new RecordingIndex(recording);
    const { writes, epochCount } = writesOf(recording);
    const range = randomRange(random, epochCount);
    const chosen = writes.filter(isIn(range));
    for (let page = 0; page < recording.endPages; page++) {
      const details = pageDetails(index, page, range);
      const firsts = new Map<number, Write>();
      for (const write of chosen) if (write.page === page && !firsts.has(write.epoch)) firsts.set(write.epoch, write);
      assert.deepEqual([...details.epochs], [...firsts.keys()]);
      const counts = new Map<string, number>();
      for (const { line } of firsts.values()) counts.set(line, (counts.get(line) ?? 0) + 1);
      const named = details.lines.map(({ file, line, function: name, firstWrites }) => {
        return [line > 0 ? `${file}:${line}` : name === "" ? "?" : name, firstWrites] as const;
      });
      assert.deepEqual(new Map(named), counts);
      assert.equal(named.length, counts.size);
      for (const [i, epoch] of details.epochs.entries()) {
        const ofEpoch = chosen.filter((write) => write.page === page && write.epoch === epoch);
        assert.equal(
          details.stores[i],
          ofEpoch.reduce((sum, { stores }) => sum + stores, 0),
        );
        assert.equal(details.low[i], ofEpoch.reduce((all, { low }) => all | low, 0) >>> 0);
        assert.equal(details.high[i], ofEpoch.reduce((all, { high }) => all | high, 0) >>> 0);
      }
      assert.deepEqual(
        details.regions,
        index.regions
          .filter(({ firstPage, pageCount }) => page >= firstPage && page < firstPage + pageCount)
          .map(({ number }) => number),
      );
    }
    for (const source of recording.sites) {
      const key = source.line > 0 ? `${source.file}:${source.line}` : source.function;
      const pages = chosen.filter(({ line }) => line === key).map(({ page }) => page);
      assert.deepEqual([...pagesOfLine(index, source, range)], runsOf(pages), key);
    }
    assert.deepEqual([...pagesOfLine(index, { file: "no.c", line: 1, function: "f" }, range)], []);
    for (let epoch = 0; epoch < epochCount; epoch++) {
      const pages = writes.filter((write) => write.epoch === epoch).map(({ page }) => page);
      assert.deepEqual([...pagesOfEpoch(index, epoch)], runsOf(pages));
      const summary = index.epochSummaries[epoch];
      assert.equal(summary.writtenPages, new Set(pages).size);
    }
  });
});

test("a map of traps adds up to the traps that stores took because of tracking", () => {
  forSeeds(40, (recording, random) => {
    const index = new RecordingIndex(recording);
    let machine = randomMachine(random);
    // It takes faults on pages of the guest's kernel and of the library as well, and the map has the program's.
    while (machine.technique === "remus") machine = randomMachine(random);
    const history = historyOf(recording, machine);
    const { values } = pageMap(index, "traps", undefined, history.traps);
    let traps = 0;
    const { event, row, countClass, classes } = history.trace;
    for (let i = 0; i < event.length; i++) {
      const kind = recording.kind[event[i]];
      const phase = PHASES[history.contexts.phase[row[i]]];
      if ((kind !== EVENT.store && kind !== EVENT.writes) || phase !== "track") continue;
      for (let k = classes.start[countClass[i]]; k < classes.start[countClass[i] + 1]; k++)
        if (TRAPS.includes(classes.primitive[k])) traps += classes.count[k];
    }
    const tracked = replay(recording, machine).machine.ledger.totals(({ phase }) => phase === "track");
    assert.ok(traps <= TRAPS.reduce((sum, primitive) => sum + tracked[primitive], 0));
    assert.equal(
      [...values].reduce((sum, value) => sum + value, 0),
      traps,
    );
    const parts = index.epochSummaries.map(({ epoch }) =>
      [...pageMap(index, "traps", { from: epoch, to: epoch }, history.traps).values].reduce(
        (sum, value) => sum + value,
        0,
      ),
    );
    assert.equal(
      parts.reduce((sum, value) => sum + value, 0),
      traps,
    );
  });
});
