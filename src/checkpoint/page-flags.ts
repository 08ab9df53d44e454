import type { PageBytes } from "../machine/page-bytes.ts";
import { PageStates } from "../machine/page-states.ts";
import { WINDOW_PAGES } from "../machine/page-table.ts";
import type { PageRange } from "../xen/checkpoint-service.ts";
import { pageCountOf } from "./pages.ts";

/** Where fewer than one page in so many is taken, they are cleared one by one. */
const FEWEST_TAKEN = 32;

/** One flag for each page of a process. */
export class PageFlags {
  readonly #pages: PageBytes;
  readonly #flags: Uint8Array;
  readonly #count: Int32Array;

  /** @param states needed for flags that a store asks or changes: a handler of faults, or whether a page is armed */
  constructor(states = new PageStates(WINDOW_PAGES)) {
    this.#pages = states.bytes();
    this.#flags = this.#pages.bytes;
    this.#count = states.count();
  }

  /** Pages whose flag is set. */
  get count(): number {
    return this.#count[0];
  }

  has(page: number): boolean {
    return this.#flags[page] === 1;
  }

  set(page: number): void {
    this.#count[0] += 1 - this.#flags[page];
    this.#flags[page] = 1;
  }

  setAll(pages: Uint32Array): void {
    for (let i = 0; i < pages.length; i++) this.set(pages[i]);
  }

  clear(page: number): void {
    this.#count[0] -= this.#flags[page];
    this.#flags[page] = 0;
  }

  fill(first: number, pageCount: number, value: 0 | 1): void {
    const end = first + pageCount;
    this.#count[0] += value === 1 ? pageCount - this.#countIn(first, end) : -this.#countIn(first, end);
    this.#pages.fill(value, first, end);
  }

  /** The runs of set pages in `ranges`, in their order. */
  runsIn(ranges: readonly PageRange[]): PageRange[] {
    const runs: PageRange[] = [];
    for (const { first, pageCount } of ranges)
      this.#eachRun(first, first + pageCount, (run, end) => runs.push({ first: run, pageCount: end - run }));
    return runs;
  }

  /**
   * Clears the flags in `ranges`, which are disjoint.
   * @returns the pages that were set, in the order of the ranges
   */
  take(ranges: readonly PageRange[]): Uint32Array {
    const taken = this.#pages.pagesWith(1, ranges);
    this.#count[0] -= taken.length;
    // Filling a stretch is quicker than going through some of it.
    if (FEWEST_TAKEN * taken.length < pageCountOf(ranges)) for (const page of taken) this.#flags[page] = 0;
    else for (const { first, pageCount } of ranges) this.#pages.fill(0, first, first + pageCount);
    return taken;
  }

  #countIn(first: number, end: number): number {
    // All or none, mostly.
    if (this.#count[0] === 0) return 0;
    let count = 0;
    this.#eachRun(first, end, (run, runEnd) => {
      count += runEnd - run;
    });
    return count;
  }

  /** Tells the runs of set flags from `first` to before `end`. */
  #eachRun(first: number, end: number, tell: (run: number, runEnd: number) => void): void {
    const pages = this.#pages;
    for (let run = pages.next(1, first, end); run < end; ) {
      const runEnd = pages.alikeUntil(run, end);
      tell(run, runEnd);
      run = pages.next(1, runEnd, end);
    }
  }
}
