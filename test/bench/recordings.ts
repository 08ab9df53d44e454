import { type EpochPages, EVENT, EventColumns, type Recording } from "../../src/run/recording.ts";

/** A program that does nothing but dirty pages of one region and checkpoint it. */
export interface Shape {
  readonly regionPages: number;
  readonly epochs: number;
  /** Pages written in each epoch. */
  readonly dirtyPages: number;
  /** Ascending from the region's start, or any, in any order. */
  readonly order: "ascending" | "random";
  /** Store sites of the program, each a line; 8 unless given. */
  readonly sites?: number;
}

const PAGE_BYTES = 4096;
/** What a store writes. */
const WORD_BYTES = 8;

/** The recording that such a program would leave: one event for each dirty page, a save and a commit for each epoch. */
export function recordingOf({ regionPages, epochs, dirtyPages, order, sites = 8 }: Shape): Recording {
  const events = new EventColumns();
  const calls: Recording["calls"][number][] = [];
  const push = (kind: number, argument: number, site: number, bytes = 0) =>
    events.push(kind, argument, site, events.length * 1000, bytes);
  const call = (what: Recording["calls"][number]) => push(EVENT.call, calls.push(what) - 1, sites);
  call({ kind: "protect", spec: { id: 1, group: "", address: 0, bytes: regionPages * PAGE_BYTES, label: "" } });
  const shuffled = Uint32Array.from({ length: regionPages }, (_, page) => page);
  const none = new Uint32Array(0);
  const ones = new Uint32Array(dirtyPages).fill(1);
  const list: EpochPages[] = [];
  let state = 0x2545f491;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let i = 0; order === "random" && i < dirtyPages; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      const other = i + ((state >>> 0) % (regionPages - i));
      [shuffled[i], shuffled[other]] = [shuffled[other], shuffled[i]];
    }
    const pages = shuffled.slice(0, dirtyPages);
    for (const page of pages) push(EVENT.store, page, page % sites, WORD_BYTES);
    call({ kind: "save", regions: [{ id: 1, group: "" }], epoch });
    call({ kind: "commit", name: "bench", version: epoch + 1 });
    const changed = pages.slice().sort();
    // What is written before the first save is not told byte by byte.
    const told = epoch === 0 ? none : changed;
    const written = {
      address: told.map((page) => page * PAGE_BYTES),
      bytes: new Uint32Array(told.length).fill(WORD_BYTES),
    };
    list.push({ pages, low: ones, high: ones, stores: ones, changed, written });
  }
  // Nothing is written after the last save.
  list.push({ pages: none, low: none, high: none, stores: none, changed: none });
  return {
    startPages: regionPages,
    residentPages: [],
    endPages: regionPages,
    ...events.columns(),
    // Nothing is written twice in an epoch.
    writes: { page: none, site: new Int32Array(0), count: none, bytes: new Float64Array(0) },
    calls,
    systemCalls: [],
    epochs: list,
    sites: Array.from({ length: sites + 1 }, (_, site) => ({ file: "bench.c", line: site + 1, function: "main" })),
    lines: [],
    programCycles: events.length * 1000,
    labels: [],
  };
}
