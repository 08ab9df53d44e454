import { WINDOW_PAGES } from "../machine/page-table.ts";

/** Flags of a VMA. Two neighbours with the same flags are one VMA, as Linux merges them. */
export const VMA_MAPPED = 1;
export const VMA_READ = 2;
export const VMA_WRITE = 4;
/** madvise(MADV_NOHUGEPAGE). */
export const VMA_NO_HUGE = 8;
/** Registered with a userfaultfd for write protection. */
export const VMA_UFFD_WP = 16;
/** A private mapping of a file that nobody has written to: its pages are those of the page cache, all of which are there. */
export const VMA_FILE = 32;
/** A mapping of something else than anonymous memory: never merges with ours. */
export const VMA_SPECIAL = 64;

const WORDS = WINDOW_PAGES / 32;
/** log2 of the pages of a part. */
const PART_SHIFT = 12;
const PART_PAGES = 1 << PART_SHIFT;
/** A part where nothing was written yet. */
const NOTHING = new Uint8Array(PART_PAGES);

/**
 * Which parts of the address space are mapped and how: the window is cut into stretches with the same flags, holes being
 * stretches with flags 0. A bit marks the first page of each stretch; summaries of 32 bits each above it make the
 * stretch of any page, its end, a split and a merge a few word operations, whatever the number of VMAs.
 *
 * A bound between two stretches with equal flags is a VMA border that was not merged; `mprotect` decides that.
 */
export class VmaMap {
  /** Flags of the stretch that starts at a page, in parts that are made when something is written there. */
  readonly #flags = new Array<Uint8Array>(WINDOW_PAGES >> PART_SHIFT).fill(NOTHING);
  readonly #starts = new Int32Array(WORDS);
  readonly #level1 = new Int32Array(WORDS / 32);
  readonly #level2 = new Int32Array(WORDS / 1024);
  readonly #level3 = new Int32Array(WORDS / 32768);
  #count = 0;
  /** A stretch that was found twice, for the next look; empty when it was found once, or bounds have changed. */
  #knownStart = -1;
  #knownEnd = -1;
  /** The page after the last one of the window. */
  readonly end = WINDOW_PAGES;

  constructor() {
    this.#mark(0);
  }

  /** Number of VMAs (holes not counted). */
  get count(): number {
    return this.#count;
  }

