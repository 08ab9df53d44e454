import { MOST_HYBRID_WRITES } from "../checkpoint/technique.ts";
import type { WrittenRuns } from "../checkpoint/written-bytes.ts";
import { bitRuns, setBits } from "../machine/bits.ts";
import type { WriteColumns } from "./recording.ts";

const PAGE_BYTES = 4096;
const WORDS_PER_PAGE = PAGE_BYTES / 32;

/** Writes to a page in an epoch that are told in their order: as many as may be emulated, and the one that opens the page. */
const ORDERED_WRITES = MOST_HYBRID_WRITES + 1;
const MOST_COUNT = 0xffffffff;

// What an entry has, side by side, as one write touches it all.
const SITE = 0;
const COUNT = 1;
const BYTES = 2;
const FIELDS = 3;

/**
 * Every write to the pages that are watched, as far as a log of the hypervisor's would hold it and a replay needs it: the
 * bytes written in each epoch, and how often which site wrote to which page. Memory is bounded by pages, sites, epochs and
 * calls, and not by writes.
 *
 * Each page's first write in an epoch is an event of its own and no entry here. Of the following ones those that are told in
 * their order make an entry for each run of one page, site and size; all others are summed up by page and site, from one
 * call of the checkpoint interface to the next.
 */
export class WriteLog {
  #bits: Uint32Array = new Uint32Array(0);
  /** Writes to each page in this epoch, up to `ORDERED_WRITES`. */
  #writes = new Uint8Array(0);
  /**
   * Summed entries by page and site: 1 + index, open addressing. What is older than this stretch counts as empty, so that a
   * new one need not clear it.
   */
  #slots = new Int32Array(1024);
  #slotsTaken = 0;
  /** Entries when this stretch began. */
  #stretchStart = 0;
  /** 1 + index of the ordered entry that the next write may go on with, 0 for none. */
  #latest = 0;
  #pages = new Uint32Array(1024);
  #entries = new Float64Array(1024 * FIELDS);
  #length = 0;

  /** Entries so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * The program's memory has this many pages from now on.
   * @param bits one for each byte of it that is written, where others set them too; else they are kept here
   */
  reach(pageCount: number, bits?: Uint32Array): void {
    if (bits !== undefined) this.#bits = bits;
    else if (pageCount * WORDS_PER_PAGE > this.#bits.length)
      this.#bits = copied(this.#bits, new Uint32Array(pageCount * WORDS_PER_PAGE));
    if (pageCount > this.#writes.length) this.#writes = copied(this.#writes, new Uint8Array(pageCount));
  }

  /** The first write to a page in an epoch. @param address of its first byte on the page, as `bytes` are those on it */
  first(page: number, address: number, bytes: number): void {
    setBits(this.#bits, address, address + bytes);
    this.#writes[page] = 1;
  }

  /** A further one. @returns the entry that it was added to, where all that follow of its page and site may be (`add`) */
  further(page: number, site: number, address: number, bytes: number): number | undefined {
    setBits(this.#bits, address, address + bytes);
    const isOrdered = this.#writes[page] < ORDERED_WRITES;
    let entry: number;
    if (isOrdered) {
      this.#writes[page]++;
      entry = this.#latest - 1;
      if (entry < 0 || this.#pages[entry] !== page || !this.#goesOn(entry, site, bytes))
        entry = this.#begin(page, site);
      this.#latest = entry + 1;
    } else {
      const slot = this.#slotOf(page, site);
      entry = this.#slots[slot] - 1;
      if (entry < this.#stretchStart) {
        entry = this.#begin(page, site);
        this.#slots[slot] = entry + 1;
        if (2 * ++this.#slotsTaken > this.#slots.length) this.#rehash();
      }
    }
    this.add(entry, 1, bytes);
    return isOrdered ? undefined : entry;
  }

  /** Adds writes to an entry, whose bits are set already. @param bytes of all of them */
  add(entry: number, count: number, bytes: number): void {
    this.#entries[entry * FIELDS + COUNT] += count;
    this.#entries[entry * FIELDS + BYTES] += bytes;
  }

  /** How many writes an entry has room for. */
  roomOf(entry: number): number {
    return MOST_COUNT - this.#entries[entry * FIELDS + COUNT];
  }

  /** Something else happens: what is written after it in order stands in entries of its own. */
  endRun(): void {
    this.#latest = 0;
  }

  /** A call of the checkpoint interface comes: all that is written after it does. */
  endStretch(): void {
    this.endRun();
    this.#stretchStart = this.#length;
    this.#slotsTaken = 0;
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
    const { length } = this;
    const column = <T extends Int32Array | Uint32Array | Float64Array>(field: number, made: T): T => {
      for (let i = 0; i < length; i++) made[i] = this.#entries[i * FIELDS + field];
      return made;
    };
    return {
      page: this.#pages.slice(0, length),
      site: column(SITE, new Int32Array(length)),
      count: column(COUNT, new Uint32Array(length)),
      bytes: column(BYTES, new Float64Array(length)),
    };
  }

  /** Whether an ordered entry is of this site and of writes of this size. */
  #goesOn(entry: number, site: number, bytes: number): boolean {
    const at = entry * FIELDS;
    return this.#entries[at + SITE] === site && this.#entries[at + BYTES] === bytes * this.#entries[at + COUNT];
  }

  /** The slot of this stretch's summed entry for a page and a site, or where it belongs. */
  #slotOf(page: number, site: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = Math.imul(page, 0x9e3779b1) ^ Math.imul(site, 0x85ebca6b);
    slot = (slot ^ (slot >>> 15)) & mask;
    for (;;) {
      const entry = slots[slot] - 1;
      if (entry < this.#stretchStart || this.#sums(entry, page, site)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #sums(entry: number, page: number, site: number): boolean {
    const at = entry * FIELDS;
    return this.#pages[entry] === page && this.#entries[at + SITE] === site && this.#entries[at + COUNT] < MOST_COUNT;
  }

  #rehash(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length);
    for (const taken of old) {
      if (taken <= this.#stretchStart) continue;
      this.#slots[this.#slotOf(this.#pages[taken - 1], this.#entries[(taken - 1) * FIELDS + SITE])] = taken;
    }
  }

  #begin(page: number, site: number): number {
    if (this.#length === this.#pages.length) {
      this.#pages = copied(this.#pages, new Uint32Array(2 * this.#length));
      this.#entries = copied(this.#entries, new Float64Array(2 * this.#length * FIELDS));
    }
    const entry = this.#length++;
    this.#pages[entry] = page;
    this.#entries[entry * FIELDS + SITE] = site;
    return entry;
  }
}

function copied<T extends Uint8Array | Uint32Array | Int32Array | Float64Array>(old: T, made: T): T {
  made.set(old);
  return made;
}
