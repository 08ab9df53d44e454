import type { Ledger } from "../machine/ledger.ts";
import { PageBytes } from "../machine/page-bytes.ts";
import type { PageStates } from "../machine/page-states.ts";
import { WINDOW_PAGES } from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import { type CheckpointService, EVERY_WRITE, type Gate, type PageRange } from "./checkpoint-service.ts";
import type { RequestChannel } from "./request-channel.ts";

const REGISTERED = 1;
/** Xen withholds the right to write. */
const PROTECTED = 2;
/** The bit that the process reads. */
const DIRTY = 4;
/** The log holds writes to the page. */
const LOGGED = 16;

/** log2 of the pages that a word of the bitmap stands for. */
const WORD_SHIFT = 6;

/**
 * What the checkpoint service (our reconstruction, see `CheckpointService`) is in every paging mode: which pages are
 * registered, protected and dirty, the bitmap, the log of emulated writes, and how requests go through them. How a page is
 * closed to writes, and what a fault on it is, is the paging mode's.
 */
export abstract class ProtectionService implements CheckpointService {
  protected readonly ledger: Ledger;
  readonly #channel: RequestChannel;
  readonly #states: PageStates;
  readonly #pages = new PageBytes(WINDOW_PAGES);
  readonly #state = this.#pages.bytes;
  /** How many writes to the page Xen emulates, and has emulated; made when first asked for. */
  #limits: Uint8Array = new Uint8Array(0);
  #emulated: Uint8Array = new Uint8Array(0);
  #registered = 0;

  constructor(ledger: Ledger, states: PageStates, channel: RequestChannel) {
    this.ledger = ledger;
    this.#states = states;
    this.#channel = channel;
  }

  /** Closes a page to writes, where the guest has it open. @returns whether its entry changed */
  protected abstract close(page: number): boolean;
  /** Gives back what `close` and the guest's own changes since have left to give. @returns whether its entry changed */
  protected abstract open(page: number): boolean;
  /** Whether Xen alone keeps a page that is protected closed: the guest itself has it open. */
  protected abstract guestOpens(page: number): boolean;
  /** Flushes what the processor has of this many entries that changed. */
  protected abstract flush(changed: number): void;
  /** Pages are registered. */
  protected declare(_first: number, pageCount: number): void {
    this.ledger.charge(P.xen_service_page, pageCount);
  }
  /** Pages are registered no more; none of them is protected. */
  protected forget(_first: number, _pageCount: number): void {}
  /** This many pages were gone to, of which so many have other rights now. */
  protected chargePages(pages: number, changed: number): void {
    this.ledger.charge(P.xen_service_page, pages);
    this.ledger.charge(P.xen_mmu_update_write, changed);
  }

  /** No page is registered. */
  get isIdle(): boolean {
    return this.#registered === 0;
  }

  register(gate: Gate, first: number, pageCount: number): void {
    this.#channel.request(gate, () => this.#register(first, pageCount));
  }

  #register(first: number, pageCount: number): void {
    this.#states.keep(this.#state);
    this.declare(first, pageCount);
    for (let page = first, end = first + pageCount; page < end; page++) {
      if ((this.#state[page] & REGISTERED) === 0) this.#registered++;
      this.#state[page] |= REGISTERED | DIRTY;
    }
  }

  unregister(gate: Gate, first: number, pageCount: number): void {
    this.#channel.request(gate, () => this.#unregister(first, pageCount));
  }

  #unregister(first: number, pageCount: number): void {
    let opened = 0;
    for (let page = first, end = first + pageCount; page < end; page++) {
      if (this.#state[page] & REGISTERED) this.#registered--;
      opened += this.#lift(page) ? 1 : 0;
      this.#clearLog(page);
      this.#state[page] = 0;
    }
    this.chargePages(pageCount, opened);
    this.forget(first, pageCount);
  }

  /**
   * The bitmap tells which pages were opened since they were last closed; only those are walked to, and the others cost
   * their share of a word of the bitmap.
   */
  protect(gate: Gate, ranges: readonly PageRange[], emulatedWrites = 0): void {
    this.#channel.request(gate, () => this.#protect(ranges, emulatedWrites));
  }

  #protect(ranges: readonly PageRange[], emulatedWrites: number): void {
    if (emulatedWrites > 0 && this.#limits.length === 0) {
      this.#limits = this.#states.bytes().bytes;
      this.#emulated = this.#states.bytes().bytes;
    }
    const state = this.#state;
    let words = 0;
    let pages = 0;
    let closed = 0;
    for (const { first, pageCount } of ranges) {
      const end = first + pageCount;
      words += ((end - 1) >> WORD_SHIFT) - (first >> WORD_SHIFT) + 1;
      this.#limits.fill(emulatedWrites, first, end);
      for (let page = first; page < end; page++) {
        // What is protected and clean stays as it is, and is most of a memory of which little is written.
        if ((state[page] & (DIRTY | PROTECTED)) === PROTECTED) {
          page = this.#pages.alikeUntil(page, end) - 1;
          continue;
        }
        pages++;
        state[page] = (state[page] & ~DIRTY) | PROTECTED;
        if (this.close(page)) closed++;
      }
    }
    this.ledger.charge(P.xen_service_word, words);
    this.chargePages(pages, closed);
    if (closed > 0) this.flush(closed);
  }

