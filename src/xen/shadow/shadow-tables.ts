import type { Ledger } from "../../machine/ledger.ts";
import type { PageBytes } from "../../machine/page-bytes.ts";
import {
  type PageTable,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_SOFT_DIRTY,
  PTE_WRITABLE,
  TABLE_PAGES,
  TABLE_SHIFT,
  WITHHELD_ACCESS,
  WITHHELD_DIRTY,
  WITHHELD_WRITE,
} from "../../machine/page-table.ts";
import { P } from "../../machine/primitives.ts";
import { OutOfSync } from "./out-of-sync.ts";
import type { ShadowObserver } from "./shadow-observer.ts";

/** A shadow entry as what it withholds. Without a shadow, everything. */
const NO_ENTRY = WITHHELD_ACCESS | WITHHELD_WRITE | WITHHELD_DIRTY;
const READ_ONLY = WITHHELD_WRITE | WITHHELD_DIRTY;
/** As Xen makes it: the D bit is left to the processor. */
const WRITABLE = WITHHELD_DIRTY;

/** Entries that one fault looks at, the one that faulted among them (PREFETCH_DISTANCE). */
const PREFETCH_ENTRIES = 32;
/** log2 of the L1 tables under one L2 table. */
const DIRECTORY_SHIFT = TABLE_SHIFT + 9;

/** What became of an entry of the guest since Xen last looked: the frame that it maps is another one. */
const FRAME_CHANGED = 1;

/**
 * Shadow page tables of a guest's process: the processor walks these and not the guest's. Xen makes each entry from the
 * guest's at the first fault on it, and keeps it as narrow as the guest's entry and Xen's own wishes are.
 *
 * A shadow that lets stores pass presumes the guest's D bit, so that the guest sees what was written; its own D bit the
 * processor sets. What a shadow withholds of the guest's entry stands in `PageTable.withheld`, all of it where there is none.
 *
 * Order of steps: xen/arch/x86/mm/shadow/{multi,common,set}.c, Xen 4.17. Since L1 tables may be out of sync, an entry that is
 * absent in the guest has no shadow, and a fault on it is walked for: the magic entry that would tell at once is not used
 * then (_sh_propagate).
 */
export class ShadowTables {
  readonly #ledger: Ledger;
  readonly #table: PageTable;
  readonly #observers: ShadowObserver[] = [];
  readonly #outOfSync: OutOfSync;
  /** Which L1 tables, and which L2 tables above them, have a shadow. */
  readonly #shadowed: Uint8Array;
  readonly #directories: Uint8Array;
  readonly #changes: PageBytes;
  /** 1 for pages whose entry has a shadow. */
  readonly #present: PageBytes;
  /** Entries of each table that have a shadow. */
  readonly #granted: Int32Array;
  /** An HVM guest's: entries hold references to what they map, and Xen runs on page tables of its own. */
  readonly #isExternal: boolean;

