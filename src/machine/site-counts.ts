import { NO_SITE } from "./context.ts";

const FEWEST = 64;

/** Counts sites, for charges that are made once for all that one of them did. */
export class SiteCounts {
  /** By site, from `NO_SITE` on; all 0 between two uses. */
  #times = new Int32Array(FEWEST);
  readonly #sites: number[] = [];

  /**
   * Counts some of a column's sites.
   * @returns each that is among them once, in the order of their first places; every one is to be taken before the next use
   */
  count(column: Int32Array, from: number, to: number): readonly number[] {
    const sites = this.#sites;
    sites.length = 0;
    for (let i = from; i < to; ) {
      const site = column[i];
      let end = i + 1;
      while (end < to && column[end] === site) end++;
      if (site - NO_SITE >= this.#times.length) this.#grow(site);
      if (this.#times[site - NO_SITE] === 0) sites.push(site);
      this.#times[site - NO_SITE] += end - i;
      i = end;
    }
    return sites;
  }

  /** How often a site was counted; from here on, it was not. */
  take(site: number): number {
    const times = this.#times[site - NO_SITE];
    this.#times[site - NO_SITE] = 0;
    return times;
  }

  #grow(site: number): void {
    const grown = new Int32Array(Math.max(2 * this.#times.length, site - NO_SITE + 1));
    grown.set(this.#times);
    this.#times = grown;
  }
}
