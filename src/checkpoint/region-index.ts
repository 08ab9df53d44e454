import { NO_REGION } from "../machine/context.ts";
import type { PageRegions, PageStretch } from "../machine/courses.ts";
import type { Region } from "./regions.ts";

const NOWHERE: PageStretch = { first: 0, end: 0, region: NO_REGION };

/** Which region a page of linear memory is charged to: the first that lies on it. */
export class RegionIndex implements PageRegions {
  /** Pages up to the last region's, cut where another region begins to count. */
  readonly #stretches: PageStretch[] = [];
  /** Number of the stretch of each of those pages. */
  readonly #stretchOf: Int32Array;
  /** What was found last; programs stay in a region for a while. */
  #found = NOWHERE;

  constructor(regions: readonly Region[]) {
    const end = regions.reduce((most, { pages }) => Math.max(most, pages.first + pages.pageCount), 0);
    const regionOf = new Int32Array(end).fill(NO_REGION);
    for (const { number, pages } of [...regions].reverse())
      regionOf.fill(number, pages.first, pages.first + pages.pageCount);
    this.#stretchOf = new Int32Array(end);
    for (let first = 0; first < end; ) {
      let next = first + 1;
      while (next < end && regionOf[next] === regionOf[first]) next++;
      this.#stretchOf.fill(this.#stretches.length, first, next);
      this.#stretches.push({ first, end: next, region: regionOf[first] });
      first = next;
    }
    this.#stretches.push({ first: end, end: Number.POSITIVE_INFINITY, region: NO_REGION });
  }

  /** The region of a page, or `NO_REGION`. */
  of(page: number): number {
    const { first, end, region } = this.#found;
    return page >= first && page < end ? region : this.around(page).region;
  }

  /** A page and those around it that have the same region. */
  around(page: number): PageStretch {
    const number = page < this.#stretchOf.length ? this.#stretchOf[page] : this.#stretches.length - 1;
    this.#found = this.#stretches[number];
    return this.#found;
  }
}
