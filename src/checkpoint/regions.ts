import { PageBytes } from "../machine/page-bytes.ts";
import type { PageRange } from "../xen/checkpoint-service.ts";
import { mergeRanges, PAGE_BYTES, pagesOf, subtractRanges } from "./pages.ts";
import { PendingLines } from "./pending-lines.ts";
import { clipRuns, firstRunFrom, NO_RUNS, type PageRuns, pageOfRun, unionOf } from "./written-bytes.ts";

/** What a program protects. Addresses are bytes of its linear memory, pages 4096 bytes of it. */
export interface RegionSpec {
  /** The program's own number. */
  readonly id: number;
  /** Name of the checkpoints that it belongs to; empty for all of them. */
  readonly group: string;
  readonly address: number;
  readonly bytes: number;
  /** The program's own name for it, empty when it gave none. */
  readonly label: string;
}

/** What of a page no image holds yet: nothing, all that the region has of it, or only bytes that were written. */
export const PENDING = { nothing: 0, whole: 1, part: 2 } as const;

/** A protected region and what of it no image holds yet. */
export class Region {
  readonly spec: RegionSpec;
  /** Serial number: which region a charge belongs to, in the order of first protection. */
  readonly number: number;
  readonly pages: PageRange;
  /** `PENDING` of each page, from `pages.first`: what was written since it was last saved, or was never saved. */
  readonly pending: Uint8Array;
  readonly #pending: PageBytes;
  /** What is pending of pages of which only a part is; of others it says nothing. */
  #pendingRuns = NO_RUNS;
  /** Which lines of its pages were written since those were last saved. */
  readonly pendingLines: PendingLines;

  constructor(spec: RegionSpec, number: number) {
    this.spec = spec;
    this.number = number;
    this.pages = pagesOf(spec.address, spec.bytes);
    this.#pending = new PageBytes(this.pages.pageCount);
    this.pending = this.#pending.bytes.fill(PENDING.whole);
    this.pendingLines = new PendingLines(this.pages);
  }

  /** The first page, from `pages.first`, at or after `from` of which something is pending; their number when there is none. */
  nextPending(from: number): number {
    // Mostly it is the next one.
    if (this.pending[from] > PENDING.nothing) return from;
    return this.#pending.next(PENDING.whole | PENDING.part, from, this.pages.pageCount);
  }

  /** Where the stretch ends that begins at a page, both from `pages.first`, and of which the same is pending. */
  pendingUntil(from: number): number {
    return this.#pending.alikeUntil(from, this.pages.pageCount);
  }

  holds(page: number): boolean {
    return page >= this.pages.first && page < this.pages.first + this.pages.pageCount;
  }

  /** All of a page that it holds is pending. */
  addPage(page: number): void {
    this.pending[page - this.pages.first] = PENDING.whole;
  }

  /** All of the pages that it holds from `first` to before `end`. */
  addPages(first: number, end: number): void {
    this.#pending.fill(PENDING.whole, first - this.pages.first, end - this.pages.first);
  }

  /** Bytes of pages that it holds are pending too; what others have of those pages is left out. */
  addRuns(runs: PageRuns): void {
    const { first, pageCount } = this.pages;
    const end = firstRunFrom(runs, first + pageCount);
    for (let run = firstRunFrom(runs, first); run < end; run++) {
      const i = pageOfRun(runs, run) - first;
      if (this.pending[i] === PENDING.nothing) this.pending[i] = PENDING.part;
    }
    const { address, bytes } = this.spec;
    this.#pendingRuns = unionOf(this.#pendingRuns, clipRuns(runs, address, address + bytes));
  }

  /** What is pending of pages of which only a part is, and of some others; afterwards nothing. */
  takeRuns(): PageRuns {
    const runs = this.#pendingRuns;
    this.#pendingRuns = NO_RUNS;
    return runs;
  }

  /** Everything is pending. */
  addAll(): void {
    this.pending.fill(PENDING.whole);
    this.pendingLines.addAll();
  }

  /** How many bytes of `page` belong to the region. */
  bytesOn(page: number): number {
    return this.bytesIn(page, page + 1);
  }

  /** How many bytes of the pages from `first` to before `end` belong to it. */
  bytesIn(first: number, end: number): number {
    const { address, bytes } = this.spec;
    return Math.min(end * PAGE_BYTES, address + bytes) - Math.max(first * PAGE_BYTES, address);
  }

  /** Bytes of `page` that belong to the region, as offsets from the region's start. */
  slice(page: number): { readonly offset: number; readonly bytes: number } {
    const start = Math.max(page * PAGE_BYTES, this.spec.address);
    const end = Math.min((page + 1) * PAGE_BYTES, this.spec.address + this.spec.bytes);
    return { offset: start - this.spec.address, bytes: end - start };
  }
}

