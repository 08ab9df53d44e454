import { LINE_BYTES } from "../../checkpoint/pages.ts";
import { bitCount } from "../../machine/bits.ts";
import type { EpochRange, LineName, MapMeasure, MapReply, PageReply, PageRuns } from "../figures.ts";
import { epochBounds } from "./epochs.ts";
import type { RecordingIndex } from "./recording-index.ts";

/** Stores for which a technique took page faults: indices of events, ascending, the pages, and how many faults each took. */
export interface TrapList {
  readonly event: Uint32Array;
  readonly page: Uint32Array;
  readonly traps: Uint32Array;
}

/** A figure for each page of the guest's memory. @param traps needed for that measure only */
export function pageMap(
  index: RecordingIndex,
  measure: MapMeasure,
  range: EpochRange | undefined,
  traps?: TrapList,
): MapReply {
  const { recording, epochs, scratch } = index;
  const { from, to } = epochBounds(epochs, range);
  const entries = recording.epochs.slice(epochs.firstEntry[from], epochs.firstEntry[to]);
  const counts = scratch.counts;
  let max = 0;
  switch (measure) {
    case "epochs":
      if (epochs.hasSplitEpochs) max = countEpochs(index, from, to, counts);
      else
        for (const { pages } of entries)
          for (let i = 0; i < pages.length; i++) {
            const count = ++counts[pages[i]];
            if (count > max) max = count;
          }
      break;
    case "stores":
      for (const { pages, stores } of entries) {
        for (let i = 0; i < pages.length; i++) {
          const count = counts[pages[i]] + stores[i];
          counts[pages[i]] = count;
          if (count > max) max = count;
        }
      }
      break;
    case "traps":
      max = countTraps(index, from, to, traps, counts);
      break;
    case "dirtyBytes": {
      const { masks } = scratch;
      orMasks(index, from, to, masks);
      for (let page = 0; page < counts.length; page++) {
        const low = masks[2 * page];
        const high = masks[2 * page + 1];
        if ((low | high) === 0) continue;
        const bytes = LINE_BYTES * (bitCount(low) + bitCount(high));
        counts[page] = bytes;
        if (bytes > max) max = bytes;
      }
      masks.fill(0);
      break;
    }
  }
  const values =
    max < 1 << 8 ? new Uint8Array(counts) : max < 1 << 16 ? new Uint16Array(counts) : new Uint32Array(counts);
  counts.fill(0);
  return { values, max };
}

function countEpochs({ recording, epochs }: RecordingIndex, from: number, to: number, counts: Uint32Array): number {
  const lastEpoch = new Int32Array(counts.length).fill(-1);
  let max = 0;
  for (let epoch = from; epoch < to; epoch++) {
    for (let entry = epochs.firstEntry[epoch]; entry < epochs.firstEntry[epoch + 1]; entry++) {
      for (const page of recording.epochs[entry].pages) {
        if (lastEpoch[page] === epoch) continue;
        lastEpoch[page] = epoch;
        max = Math.max(max, ++counts[page]);
      }
    }
  }
  return max;
}

function countTraps(
  { epochs }: RecordingIndex,
  from: number,
  to: number,
  traps: TrapList | undefined,
  counts: Uint32Array,
): number {
  let max = 0;
  const end = epochs.firstEvent[to];
  for (let i = 0; traps !== undefined && i < traps.event.length && traps.event[i] < end; i++) {
    if (traps.event[i] < epochs.firstEvent[from]) continue;
    const page = traps.page[i];
    const count = counts[page] + traps.traps[i];
    counts[page] = count;
    if (count > max) max = count;
  }
  return max;
}

/** The 64-byte lines of each page that were written. @param masks all 0; two words for each page */
function orMasks({ recording, epochs }: RecordingIndex, from: number, to: number, masks: Uint32Array): void {
  for (let entry = epochs.firstEntry[from]; entry < epochs.firstEntry[to]; entry++) {
    const { pages, low, high } = recording.epochs[entry];
    for (let i = 0; i < pages.length; i++) {
      masks[2 * pages[i]] |= low[i];
      masks[2 * pages[i] + 1] |= high[i];
    }
  }
}

