import { PageBytes } from "../machine/page-bytes.ts";
import type { PageRange } from "../xen/checkpoint-service.ts";

/** One flag for each page of a process, for any page number: grows as pages are set. */
export class PageFlags {
  #first = 0;
  #pages = new PageBytes(0);
  #flags = this.#pages.bytes;
  #count = 0;

  /** Pages whose flag is set. */
  get count(): number {
    return this.#count;
  }

  has(page: number): boolean {
    return this.#flags[page - this.#first] === 1;
  }

  set(page: number): void {
    if (this.has(page)) return;
    this.#reach(page, 1);
    this.#flags[page - this.#first] = 1;
    this.#count++;
  }

  /** @param pages ascending */
  setAll(pages: Uint32Array): void {
    if (pages.length === 0) return;
    this.#reach(pages[0], pages[pages.length - 1] - pages[0] + 1);
    const flags = this.#flags;
    for (let i = 0; i < pages.length; i++) {
      const at = pages[i] - this.#first;
      this.#count += 1 - flags[at];
      flags[at] = 1;
    }
  }

  clear(page: number): void {
    if (!this.has(page)) return;
    this.#flags[page - this.#first] = 0;
    this.#count--;
  }

  fill(first: number, pageCount: number, value: 0 | 1): void {
    if (pageCount === 0) return;
    this.#reach(first, pageCount);
    const { start, end } = this.#within(first, pageCount);
    this.#count += value === 1 ? pageCount - this.#countIn(start, end) : -this.#countIn(start, end);
    this.#flags.fill(value, start, end);
  }

  /** The runs of set pages in `ranges`, in their order. */
  runsIn(ranges: readonly PageRange[]): PageRange[] {
    const runs: PageRange[] = [];
    for (const { first, pageCount } of ranges) {
      const { start, end } = this.#within(first, pageCount);
      this.#eachRun(start, end, (run, runEnd) => runs.push({ first: run + this.#first, pageCount: runEnd - run }));
    }
    return runs;
  }

  /**
   * Clears the flags in `ranges`, which are disjoint.
   * @returns the pages that were set, in the order of the ranges
   */
  take(ranges: readonly PageRange[]): Uint32Array {
    const within = ranges.map(({ first, pageCount }) => {
      const { start, end } = this.#within(first, pageCount);
      return { first: start, pageCount: end - start };
    });
    const taken = this.#pages.pagesWith(1, within);
    for (const page of taken) this.#flags[page] = 0;
    this.#count -= taken.length;
    return taken.map((page) => page + this.#first);
  }

  /** The part of a range that there are flags for, as indexes. */
  #within(first: number, pageCount: number): { readonly start: number; readonly end: number } {
    const start = Math.max(first - this.#first, 0);
    return { start, end: Math.min(first - this.#first + pageCount, this.#flags.length) };
  }

  #countIn(start: number, end: number): number {
    // All or none, mostly.
    if (this.#count === 0) return 0;
    let count = 0;
    this.#eachRun(start, end, (run, runEnd) => {
      count += runEnd - run;
    });
    return count;
  }

  /** Tells the runs of set flags between two indexes. */
  #eachRun(start: number, end: number, tell: (run: number, runEnd: number) => void): void {
    const pages = this.#pages;
    for (let run = pages.next(1, start, end); run < end; ) {
      const runEnd = pages.alikeUntil(run, end);
      tell(run, runEnd);
      run = pages.next(1, runEnd, end);
    }
  }

  #reach(first: number, pageCount: number): void {
    const end = first + pageCount;
    if (this.#flags.length === 0) this.#first = first;
    if (first >= this.#first && end <= this.#first + this.#flags.length) return;
    // Room on the side where it grows: neither many pages upwards nor many downwards are copied each time.
    const slack = Math.ceil(this.#flags.length / 2);
    const newFirst = first < this.#first ? Math.max(0, first - slack) : this.#first;
    const oldEnd = this.#first + this.#flags.length;
    const newEnd = end > oldEnd ? end + slack : oldEnd;
    const pages = new PageBytes(newEnd - newFirst);
    pages.bytes.set(this.#flags, this.#first - newFirst);
    this.#first = newFirst;
    this.#pages = pages;
    this.#flags = pages.bytes;
  }
}
