import { bitCount } from "../machine/bits.ts";
import { oncePer } from "../machine/once-per.ts";
import { firstAtLeast } from "../machine/sorted.ts";
import type { PageRange } from "../xen/checkpoint-service.ts";
import { LINE_BYTES, PAGE_BYTES } from "./pages.ts";

/** 64-byte lines that were written, as columns, with a page once: bit i of `low` is line i, of `high` line 32 + i. */
export interface WrittenLines {
  /** Of linear memory. */
  readonly pages: Uint32Array;
  readonly low: Uint32Array;
  readonly high: Uint32Array;
}

const LINES_PER_PAGE = PAGE_BYTES / LINE_BYTES;
const NO_LINES: WrittenLines = { pages: new Uint32Array(0), low: new Uint32Array(0), high: new Uint32Array(0) };
/** All bits of a word, as the bit operations have it: signed. */
const ALL = -1;
/** More than a linear memory has pages. */
const MOST_ENTRIES = 2 ** 22;
/** Of fewer pages lines are counted one page after the other. */
const FEWEST_PAGES = 16;

/**
 * Which lines of a region's pages were written since each page was last saved; of one that never was, all. What was written
 * in one epoch is mostly saved at its end, so that it is read where it was noted; only what is left is kept page by page.
 */
export class PendingLines {
  readonly #first: number;
  readonly #pageCount: number;
  /** All lines of all pages. */
  #isAll = true;
  /** Two words for each page: what is left of earlier epochs. Made when there is something. */
  #left: Uint32Array | undefined;
  /** The lines noted last, the first of them that was not taken, and the end of this region's. */
  #noted = NO_LINES;
  #at = 0;
  #end = 0;
  /** Lines of the page taken last, and how many were since the last `finish`. */
  #low = 0;
  #high = 0;
  #takenPages = 0;

  constructor({ first, pageCount }: PageRange) {
    this.#first = first;
    this.#pageCount = pageCount;
  }

  /** Lines were written. @param lines with their pages ascending */
  note(lines: WrittenLines): void {
    this.#leave(this.#end);
    this.#noted = lines;
    this.#at = firstAtLeast(lines.pages, this.#first);
    this.#end = firstAtLeast(lines.pages, this.#first + this.#pageCount, this.#at);
  }

  /** All lines of a page. */
  add(page: number): void {
    if (!this.#isAll) this.#or(page, ALL, ALL);
  }

  addAll(): void {
    this.#isAll = true;
    this.#left = undefined;
    this.#at = this.#end;
  }

  /**
   * Takes the lines of a page, which `low` and `high` tell then. Pages come ascending, all of them where all lines are pending;
   * `finish` comes after the last.
   */
  take(page: number): void {
    const { pages, low, high } = this.#noted;
    this.#takenPages++;
    this.#low = 0;
    this.#high = 0;
    this.#skip(page);
    if (this.#at < this.#end && pages[this.#at] === page) {
      this.#low = low[this.#at];
      this.#high = high[this.#at];
      this.#at++;
    }
    if (this.#isAll) {
      this.#low = ALL;
      this.#high = ALL;
    } else if (this.#left !== undefined) {
      const k = 2 * (page - this.#first);
      this.#low |= this.#left[k];
      this.#high |= this.#left[k + 1];
      this.#left[k] = 0;
      this.#left[k + 1] = 0;
    }
  }

  /** Takes the lines of all pages from `first` to before `end`, as `take` does. @returns how many those are */
  takeAll(first: number, end: number): number {
    if (this.#left !== undefined || end - first < FEWEST_PAGES) {
      let lines = 0;
      for (let page = first; page < end; page++) {
        this.take(page);
        if ((this.#low | this.#high) !== 0) lines += bitCount(this.#low) + bitCount(this.#high);
      }
      return lines;
    }
    this.#takenPages += end - first;
    this.#skip(first);
    const from = this.#at;
    this.#at = firstAtLeast(this.#noted.pages, end, from);
    if (this.#isAll) return LINES_PER_PAGE * (end - first);
    const before = linesBefore(this.#noted);
    return before[this.#at] - before[from];
  }

  /** As `WrittenLines` has them, but signed. */
  get low(): number {
    return this.#low;
  }

  get high(): number {
    return this.#high;
  }

  /** All that is to be saved now was taken. */
  finish(): void {
    const tookAll = this.#takenPages === this.#pageCount;
    this.#takenPages = 0;
    if (this.#isAll && !tookAll) throw new Error("a region of which all is pending was saved in part");
    this.#isAll = false;
    this.#leave(this.#end);
    if (tookAll) this.#left = undefined;
  }

  /** Tells the pages that have lines, ascending. */
  eachPage(tell: (page: number) => void): void {
    const { pages } = this.#noted;
    let at = this.#at;
    for (let page = this.#first; page < this.#first + this.#pageCount; page++) {
      const isNoted = at < this.#end && pages[at] === page;
      if (isNoted) at++;
      const k = 2 * (page - this.#first);
      const isLeft = this.#left !== undefined && (this.#left[k] | this.#left[k + 1]) !== 0;
      if (isNoted || isLeft || this.#isAll) tell(page);
    }
  }

  /** Leaves what was noted of pages before this one. */
  #skip(page: number): void {
    const { pages } = this.#noted;
    if (this.#at < this.#end && pages[this.#at] < page) this.#leave(firstAtLeast(pages, page, this.#at));
  }

  /** Keeps what was noted, up to before an entry, for later. */
  #leave(end: number): void {
    const { pages, low, high } = this.#noted;
    for (; this.#at < end; this.#at++) if (!this.#isAll) this.#or(pages[this.#at], low[this.#at], high[this.#at]);
  }

  #or(page: number, low: number, high: number): void {
    this.#left ??= new Uint32Array(2 * this.#pageCount);
    this.#left[2 * (page - this.#first)] |= low;
    this.#left[2 * (page - this.#first) + 1] |= high;
  }
}

/** Lines by their pages, ascending. An epoch's are asked for by each machine that goes through it: kept as long as the epoch is. */
export const byPage: (lines: WrittenLines) => WrittenLines = oncePer(sortedByPage);

function sortedByPage(lines: WrittenLines): WrittenLines {
  const { pages, low, high } = lines;
  if (pages.every((page, i) => i === 0 || pages[i - 1] < page)) return lines;
  const count = pages.length;
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) keys[i] = pages[i] * MOST_ENTRIES + i;
  keys.sort();
  const sorted = { pages: new Uint32Array(count), low: new Uint32Array(count), high: new Uint32Array(count) };
  for (let at = 0; at < count; at++) {
    const page = Math.floor(keys[at] / MOST_ENTRIES);
    const i = keys[at] - page * MOST_ENTRIES;
    sorted.pages[at] = page;
    sorted.low[at] = low[i];
    sorted.high[at] = high[i];
  }
  return sorted;
}

/** How many lines come before each entry, and after the last: of an epoch's, too, kept as long as they are. */
const linesBefore = oncePer(({ low, high }: WrittenLines): Uint32Array => {
  const before = new Uint32Array(low.length + 1);
  for (let i = 0; i < low.length; i++) before[i + 1] = before[i] + bitCount(low[i]) + bitCount(high[i]);
  return before;
});
