import type { PageRange } from "../xen/checkpoint-service.ts";

/** Pages in the order in which they were noted: what the handler of a fault writes down. */
export class PageList {
  #pages = new Float64Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(page: number): void {
    if (this.#length === this.#pages.length) {
      const pages = new Float64Array(2 * this.#length);
      pages.set(this.#pages);
      this.#pages = pages;
    }
    this.#pages[this.#length++] = page;
  }

  /**
   * Takes the pages in `ranges` out of the list.
   * @returns them, ascending
   */
  take(ranges: readonly PageRange[]): Float64Array {
    const pages = this.#pages;
    const taken = new Float64Array(this.#length);
    let takenCount = 0;
    let left = 0;
    for (let i = 0; i < this.#length; i++) {
      const page = pages[i];
      if (ranges.some(({ first, pageCount }) => page >= first && page < first + pageCount)) taken[takenCount++] = page;
      else pages[left++] = page;
    }
    this.#length = left;
    return taken.subarray(0, takenCount).sort();
  }
}