  /** @param isExternal of an HVM guest; for a PV guest references are counted by its own tables (shadow_mode_refcounts) */
  constructor(ledger: Ledger, table: PageTable, isExternal: boolean) {
    this.#ledger = ledger;
    this.#table = table;
    this.#isExternal = isExternal;
    const { states } = table;
    this.#outOfSync = new OutOfSync(states);
    this.#shadowed = states.bytes(TABLE_SHIFT).bytes;
    this.#directories = states.bytes(DIRECTORY_SHIFT).bytes;
    this.#changes = states.bytes();
    this.#granted = states.count(TABLE_SHIFT);
    this.#present = states.bytes();
    // Prefetching stops there, mostly; what that shadow grants does not matter.
    states.looksAhead(this.#present.bytes);
    table.withholdEverywhere(NO_ENTRY);
  }

  observe(observer: ShadowObserver): void {
    this.#observers.push(observer);
  }

  /**
   * sh_page_fault: the guest faulted on a page.
   * @returns whether the access may be tried again; else the fault is the guest's
   */
  fault(page: number, write: boolean): boolean {
    const ledger = this.#ledger;
    ledger.charge(P.xen_shadow_walk, 1);
    const entry = this.#table.flags[page];
    if ((entry & PTE_PRESENT) === 0 || (write && (entry & PTE_WRITABLE) === 0)) return false;
    // The walk sets the bits that the processor would have set.
    if (write && (entry & PTE_DIRTY) === 0) {
      this.#outOfSync.noteWrites(page, page + 1, entry);
      this.#table.set(page, entry | PTE_DIRTY | PTE_SOFT_DIRTY);
    }
    ledger.charge(P.xen_shadow_fault, 1);
    this.#create(page >> TABLE_SHIFT);
    this.noticeFrame(page);
    if (write) for (const observer of this.#observers) observer.writeFault(page);
    this.#propagate(page, page + 1);
    this.#prefetch(page);
    return true;
  }

  /** Whether a page has no shadow because its frame is new, and one that were made now would let stores pass. */
  isNewFrame(page: number): boolean {
    const { flags, withheld } = this.#table;
    const isOpen = (flags[page] & (PTE_PRESENT | PTE_WRITABLE)) === (PTE_PRESENT | PTE_WRITABLE);
    const isAbsent = (withheld[page] & WITHHELD_ACCESS) !== 0 && this.#changes.bytes[page] !== 0;
    return isOpen && isAbsent && this.#mayWrite(page);
  }

  /** Whether a store of the guest's kernel to the L1 entry of a page faults, because its table is shadowed and in sync. */
  isWriteProtected(page: number): boolean {
    return this.#shadowed[page >> TABLE_SHIFT] !== 0 && !this.isOutOfSync(page);
  }

  /** Whether the L1 table of a page is out of sync. */
  isOutOfSync(page: number): boolean {
    return this.#outOfSync.holds(page >> TABLE_SHIFT);
  }

  /** Whether a store to the L2 entry above a page is Xen's to emulate: that table is shadowed, and never out of sync. */
  hasDirectory(page: number): boolean {
    return this.#directories[page >> DIRECTORY_SHIFT] !== 0;
  }

  /** sh_unsync: the guest's kernel may write to the page's L1 table from now on. */
  unsync(page: number): void {
    this.#ledger.charge(P.xen_shadow_unsync, 1);
    // Which table has to leave, and what was written there, no state tells.
    this.#table.states.apart(
      page,
      (other) => this.#outOfSync.add(other >> TABLE_SHIFT, (evicted) => this.#resync(evicted)),
      true,
    );
  }

  /** The guest's kernel (or Xen for it) writes L1 entries that are alike and in one table. Their shadows stay as they were. */
  write(first: number, end: number, flags: number): void {
    const before = this.#table.flags[first];
    if ((before & flags & PTE_PRESENT) === 0) this.#changes.fill(FRAME_CHANGED, first, end);
    this.#outOfSync.noteWrites(first, end, before);
    this.#table.setAll(first, end, flags);
  }

  /** sh_validate_guest_entry: Xen itself wrote the guest's entry, and brings its shadow up to date at once. */
  validate(page: number): void {
    if (this.#shadowed[page >> TABLE_SHIFT] === 0) return;
    this.#ledger.charge(P.xen_shadow_validate, 1);
    this.noticeFrame(page);
    this.#propagate(page, page + 1);
  }

  /**
   * sh_invlpg: a table that is out of sync loses its shadow entry.
   * @returns whether the processor's own entry has to be invalidated
   */
  invalidate(page: number): boolean {
    const table = page >> TABLE_SHIFT;
    this.#ledger.charge(P.xen_shadow_invlpg, 1);
    if (this.#shadowed[table] === 0) return false;
    if (this.isOutOfSync(page)) {
      this.noticeFrame(page);
      this.#set(page, page + 1, NO_ENTRY);
    }
    return true;
  }

  /** sh_update_cr3: every table that is out of sync is synced. */
  update(): void {
    this.#ledger.charge(P.xen_shadow_cr3, 1);
    // Nor which tables are to be synced.
    if (this.#outOfSync.wasUsed) this.#table.states.once();
    for (const table of this.#outOfSync.tables) this.#resync(table);
    // A PV guest's Xen has no linear map of the shadows of its own to flush.
    if (this.#isExternal) this.flush();
  }

  /** shadow_blow_tables: no shadow is left. */
  blow(): void {
    const ledger = this.#ledger;
    for (let table = 0; table < this.#shadowed.length; table++) {
      if (this.#shadowed[table] === 0) continue;
      this.#shadowed[table] = 0;
      ledger.charge(P.xen_shadow_destroy, 1);
      this.#outOfSync.remove(table);
      const first = table << TABLE_SHIFT;
      let entries = 0;
      for (let page = first; page < first + TABLE_PAGES; ) {
        const end = this.#table.alikeWithheldUntil(page, first + TABLE_PAGES);
        if (this.#table.withheld[page] !== NO_ENTRY) {
          entries += end - page;
          this.#set(page, end, NO_ENTRY);
        }
        page = end;
      }
      if (this.#isExternal) ledger.charge(P.xen_shadow_release, entries);
    }
    const directories = this.#directories.reduce((sum, has) => sum + has, 0);
    // And the L3 table above them.
    if (directories > 0) ledger.charge(P.xen_shadow_destroy, directories + 1);
    this.#directories.fill(0);
    this.flush();
  }

  /**
   * Takes the right to write from the shadow of a page, which keeps its D bit: what an observer wants when its `mayWrite`
   * turns to false. @returns whether an entry changed
   */
  narrow(page: number): boolean {
    const { withheld } = this.#table;
    if ((withheld[page] & WITHHELD_WRITE) !== 0) return false;
    this.#table.withhold(page, withheld[page] | WITHHELD_WRITE);
    return true;
  }

  /** Gives it back, where a shadow and the guest's right are there. @returns whether an entry changed */
  widen(page: number): boolean {
    const { withheld } = this.#table;
    if ((withheld[page] & (WITHHELD_ACCESS | WITHHELD_WRITE)) !== WITHHELD_WRITE) return false;
    if (this.#rights(page) !== WRITABLE) return false;
    this.#table.withhold(page, withheld[page] & ~WITHHELD_WRITE);
    return true;
  }

  /** The processor sets the D bit of a shadow entry that lets stores pass. */
  setDirty(page: number): void {
    this.#table.withhold(page, this.#table.withheld[page] & ~WITHHELD_DIRTY);
  }

  /** What a shadow of the page withholds when it is made from the guest's entry now. */
  #rights(page: number): number {
    const entry = this.#table.flags[page];
    if ((entry & PTE_PRESENT) === 0) return NO_ENTRY;
    const grants = (entry & (PTE_WRITABLE | PTE_DIRTY)) === (PTE_WRITABLE | PTE_DIRTY);
    return grants && this.#mayWrite(page) ? WRITABLE : READ_ONLY;
  }

  #mayWrite(page: number): boolean {
    for (const observer of this.#observers) if (!observer.mayWrite(page)) return false;
    return true;
  }

  /**
   * l1e_propagate_from_guest and shadow_set_l1e, of entries that are alike, as their shadows are, and that are in one table; where
   * that is out of sync, its snapshot has them then.
   */
  #propagate(first: number, end: number): void {
    this.#ledger.charge(P.xen_shadow_propagate, end - first);
    this.#set(first, end, this.#rights(first));
    this.#outOfSync.notePropagated(first, end, this.#table.flags[first]);
  }

  #set(first: number, end: number, withheld: number): void {
    const before = this.#table.withheld[first];
    const granted = (before & WITHHELD_ACCESS) - (withheld & WITHHELD_ACCESS);
    this.#granted[first >> TABLE_SHIFT] += granted * (end - first);
    this.#present.fill((withheld & WITHHELD_ACCESS) === 0 ? 1 : 0, first, end);
    if ((before & WITHHELD_DIRTY) === 0)
      for (const observer of this.#observers)
        if (!observer.isIdle) for (let page = first; page < end; page++) observer.dirtyBitLost(page);
    this.#table.withholdAll(first, end, withheld);
  }

  /**
   * sh_prefetch: entries behind the one that faulted, up to one that has a shadow or whose D bit would need a fault of its
   * own anyway.
   */
  #prefetch(page: number): void {
    const { flags, states } = this.#table;
    const present = this.#present.bytes;
    const end = Math.min(page + PREFETCH_ENTRIES, (page | (TABLE_PAGES - 1)) + 1);
    if (page + 1 === end || present[page + 1] === 0) states.once();
    for (let next = page + 1; next < end && present[next] === 0; next++) {
      const entry = flags[next];
      if ((entry & PTE_PRESENT) === 0) {
        this.#ledger.charge(P.xen_shadow_prefetch, 1);
        continue;
      }
      if ((entry & (PTE_WRITABLE | PTE_DIRTY)) === PTE_WRITABLE) return;
      this.noticeFrame(next);
      this.#propagate(next, next + 1);
    }
  }

  /** shadow_get_and_create_l1e: the shadows of the tables that lead to an entry. */
  #create(table: number): void {
    if (this.#shadowed[table] !== 0) return;
    // Other tables may follow.
    this.#table.states.once();
    const ledger = this.#ledger;
    const directory = table >> (DIRECTORY_SHIFT - TABLE_SHIFT);
    if (this.#directories[directory] === 0) {
      if (!this.#directories.includes(1)) ledger.charge(P.xen_shadow_create, 1);
      ledger.charge(P.xen_shadow_create, 1);
      this.#directories[directory] = 1;
      // Xen syncs all tables when it has hung in a table above L1.
      for (const other of this.#outOfSync.tables) this.#resync(other);
    }
    ledger.charge(P.xen_shadow_create, 1);
    this.#shadowed[table] = 1;
  }

  /** _sh_resync: the table is write-protected again, and shadows of entries that differ from the snapshot are made anew. */
  #resync(table: number): void {
    const ledger = this.#ledger;
    const snapshot = this.#outOfSync.snapshotOf(table);
    if (snapshot === undefined) return;
    ledger.charge(P.xen_shadow_resync, 1);
    this.flush();
    ledger.charge(P.xen_shadow_compare, this.#granted[table]);
    for (let page = snapshot.writtenFrom(0); page !== undefined; ) {
      const end = this.#table.alikeWithheldUntil(page, snapshot.alikeUntil(page));
      this.#resyncEntries(page, end, snapshot.entryOf(page));
      page = snapshot.writtenFrom(end);
    }
    this.#outOfSync.remove(table);
  }

  /** Of entries that are alike, as their shadows are, which were made when the entries were `before`. */
  #resyncEntries(first: number, end: number, before: number): void {
    const { flags, withheld } = this.#table;
    const entry = flags[first];
    if ((withheld[first] & WITHHELD_ACCESS) !== 0) return;
    if (entry !== before && !this.#isObserved()) {
      this.#changes.fill(0, first, end);
      this.#propagate(first, end);
      return;
    }
    for (let page = first; page < end; page++) {
      if (entry === before && this.#changes.bytes[page] === 0) continue;
      this.noticeFrame(page);
      this.#propagate(page, page + 1);
    }
  }

  /** Somebody has a say in entries. */
  #isObserved(): boolean {
    for (const { isIdle } of this.#observers) if (!isIdle) return true;
    return false;
  }

  /** Xen compares the frame of the guest's entry with the one that it knows. */
  noticeFrame(page: number): void {
    const changes = this.#changes.bytes;
    if (changes[page] === 0) return;
    changes[page] = 0;
    for (const observer of this.#observers) observer.frameChanged(page);
  }

  /** The processor's entries of the guest, all of them: a new address-space tag (flush_guests_tlb), and Xen's own. */
  flush(): void {
    this.#ledger.charge(P.xen_flush_all, 1);
    this.#ledger.charge(P.xen_cpu_cr3_write, 1);
  }
}
