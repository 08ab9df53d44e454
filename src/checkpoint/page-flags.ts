import type { PageRange } from "../xen/checkpoint-service.ts";

/** One flag for each page of a process, for any page number: grows as pages are set. */
export class PageFlags {
  #first = 0;
  #flags = new Uint8Array(0);

  has(page: number): boolean {
    return this.#flags[page - this.#first] === 1;
  }

  set(page: number): void {
    this.#reach(page, 1);
    this.#flags[page - this.#first] = 1;
  }

  clear(page: number): void {
    const index = page - this.#first;
    if (index >= 0 && index < this.#flags.length) this.#flags[index] = 0;
  }

  fill(first: number, pageCount: number, value: 0 | 1): void {
    if (pageCount === 0) return;
    this.#reach(first, pageCount);
    this.#flags.fill(value, first - this.#first, first - this.#first + pageCount);
  }

  /** The runs of set pages in `ranges`, in their order. */
  runsIn(ranges: readonly PageRange[]): PageRange[] {
    const runs: PageRange[] = [];
    for (const { first, pageCount } of ranges) {
      const end = first + pageCount;
      for (let page = first; page < end; ) {
        if (!this.has(page++)) continue;
        const start = page - 1;
        while (page < end && this.has(page)) page++;
        runs.push({ first: start, pageCount: page - start });
      }
    }
    return runs;
  }

  #reach(first: number, pageCount: number): void {
    const end = first + pageCount;
    if (this.#flags.length === 0) this.#first = first;
    if (first >= this.#first && end <= this.#first + this.#flags.length) return;
    const newFirst = Math.min(first, this.#first);
    const newEnd = Math.max(end, this.#first + this.#flags.length);
    const slack = Math.ceil((newEnd - newFirst) / 2);
    const flags = new Uint8Array(newEnd - newFirst + slack);
    flags.set(this.#flags, this.#first - newFirst);
    this.#first = newFirst;
    this.#flags = flags;
  }
}
