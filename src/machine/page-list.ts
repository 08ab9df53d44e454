/** Pages that are found one after the other: takes no more memory than there are. */
export class PageList {
  #pages = new Uint32Array(64);
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

  /** The pages so far: a copy. */
  pages(): Uint32Array {
    return this.#pages.slice(0, this.#count);
  }

  #grow(length: number): void {
    const pages = new Uint32Array(Math.max(length, 2 * this.#pages.length));
    pages.set(this.#pages);
    this.#pages = pages;
  }
}
