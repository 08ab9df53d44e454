import { PageBytes } from "./page-bytes.ts";
import { PageStates } from "./page-states.ts";

/**
 * The L1 entries of one process, as flags: the frames themselves do not matter to what is counted. Beside what the guest's
 * kernel wrote there stands what a hypervisor that has tables of its own withholds; the processor grants what both do.
 *
 * Pages are numbered from the start of a window of the address space that holds all mappings, so that numbers stay small
 * integers. One page-table page covers 512 pages.
 */

/** Entry maps a frame. */
export const PTE_PRESENT = 1;
/** Stores are allowed. */
export const PTE_WRITABLE = 2;
/** The processor (or the kernel on its behalf) has seen a store. */
export const PTE_DIRTY = 4;
/** Linux: stored to since the last clear_refs. */
export const PTE_SOFT_DIRTY = 8;
/** Linux: write-protected by userfaultfd. */
export const PTE_UFFD_WP = 16;
/** Maps the shared page of zeros, not a page of its own. */
export const PTE_ZERO_PAGE = 32;
/** The frame is shared with another process (after fork). */
export const PTE_SHARED = 64;
/** Linux: mapped by the kernel but closed to user mode (PROT_NONE); not present for the processor. */
export const PTE_PROT_NONE = 128;

/** A hypervisor's own tables map nothing there: no access. */
export const WITHHELD_ACCESS = 1;
/** They let nobody write. */
export const WITHHELD_WRITE = 2;
/** They let a store pass, and the processor sets the D bit of their entry by it. */
export const WITHHELD_DIRTY = 4;
/** Their entry is to be recalculated before it lets somebody write: never set alone. */
export const WITHHELD_STALE = 8;

/** What a store needs to complete without the machine's help. */
export const PTE_STORE = PTE_PRESENT | PTE_WRITABLE | PTE_DIRTY;

/** log2 of the pages that one page-table page covers. */
export const TABLE_SHIFT = 9;
/** Pages that one page-table page covers. */
export const TABLE_PAGES = 1 << TABLE_SHIFT;

/** Pages of the window: 8 GiB, room for a reserved linear memory of 4 GiB and what else a process maps. */
export const WINDOW_PAGES = 1 << 21;

export class PageTable {
  /** This and all else that is kept of each page. */
  readonly states = new PageStates(WINDOW_PAGES);
  readonly #entries = this.states.bytes();
  /** Flags of each page; read freely, written through `set` and `setAll` only. */
  readonly flags = this.#entries.bytes;
  /**
   * What the hypervisor's own tables (shadow entries, second-level translation) hold back of what `flags` grants; bits
   * above. Always 0 where the processor walks the guest's tables alone. Read freely, written through `withhold` only.
   */
  readonly #withheld = new PageBytes(WINDOW_PAGES);
  readonly withheld = this.#withheld.bytes;
  #withholds = false;
  #onWrite: ((page: number) => void) | undefined;
  #watchFirst = 0;
  #watchCount = 0;
  #watchTable: Uint8Array = new Uint8Array(0);
  #watchBit = 0;

  set(page: number, flags: number): void {
    this.#onWrite?.(page);
    this.flags[page] = flags;
    this.#update(page);
  }

  /** The same flags for all pages from `first` to before `end`. */
  setAll(first: number, end: number, flags: number): void {
    if (end - first === 1 || this.#onWrite !== undefined) {
      for (let page = first; page < end; page++) this.set(page, flags);
      return;
    }
    this.#entries.fill(flags, first, end);
    this.#updateAll(first, end);
  }

  /**
   * Where the stretch of entries ends, at `end` at the latest, that begins with a page's and in which all are alike. A walk
   * over many entries does to all of them what it does to one.
   */
  alikeUntil(page: number, end: number): number {
    return this.#entries.alikeUntil(page, end);
  }

  /** The same, where what somebody keeps about each page is to be alike, too. */
  alikeWithUntil(kept: PageBytes, page: number, end: number): number {
    return this.#entries.alikeWithUntil(kept, page, end);
  }

  /** The same, where what is withheld is to be alike, too. */
  alikeWithheldUntil(page: number, end: number): number {
    return this.#entries.alikeWithUntil(this.#withheld, page, end);
  }

  /** The first entry from a page's on, before `end`, that has one of these flags; `end` when none has. */
  nextWith(flags: number, page: number, end: number): number {
    return this.#entries.next(flags, page, end);
  }

  /** Has somebody told of every change of an entry, before it is made. */
  observeWrites(listener: (page: number) => void): void {
    this.#onWrite = listener;
  }

  withhold(page: number, bits: number): void {
    if (!this.#withholds) this.#beginToWithhold();
    this.withheld[page] = bits;
    this.#update(page);
  }

  /** The same of all pages from `first` to before `end`. */
  withholdAll(first: number, end: number, bits: number): void {
    if (end - first === 1) {
      this.withhold(first, bits);
      return;
    }
    if (!this.#withholds) this.#beginToWithhold();
    this.#withheld.fill(bits, first, end);
    this.#updateAll(first, end);
  }

  /** The same of every page. */
  withholdEverywhere(bits: number): void {
    this.withholdAll(0, WINDOW_PAGES, bits);
  }

  /** Whether a store completes without anything to do for anybody. */
  completesStore(page: number): boolean {
    return (this.flags[page] & PTE_STORE) === PTE_STORE && this.withheld[page] === 0;
  }

  /** Whether the processor lets a store pass, though it may have D bits to set. */
  permitsStore(page: number): boolean {
    const both = PTE_PRESENT | PTE_WRITABLE;
    return (this.flags[page] & both) === both && (this.withheld[page] & (WITHHELD_ACCESS | WITHHELD_WRITE)) === 0;
  }

  /** Whether the processor lets a load pass. */
  permitsLoad(page: number): boolean {
    return (this.flags[page] & PTE_PRESENT) !== 0 && (this.withheld[page] & WITHHELD_ACCESS) === 0;
  }

  /** Keeps `bit` of `table[page - first]` equal to "a store to this page needs the machine". */
  watch(first: number, table: Uint8Array, bit: number): void {
    this.#watchFirst = first;
    this.#watchCount = Math.min(table.length, WINDOW_PAGES - first);
    this.#watchTable = table;
    this.#watchBit = bit;
    this.#updateAll(0, WINDOW_PAGES);
  }

  #beginToWithhold(): void {
    this.#withholds = true;
    this.states.keep(this.withheld);
  }

  #updateAll(first: number, end: number): void {
    const stop = Math.min(end, this.#watchFirst + this.#watchCount);
    for (let page = Math.max(first, this.#watchFirst); page < stop; page++) this.#update(page);
  }

  #update(page: number): void {
    const index = page - this.#watchFirst;
    if (index < 0 || index >= this.#watchCount) return;
    if (this.completesStore(page)) this.#watchTable[index] &= ~this.#watchBit;
    else this.#watchTable[index] |= this.#watchBit;
  }
}
