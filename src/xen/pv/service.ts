import type { Ledger } from "../../machine/ledger.ts";
import { type PageTable, PTE_PRESENT, PTE_WRITABLE, WINDOW_PAGES } from "../../machine/page-table.ts";
import { P } from "../../machine/primitives.ts";
import { type CheckpointService, EVERY_WRITE, type Gate, type PageRange } from "../checkpoint-service.ts";
import type { RequestChannel } from "../request-channel.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { L1Observer } from "./l1-observer.ts";

const REGISTERED = 1;
/** Xen withholds the right to write, whatever the guest's kernel put into the L1 entry. */
const PROTECTED = 2;
/** The bit that the process reads. */
const DIRTY = 4;
/** The guest's kernel itself wants the page writable. */
const GUEST_WRITABLE = 8;
/** The log holds writes to the page. */
const LOGGED = 16;

const OPEN = PTE_PRESENT | PTE_WRITABLE;
/** log2 of the pages that a word of the bitmap stands for. */
const WORD_SHIFT = 6;

/**
 * The hypervisor's checkpoint service (our reconstruction, see `CheckpointService`), composed of steps that Xen has: the
 * entry of an exception or a hypercall, the walk to an L1 entry and its change with the type counts that go with it, one
 * flush.
 *
 * The guest's kernel is not changed and not told. It reads its L1 entries itself, so it sees a protected page as
 * read-only; Linux keeps rights in VMAs and takes such an entry for a page that it has not made writable yet. When it
 * writes an entry of a protected page, Xen notes what the guest wants and keeps the page closed; when it maps another
 * frame there or none, the content has changed and the page counts as dirty. A fault on a page that the guest itself wants
 * closed is the guest's.
 *
 * A write that is to be emulated takes the way of a write to a page table (pv_ro_page_fault, ro-page-fault.c): the
 * instruction is fetched from the guest and decoded, its store is done through a mapping of Xen's own, and the guest's RIP
 * moves behind it. What ptwr_emulated_update does for a page table's sake, the validation of the new entry, falls away; the
 * log's bits and count come on top. A store into two pages is two writes, each of its part. String instructions are emulated
 * up to the page's end at once, as hvmemul_rep_movs does for HVM (Xen has no such operation for PV: each turn would fault).
 */
export class XenCheckpointService implements CheckpointService, L1Observer {
  readonly #ledger: Ledger;
  readonly #xen: Hypervisor;
  readonly #table: PageTable;
  readonly #channel: RequestChannel;
  /** Number of the window's first page. */
  readonly #base: number;
  readonly #state = new Uint8Array(WINDOW_PAGES);
  /** How many writes to the page Xen emulates, and has emulated; made when first asked for. */
  #limits = new Uint8Array(0);
  #emulated = new Uint8Array(0);
  #registered = 0;

  constructor(ledger: Ledger, xen: Hypervisor, table: PageTable, channel: RequestChannel, base: number) {
    this.#ledger = ledger;
    this.#xen = xen;
    this.#table = table;
    this.#channel = channel;
    this.#base = base;
  }

  register(gate: Gate, first: number, pageCount: number): void {
    this.#channel.request(gate, () => this.#register(first, pageCount));
  }

  #register(first: number, pageCount: number): void {
    this.#ledger.charge(P.xen_service_page, pageCount);
    for (let page = first - this.#base, end = page + pageCount; page < end; page++) {
      if ((this.#state[page] & REGISTERED) === 0) this.#registered++;
      this.#state[page] |= REGISTERED | DIRTY;
    }
  }

  unregister(gate: Gate, first: number, pageCount: number): void {
    this.#channel.request(gate, () => this.#unregister(first, pageCount));
  }

  #unregister(first: number, pageCount: number): void {
    let opened = 0;
    for (let page = first - this.#base, end = page + pageCount; page < end; page++) {
      if (this.#state[page] & REGISTERED) this.#registered--;
      opened += this.#open(page) ? 1 : 0;
      this.#clearLog(page);
      this.#state[page] = 0;
    }
    this.#chargePages(pageCount, opened);
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
      this.#limits = new Uint8Array(WINDOW_PAGES);
      this.#emulated = new Uint8Array(WINDOW_PAGES);
    }
    const state = this.#state;
    const { flags } = this.#table;
    let words = 0;
    let pages = 0;
    let closed = 0;
    for (const { first, pageCount } of ranges) {
      const start = first - this.#base;
      const end = start + pageCount;
      words += ((end - 1) >> WORD_SHIFT) - (start >> WORD_SHIFT) + 1;
      this.#limits.fill(emulatedWrites, start, end);
      for (let page = start; page < end; page++) {
        if ((state[page] & (DIRTY | PROTECTED)) === PROTECTED) continue;
        pages++;
        const entry = flags[page];
        state[page] = (state[page] & ~DIRTY) | PROTECTED;
        if ((entry & OPEN) !== OPEN) continue;
        this.#table.set(page, entry & ~PTE_WRITABLE);
        state[page] |= GUEST_WRITABLE;
        closed++;
      }
    }
    this.#ledger.charge(P.xen_service_word, words);
    this.#chargePages(pages, closed);
    this.#flush(closed);
  }