  unprotect(gate: Gate, ranges: readonly PageRange[]): void {
    this.#channel.request(gate, () => this.#unprotect(ranges));
  }

  #unprotect(ranges: readonly PageRange[]): void {
    let pages = 0;
    let opened = 0;
    for (const { first, pageCount } of ranges) {
      pages += pageCount;
      for (let page = first, end = first + pageCount; page < end; page++) opened += this.#lift(page) ? 1 : 0;
    }
    this.chargePages(pages, opened);
    if (opened > 0) this.flush(opened);
  }

  isDirty(page: number): boolean {
    return (this.#state[page] & DIRTY) !== 0;
  }

  dirtyPages(ranges: readonly PageRange[]): Uint32Array {
    return this.#pages.pagesWith(DIRTY, ranges);
  }

  notedPages(ranges: readonly PageRange[]): Uint32Array {
    return this.#pages.pagesWith(DIRTY | LOGGED, ranges);
  }

  isLogged(page: number): boolean {
    return (this.#state[page] & LOGGED) !== 0;
  }

  clearLog(page: number): void {
    this.#clearLog(page);
  }

  /** @returns how many of this many stores to the page Xen carries out itself, before any of them is tried */
  emulatedOf(page: number, stores: number): number {
    if (this.#limits.length === 0 || !this.isProtected(page) || !this.guestOpens(page)) return 0;
    const limit = this.#limits[page];
    return limit === EVERY_WRITE ? stores : Math.min(stores, limit - this.#emulated[page]);
  }

  /** Carries out stores of this many bytes together. */
  emulate(page: number, stores: number, bytes: number): void {
    const { ledger } = this;
    ledger.charge(P.xen_service_lookup, stores);
    ledger.charge(P.xen_service_emulate, stores);
    ledger.charge(P.xen_memcpy_byte, bytes);
    this.#state[page] |= LOGGED;
    if (this.#limits[page] !== EVERY_WRITE) this.#emulated[page] += stores;
  }

  protected isProtected(page: number): boolean {
    return (this.#state[page] & PROTECTED) !== 0;
  }

  /** A fault has come to Xen: is the page registered? @returns whether a write to it is what protection waits for */
  protected lookUp(page: number, write: boolean): boolean {
    if (this.#registered === 0) return false;
    this.ledger.charge(P.xen_service_lookup, 1);
    return write && this.isProtected(page) && this.guestOpens(page);
  }

  /** Such a write: the page is dirty and no longer protected. The paging mode opens its entry. */
  protected written(page: number): void {
    this.ledger.charge(P.xen_service_fault, 1);
    this.markDirty(page);
  }

  /** The page has another frame, or none: what was there is gone, and there is nothing to keep closed. */
  protected replaced(page: number): void {
    if (this.#state[page] & REGISTERED) this.markDirty(page);
  }

  protected markDirty(page: number): void {
    this.#state[page] = (this.#state[page] | DIRTY) & ~PROTECTED;
  }

  #clearLog(page: number): void {
    this.#state[page] &= ~LOGGED;
    if (this.#emulated.length > 0) this.#emulated[page] = 0;
  }

  /** Lifts the protection of a page. @returns whether its entry changed */
  #lift(page: number): boolean {
    if (!this.isProtected(page)) return false;
    this.#state[page] &= ~PROTECTED;
    return this.open(page);
  }
}
