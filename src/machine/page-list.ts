const FEWEST = 64;
const NONE = new Uint32Array(0);
/** Pages of a block, in which lists lie one behind the other, and of the longest of them. */
const BLOCK_PAGES = 16_384;
const LONGEST = 1024;
/** Memory of lists that were taken, for the next ones: as a rule one of them is made at a time. */
const free: Uint32Array[] = [];
/** The block that is being filled, and how far it is. */
let block = NONE;
let filled = 0;

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

  /** All of them: nothing is added afterwards. Short ones share their memory with others, so that it is not to be sent away. */
  take(): Uint32Array {
    const pages = kept(this.#pages, this.#count);
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

/** A copy of the first pages. Memory of its own takes an array longer to get than its pages take to be copied. */
function kept(pages: Uint32Array, count: number): Uint32Array {
  if (count === 0) return NONE;
  if (count > LONGEST) return pages.slice(0, count);
  if (filled + count > block.length) {
    block = new Uint32Array(BLOCK_PAGES);
    filled = 0;
  }
  const from = filled;
  filled += count;
  for (let i = 0; i < count; i++) block[from + i] = pages[i];
  return block.subarray(from, filled);
}