  unprotect(gate: Gate, ranges: readonly PageRange[]): void {
    this.#channel.request(gate, () => this.#unprotect(ranges));
  }

  #unprotect(ranges: readonly PageRange[]): void {
    let pages = 0;
    let opened = 0;
    for (const { first, pageCount } of ranges) {
      pages += pageCount;
      for (let page = first - this.#base, end = page + pageCount; page < end; page++)
        opened += this.#open(page) ? 1 : 0;
    }
    this.#chargePages(pages, opened);
    this.#flush(opened);
  }

  isDirty(page: number): boolean {
    return (this.#state[page - this.#base] & DIRTY) !== 0;
  }

  isLogged(page: number): boolean {
    return (this.#state[page - this.#base] & LOGGED) !== 0;
  }

  clearLog(page: number): void {
    this.#clearLog(page - this.#base);
  }

  emulatedOf(page: number, stores: number): number {
    const closed = PROTECTED | GUEST_WRITABLE;
    if (this.#limits.length === 0 || (this.#state[page] & closed) !== closed) return 0;
    const limit = this.#limits[page];
    return limit === EVERY_WRITE ? stores : Math.min(stores, limit - this.#emulated[page]);
  }

  emulate(page: number, stores: number, bytes: number): void {
    const ledger = this.#ledger;
    ledger.charge(P.xen_service_lookup, stores);
    ledger.charge(P.xen_service_emulate, stores);
    ledger.charge(P.xen_memcpy_byte, bytes);
    this.#state[page] |= LOGGED;
    if (this.#limits[page] !== EVERY_WRITE) this.#emulated[page] += stores;
  }

  guestWrites(page: number, flags: number): number {
    const state = this.#state[page];
    if ((state & REGISTERED) === 0) return flags;
    const before = this.#table.flags[page];
    if ((before & flags & PTE_PRESENT) === 0) {
      // Another frame, or none: what was there is gone, and there is nothing to keep closed.
      this.#state[page] = (state | DIRTY) & ~(PROTECTED | GUEST_WRITABLE);
      return flags;
    }
    if ((state & PROTECTED) === 0) return flags;
    if (flags & PTE_WRITABLE) this.#state[page] = state | GUEST_WRITABLE;
    else this.#state[page] = state & ~GUEST_WRITABLE;
    return flags & ~PTE_WRITABLE;
  }

  fault(page: number, write: boolean): boolean {
    // A request that Xen has just read in the shared page, on this entry, may have opened it.
    if (write && (this.#table.flags[page] & OPEN) === OPEN) return true;
    if (this.#registered === 0) return false;
    const ledger = this.#ledger;
    ledger.charge(P.xen_service_lookup, 1);
    const state = this.#state[page];
    if (!write || (state & (PROTECTED | GUEST_WRITABLE)) !== (PROTECTED | GUEST_WRITABLE)) return false;
    ledger.charge(P.xen_service_fault, 1);
    ledger.charge(P.xen_mmu_update_write, 1);
    this.#state[page] = (state | DIRTY) & ~(PROTECTED | GUEST_WRITABLE);
    this.#table.set(page, this.#table.flags[page] | PTE_WRITABLE);
    this.#xen.flushPage();
    return true;
  }

  #clearLog(page: number): void {
    this.#state[page] &= ~LOGGED;
    if (this.#emulated.length > 0) this.#emulated[page] = 0;
  }

  /** Lifts the protection of a page. @returns whether its entry changed */
  #open(page: number): boolean {
    const state = this.#state[page];
    if ((state & PROTECTED) === 0) return false;
    this.#state[page] = state & ~(PROTECTED | GUEST_WRITABLE);
    if ((state & GUEST_WRITABLE) === 0) return false;
    this.#table.set(page, this.#table.flags[page] | PTE_WRITABLE);
    return true;
  }

  #chargePages(pages: number, changed: number): void {
    this.#ledger.charge(P.xen_service_page, pages);
    this.#ledger.charge(P.xen_mmu_update_write, changed);
  }

  #flush(changed: number): void {
    if (changed === 1) this.#xen.flushPage();
    else if (changed > 1) this.#xen.flushAll();
  }
}
