const FEWEST = 64;
const NONE = new Uint32Array(0);
/** Memory of lists that were taken, for the next ones: as a rule one of them is made at a time. */
const free: Uint32Array[] = [];

/** Pages that are found one after the other: takes no more memory than there are. */
export class PageList {
  #pages = free.pop() ?? NONE;
  #count = 0;

  get length(): number {
    return this.#count;
  }

  add(page: number): void {
    if (this.#count === this.#pages.length) this.#grow(this.#count + 1);
    this.#pages[this.#count++] = page;
  }

  /** All pages from `first` to before `end`. */
  addAll(first: number, end: number): void {
    const length = this.#count + end - first;
    if (length > this.#pages.length) this.#grow(length);
    const pages = this.#pages;
    for (let page = first, i = this.#count; page < end; page++, i++) pages[i] = page;
    this.#count = length;
  }

  /** All of them: nothing is added afterwards. */
  take(): Uint32Array {
    const pages = this.#count === 0 ? NONE : this.#pages.slice(0, this.#count);
    free.push(this.#pages);
    this.#pages = NONE;
    return pages;
  }

  #grow(length: number): void {
    const pages = new Uint32Array(Math.max(length, 2 * this.#pages.length, FEWEST));
    pages.set(this.#pages);
    this.#pages = pages;
  }
}