/** The regions under protection, in the order of their first protection. */
export class RegionTable {
  #regions: Region[] = [];
  /** The same by group and number. */
  readonly #byName = new Map<string, Map<number, Region>>();
  #numbers = new Map<string, number>();
  #history: RegionSpec[] = [];

  get all(): readonly Region[] {
    return this.#regions;
  }

  /** The latest specification of every region there ever was, by its number. */
  get history(): readonly RegionSpec[] {
    return this.#history;
  }

  find(id: number, group: string): Region | undefined {
    return this.#byName.get(group)?.get(id);
  }

  /** Regions that a checkpoint called `name` saves: those of its own group where there are any, else the common ones. */
  ofCheckpoint(name: string): readonly Region[] {
    const own = this.#regions.filter((region) => region.spec.group === name && name !== "");
    return own.length > 0 ? own : this.#regions.filter((region) => region.spec.group === "");
  }

  /** @returns the new region and the one that it replaces */
  add(spec: RegionSpec): { readonly region: Region; readonly replaced: Region | undefined } {
    const key = `${spec.id} ${spec.group}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#history.length;
      this.#numbers.set(key, number);
    }
    this.#history[number] = spec;
    const replaced = this.find(spec.id, spec.group);
    const region = new Region(spec, number);
    if (replaced === undefined) this.#regions.push(region);
    else this.#regions[this.#regions.indexOf(replaced)] = region;
    const ofGroup = this.#byName.get(spec.group);
    if (ofGroup === undefined) this.#byName.set(spec.group, new Map([[spec.id, region]]));
    else ofGroup.set(spec.id, region);
    return { region, replaced };
  }

  remove(region: Region): void {
    this.#regions = this.#regions.filter((other) => other !== region);
    this.#byName.get(region.spec.group)?.delete(region.spec.id);
  }

  /** @param number of a region there ever was; without effect where there was none */
  relabel(number: number, label: string): void {
    if (number < this.#history.length) this.#history[number] = { ...this.#history[number], label };
  }

  /** Pages of `ranges` that no region holds. */
  uncovered(ranges: readonly PageRange[]): PageRange[] {
    return subtractRanges(
      ranges,
      this.#regions.map((region) => region.pages),
    );
  }

  /** All pages that some region holds. */
  covered(): PageRange[] {
    return mergeRanges(this.#regions.map((region) => region.pages));
  }
}

/** What a checkpoint took from one region. */
export interface SavedRegion {
  readonly region: Region;
  /** Pages of linear memory, ascending. */
  readonly pages: Uint32Array;
  /** Runs of bytes of the region on pages that are saved in part. Every other page is saved as far as it belongs to the region. */
  readonly parts: PageRuns;
  /** How many pages those are. */
  readonly partPages: number;
  /** Runs of bytes that are copied one by one: one for each page, but those of `parts` have their own numbers. */
  readonly pieces: number;
  /** Bytes saved. */
  readonly bytes: number;
  /**
   * Bytes written on those pages since they were last saved: of pages saved in part exactly, of others as many as their
   * written 64-byte lines hold.
   */
  readonly dirtyBytes: number;
  /** Every page of it and in full: a base that later deltas build on. */
  readonly whole: boolean;
}

/** Where the saved bytes of a page are in its region: pairs of an offset from the region's start and a length. */
export function savedRuns({ region, parts }: SavedRegion, page: number): Uint32Array {
  const from = firstRunFrom(parts, page);
  const to = firstRunFrom(parts, page + 1, from);
  if (from === to) {
    const { offset, bytes } = region.slice(page);
    return Uint32Array.of(offset, bytes);
  }
  const runs = new Uint32Array(2 * (to - from));
  for (let run = from; run < to; run++) {
    runs[2 * (run - from)] = parts.address[run] - region.spec.address;
    runs[2 * (run - from) + 1] = parts.bytes[run];
  }
  return runs;
}

/**
 * Goes through the saved pages.
 * @param tell is told a page, in how many runs it is saved, how many bytes those have, and whether it is saved in part
 */
export function eachSavedPage(
  { region, pages, parts }: SavedRegion,
  tell: (page: number, pieces: number, bytes: number, inPart: boolean) => void,
): void {
  const { address, bytes } = parts;
  let run = 0;
  for (const page of pages) {
    const first = run;
    let partBytes = 0;
    for (; run < address.length && pageOfRun(parts, run) === page; run++) partBytes += bytes[run];
    if (run > first) tell(page, run - first, partBytes, true);
    else tell(page, 1, region.bytesOn(page), false);
  }
}
