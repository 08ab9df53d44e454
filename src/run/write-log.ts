import { MOST_HYBRID_WRITES } from "../checkpoint/technique.ts";
import type { WrittenRuns } from "../checkpoint/written-bytes.ts";
import { bitRuns, setBits } from "../machine/bits.ts";
import type { WriteColumns } from "./recording.ts";

const PAGE_BYTES = 4096;
const WORDS_PER_PAGE = PAGE_BYTES / 32;

/** Writes to a page in an epoch that are told in their order: as many as may be emulated, and the one that opens the page. */
const ORDERED_WRITES = MOST_HYBRID_WRITES + 1;
const MOST_COUNT = 0xffffffff;

/**
 * Every write to the pages that are watched, as far as a log of the hypervisor's would hold it and a replay needs it: the
 * bytes written in each epoch, and how often which site wrote to which page. Memory is bounded by pages, sites and calls, and
 * not by writes.
 *
 * Each page's first write in an epoch is an event of its own and no entry here. Of the following ones those that are told in
 * their order make an entry where site and size are those of the page's write before; all others are added up by site.
 */
export class WriteLog {
  #bits = new Uint32Array(0);
  /** Writes to each page in this epoch, up to `ORDERED_WRITES`. */
  #writes = new Uint8Array(0);
  /** By page, 1 + index of its latest entry of this segment that is in order. */
  #ordered = new Int32Array(0);
  /** By page, 1 + index of its latest entry of this segment that is added up; others by `#before`. */
  #summed = new Int32Array(0);
  /** Pages that have an entry in this segment. */
  #pages: number[] = [];
  #page = new Uint32Array(1024);
  #site = new Int32Array(1024);
  #count = new Uint32Array(1024);
  #bytes = new Float64Array(1024);
  #before = new Int32Array(1024);
  #length = 0;

  /** Entries so far. */
  get length(): number {
    return this.#length;
  }

  /** The program's memory has this many pages from now on. */
  reach(pageCount: number): void {
    if (pageCount * WORDS_PER_PAGE <= this.#bits.length) return;
    const grown = <T extends Uint32Array | Uint8Array | Int32Array>(old: T, made: T): T => {
      made.set(old);
      return made;
    };
    this.#bits = grown(this.#bits, new Uint32Array(pageCount * WORDS_PER_PAGE));
    this.#writes = grown(this.#writes, new Uint8Array(pageCount));
    this.#ordered = grown(this.#ordered, new Int32Array(pageCount));
    this.#summed = grown(this.#summed, new Int32Array(pageCount));
  }

  /** The first write to a page in an epoch. @param address of its first byte on the page, as `bytes` are those on it */
  first(page: number, address: number, bytes: number): void {
    setBits(this.#bits, address, address + bytes);
    this.#writes[page] = 1;
  }

  /** A further one. */
  further(page: number, site: number, address: number, bytes: number): void {
    setBits(this.#bits, address, address + bytes);
    const inOrder = this.#writes[page] < ORDERED_WRITES;
    if (inOrder) this.#writes[page]++;
    let entry = (inOrder ? this.#ordered : this.#summed)[page] - 1;
    if (inOrder) {
      if (entry >= 0 && (this.#site[entry] !== site || this.#bytes[entry] !== bytes * this.#count[entry])) entry = -1;
    } else {
      while (entry >= 0 && (this.#site[entry] !== site || this.#count[entry] === MOST_COUNT))
        entry = this.#before[entry];
    }
    if (entry < 0) entry = this.#add(page, site, inOrder ? this.#ordered : this.#summed);
    this.#count[entry]++;
    this.#bytes[entry] += bytes;
  }

  /** A call of the checkpoint interface comes: what is written after it stands in entries of its own. */
  endSegment(): void {
    for (const page of this.#pages) {
      this.#ordered[page] = 0;
      this.#summed[page] = 0;
    }
    this.#pages = [];
  }

  /**
   * An epoch ends.
   * @param pages those with a first write in it
   * @param told those of them that were watched all the time: their bytes are returned
   */
  endEpoch(pages: Uint32Array, told: (page: number) => boolean): WrittenRuns {
    const address: number[] = [];
    const bytes: number[] = [];
    for (const page of pages.slice().sort()) {
      if (this.#writes[page] === 0) continue;
      this.#writes[page] = 0;
      const start = page * PAGE_BYTES;
      if (told(page)) {
        bitRuns(this.#bits, start, start + PAGE_BYTES, (from, end) => {
          const last = address.length - 1;
          if (last >= 0 && address[last] + bytes[last] === from) bytes[last] += end - from;
          else {
            address.push(from);
            bytes.push(end - from);
          }
        });
      }
      this.#bits.fill(0, page * WORDS_PER_PAGE, (page + 1) * WORDS_PER_PAGE);
    }
    return { address: Uint32Array.from(address), bytes: Uint32Array.from(bytes) };
  }

  columns(): WriteColumns {
    return {
      page: this.#page.slice(0, this.#length),
      site: this.#site.slice(0, this.#length),
      count: this.#count.slice(0, this.#length),
      bytes: this.#bytes.slice(0, this.#length),
    };
  }

  #add(page: number, site: number, latest: Int32Array): number {
    if (this.#length === this.#page.length) this.#grow();
    const entry = this.#length++;
    if (this.#ordered[page] === 0 && this.#summed[page] === 0) this.#pages.push(page);
    this.#page[entry] = page;
    this.#site[entry] = site;
    this.#before[entry] = latest[page] - 1;
    latest[page] = entry + 1;
    return entry;
  }

  #grow(): void {
    const { length } = this;
    const doubled = <T extends Uint32Array | Int32Array | Float64Array>(old: T, made: T): T => {
      made.set(old);
      return made;
    };
    this.#page = doubled(this.#page, new Uint32Array(2 * length));
    this.#site = doubled(this.#site, new Int32Array(2 * length));
    this.#count = doubled(this.#count, new Uint32Array(2 * length));
    this.#bytes = doubled(this.#bytes, new Float64Array(2 * length));
    this.#before = doubled(this.#before, new Int32Array(2 * length));
  }
}