/** Two words for each page of a window; pages that there are not have none. */
export function pageMasks(
  index: RecordingIndex,
  firstPage: number,
  pageCount: number,
  range: EpochRange | undefined,
): Uint32Array {
  const { from, to } = epochBounds(index.epochs, range);
  const { masks } = index.scratch;
  orMasks(index, from, to, masks);
  const window = masks.slice(2 * firstPage, 2 * (firstPage + pageCount));
  masks.fill(0);
  return window;
}

/** Everything about one page. */
export function pageDetails(index: RecordingIndex, page: number, range: EpochRange | undefined): PageReply {
  const { recording, epochs, storesOfPage, lines } = index;
  const { from, to } = epochBounds(epochs, range);
  const rows: { epoch: number; stores: number; low: number; high: number }[] = [];
  const firstWrites = new Map<number, number>();
  let next = storesOfPage.start[page];
  const end = storesOfPage.start[page + 1];
  for (let epoch = from; epoch < to; epoch++) {
    while (next < end && storesOfPage.item[next] < epochs.firstEvent[epoch]) next++;
    if (next === end || storesOfPage.item[next] >= epochs.firstEvent[epoch + 1]) continue;
    const site = recording.site[storesOfPage.item[next]];
    const line = site < 0 ? -1 : lines.ofSite[site];
    firstWrites.set(line, (firstWrites.get(line) ?? 0) + 1);
    const row = { epoch, stores: 0, low: 0, high: 0 };
    for (let entry = epochs.firstEntry[epoch]; entry < epochs.firstEntry[epoch + 1]; entry++) {
      const { pages, stores, low, high } = recording.epochs[entry];
      const i = pages.indexOf(page);
      if (i < 0) continue;
      row.stores += stores[i];
      row.low |= low[i];
      row.high |= high[i];
    }
    rows.push(row);
  }
  return {
    regions: index.regions
      .filter(({ firstPage, pageCount }) => page >= firstPage && page < firstPage + pageCount)
      .map(({ number }) => number),
    epochs: Uint32Array.from(rows, ({ epoch }) => epoch),
    stores: Uint32Array.from(rows, ({ stores }) => stores),
    low: Uint32Array.from(rows, ({ low }) => low),
    high: Uint32Array.from(rows, ({ high }) => high),
    lines: [...firstWrites]
      .sort(([a, m], [b, n]) => n - m || a - b)
      .map(([line, count]) => ({ ...(line < 0 ? NO_LINE : lines.lines[line]), firstWrites: count })),
  };
}

const NO_LINE: LineName = { file: "", line: 0, function: "" };

/** Pages that a store of a line was the first to write in an epoch. */
export function pagesOfLine(index: RecordingIndex, line: LineName, range: EpochRange | undefined): PageRuns {
  const { recording, epochs, scratch } = index;
  const number = index.lines.find(line);
  if (number === undefined) return new Uint32Array();
  const { from, to } = epochBounds(epochs, range);
  const { start, item } = index.storesOfLine;
  const marks = scratch.counts;
  for (let i = start[number]; i < start[number + 1]; i++) {
    if (item[i] >= epochs.firstEvent[from] && item[i] < epochs.firstEvent[to]) marks[recording.argument[item[i]]] = 1;
  }
  return takeRuns(marks);
}

/** Pages that were written in an epoch. */
export function pagesOfEpoch({ recording, epochs, scratch }: RecordingIndex, epoch: number): PageRuns {
  const { from, to } = epochBounds(epochs, { from: epoch, to: epoch });
  const marks = scratch.counts;
  for (let entry = epochs.firstEntry[from]; entry < epochs.firstEntry[to]; entry++)
    for (const page of recording.epochs[entry].pages) marks[page] = 1;
  return takeRuns(marks);
}

/** The marked pages as runs; afterwards none is marked. */
function takeRuns(marks: Uint32Array): PageRuns {
  const runs: number[] = [];
  for (let page = marks.indexOf(1); page >= 0; ) {
    let end = page;
    while (end < marks.length && marks[end] === 1) end++;
    marks.fill(0, page, end);
    runs.push(page, end - page);
    page = end < marks.length ? marks.indexOf(1, end) : -1;
  }
  return Uint32Array.from(runs);
}