  /** First page of the stretch that holds a page. */
  startOf(page: number): number {
    if (page >= this.#knownStart && page < this.#knownEnd) return this.#knownStart;
    const start = this.#findStart(page);
    // Its end is looked for when it is found again: where every access splits, that would be in vain.
    this.#knownEnd = start === this.#knownStart ? this.endOf(page) : start;
    this.#knownStart = start;
    return start;
  }

  #findStart(page: number): number {
    let index = page >> 5;
    let bits = this.#starts[index] & (-1 >>> (31 - (page & 31)));
    if (bits !== 0) return (index << 5) + 31 - Math.clz32(bits);
    const l1 = previous(this.#level1, index);
    if (l1 >= 0) index = l1;
    else {
      let up = index >> 5;
      const l2 = previous(this.#level2, up);
      if (l2 >= 0) up = l2;
      else {
        let top = up >> 5;
        const l3 = previous(this.#level3, top);
        if (l3 >= 0) top = l3;
        else {
          let word = (top >> 5) - 1;
          while (this.#level3[word] === 0) word--;
          top = (word << 5) + 31 - Math.clz32(this.#level3[word]);
        }
        up = (top << 5) + 31 - Math.clz32(this.#level2[top]);
      }
      index = (up << 5) + 31 - Math.clz32(this.#level1[up]);
    }
    bits = this.#starts[index];
    return (index << 5) + 31 - Math.clz32(bits);
  }

  /** The page after the last one of the stretch that holds a page. */
  endOf(page: number): number {
    if (page >= this.#knownStart && page < this.#knownEnd) return this.#knownEnd;
    const next = page + 1;
    if (next >= WINDOW_PAGES) return WINDOW_PAGES;
    let index = next >> 5;
    const bits = this.#starts[index] & (-1 << (next & 31));
    if (bits !== 0) return (index << 5) + lowest(bits);
    const l1 = following(this.#level1, index);
    if (l1 >= 0) index = l1;
    else {
      let up = index >> 5;
      const l2 = following(this.#level2, up);
      if (l2 >= 0) up = l2;
      else {
        let top = up >> 5;
        const l3 = following(this.#level3, top);
        if (l3 >= 0) top = l3;
        else {
          let word = (top >> 5) + 1;
          while (word < this.#level3.length && this.#level3[word] === 0) word++;
          if (word >= this.#level3.length) return WINDOW_PAGES;
          top = (word << 5) + lowest(this.#level3[word]);
        }
        up = (top << 5) + lowest(this.#level2[top]);
      }
      index = (up << 5) + lowest(this.#level1[up]);
    }
    return (index << 5) + lowest(this.#starts[index]);
  }

  /** Flags of the stretch that holds a page; 0 in a hole. */
  flagsOf(page: number): number {
    return this.flagsAt(this.startOf(page));
  }

  /** Flags of the stretch that starts at `start`, which must be a start. */
  flagsAt(start: number): number {
    return this.#flags[start >> PART_SHIFT][start & (PART_PAGES - 1)];
  }

  isStart(page: number): boolean {
    return (this.#starts[page >> 5] & (1 << (page & 31))) !== 0;
  }

  /** Makes `page` the start of a stretch with the flags of the one it is cut from. */
  split(page: number): void {
    if (page >= WINDOW_PAGES || this.isStart(page)) return;
    const flags = this.flagsOf(page);
    this.#mark(page);
    this.#write(page, flags);
    if (flags !== 0) this.#count++;
  }

  /** Joins the stretch that starts at `page` to the one before it. */
  join(page: number): void {
    if (this.flagsAt(page) !== 0) this.#count--;
    this.#write(page, 0);
    this.#clear(page);
  }

  /**
   * Moves the border between the stretch that starts at `from` and the one before it.
   * @param to inside one of them
   * @param other the other end of that one, which becomes shorter
   */
  shift(from: number, to: number, other: number): void {
    const flags = this.flagsAt(from);
    this.#write(from, 0);
    this.#clear(from);
    this.#mark(to);
    this.#write(to, flags);
    // It is mostly what is looked for next.
    this.#knownStart = Math.min(to, other);
    this.#knownEnd = Math.max(to, other);
  }

  /** Changes the flags of the stretch that starts at `start`. */
  setFlags(start: number, flags: number): void {
    if ((this.flagsAt(start) !== 0) !== (flags !== 0)) this.#count += flags !== 0 ? 1 : -1;
    this.#write(start, flags);
  }

  /** Becomes what another map is, with flags left out. It must be as new. */
  copy(other: VmaMap, without: number): void {
    for (let start = 0; start < WINDOW_PAGES; start = other.endOf(start)) {
      const flags = other.flagsAt(start) & ~without;
      this.split(start);
      if (flags !== this.flagsAt(start)) this.setFlags(start, flags);
    }
  }

  #write(page: number, flags: number): void {
    let part = this.#flags[page >> PART_SHIFT];
    if (part === NOTHING) {
      part = new Uint8Array(PART_PAGES);
      this.#flags[page >> PART_SHIFT] = part;
    }
    part[page & (PART_PAGES - 1)] = flags;
  }

  #forget(): void {
    this.#knownStart = -1;
    this.#knownEnd = -1;
  }

  #mark(page: number): void {
    this.#forget();
    this.#starts[page >> 5] |= 1 << (page & 31);
    this.#level1[page >> 10] |= 1 << ((page >> 5) & 31);
    this.#level2[page >> 15] |= 1 << ((page >> 10) & 31);
    this.#level3[page >> 20] |= 1 << ((page >> 15) & 31);
  }

  #clear(page: number): void {
    this.#forget();
    this.#starts[page >> 5] &= ~(1 << (page & 31));
    if (this.#starts[page >> 5] !== 0) return;
    this.#level1[page >> 10] &= ~(1 << ((page >> 5) & 31));
    if (this.#level1[page >> 10] !== 0) return;
    this.#level2[page >> 15] &= ~(1 << ((page >> 10) & 31));
    if (this.#level2[page >> 15] !== 0) return;
    this.#level3[page >> 20] &= ~(1 << ((page >> 15) & 31));
  }
}

/** The highest set bit below `index` in its own word, as an index, or -1. */
function previous(words: Int32Array, index: number): number {
  const bit = index & 31;
  if (bit === 0) return -1;
  const bits = words[index >> 5] & (-1 >>> (32 - bit));
  return bits === 0 ? -1 : (index & ~31) + 31 - Math.clz32(bits);
}

/** The lowest set bit above `index` in its own word, as an index, or -1. */
function following(words: Int32Array, index: number): number {
  const bit = index & 31;
  if (bit === 31) return -1;
  const bits = words[index >> 5] & (-1 << (bit + 1));
  return bits === 0 ? -1 : (index & ~31) + lowest(bits);
}

function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
