import { PageBytes } from "../../machine/page-bytes.ts";
import type { PageStates } from "../../machine/page-states.ts";
import { TABLE_PAGES, TABLE_SHIFT } from "../../machine/page-table.ts";

/** Guest L1 tables that one virtual processor may have out of sync at a time (SHADOW_OOS_PAGES). */
const SLOTS = 3;
/** Bits of a page's number that tell its entry in its table. */
const INDEX = TABLE_PAGES - 1;

/**
 * One table that is out of sync, with the guest's entries as their shadows have them. Xen takes a snapshot of all entries;
 * here an entry is kept when it is first written, which comes to the same and takes no more time than there are writes.
 */
export class Snapshot {
  #table = 0;
  /** 1 where an entry of the table was written: nowhere outside of `#first` to before `#end`. */
  readonly #written = new PageBytes(TABLE_PAGES);
  #first = TABLE_PAGES;
  #end = 0;
  readonly #entries = new PageBytes(TABLE_PAGES);

  get table(): number {
    return this.#table;
  }

  /** Begins anew, with another table. */
  begin(table: number): this {
    if (this.#first < this.#end) this.#written.fill(0, this.#first, this.#end);
    this.#first = TABLE_PAGES;
    this.#end = 0;
    this.#table = table;
    return this;
  }

  /** The guest writes the entry of a page, which was `before`. */
  noteWrite(page: number, before: number): void {
    const index = page & INDEX;
    if (this.#written.bytes[index] === 0) {
      this.#written.bytes[index] = 1;
      this.#entries.bytes[index] = before;
    }
    if (index < this.#first) this.#first = index;
    if (index >= this.#end) this.#end = index + 1;
  }

  /** The same of all pages from `first` to before `end`. */
  noteWrites(first: number, end: number, before: number): void {
    const { bytes: written } = this.#written;
    if (first + 1 === end) {
      this.noteWrite(first, before);
      return;
    }
    const start = first & INDEX;
    const stop = start + end - first;
    for (let index = start; index < stop; ) {
      const alike = this.#written.alikeUntil(index, stop);
      if (written[index] === 0) {
        this.#written.fill(1, index, alike);
        this.#entries.fill(before, index, alike);
      }
      index = alike;
    }
    if (start < this.#first) this.#first = start;
    if (stop > this.#end) this.#end = stop;
  }

  /** The shadows of pages have been made from their entries as they are now. */
  notePropagated(first: number, end: number, entry: number): void {
    this.#entries.fill(entry, first & INDEX, (first & INDEX) + end - first);
  }

  /** The first page from `from` on whose entry was written; undefined when none is left. No other one can differ. */
  writtenFrom(from: number): number | undefined {
    const index = Math.max(from - this.#firstPage, this.#first);
    const next = index < this.#end ? this.#written.next(1, index, this.#end) : this.#end;
    return next < this.#end ? this.#firstPage + next : undefined;
  }

  /** Where the stretch of pages ends that begins at `page`, whose entries were written, and whose shadows have them alike. */
  alikeUntil(page: number): number {
    return this.#firstPage + this.#written.alikeWithUntil(this.#entries, page & INDEX, this.#end);
  }

  /** The entry of a page that was written, as its shadow has it. */
  entryOf(page: number): number {
    return this.#entries.bytes[page & INDEX];
  }

  get #firstPage(): number {
    return this.#table << TABLE_SHIFT;
  }
}

/**
 * The guest's L1 tables that have gone out of sync with their shadows: the guest's kernel writes to them freely, and at its
 * next TLB flush Xen compares them with a snapshot.
 *
 * An open-addressed hash of three slots with a second chance: a table whose own slot is held by one that is at home there
 * pushes that one to the next slot, and whoever is found there must be synced (oos_hash_add, arch/x86/mm/shadow/common.c).
 * Frames of page-table pages are taken as consecutive, so that a table's number stands for its frame's.
 */
export class OutOfSync {
  readonly #slots: (Snapshot | undefined)[] = Array(SLOTS).fill(undefined);
  /** Of tables that have left. */
  readonly #free: Snapshot[] = [];
  readonly #states: PageStates;
  /** 1 for tables that are in a slot. */
  readonly #held: Uint8Array;
  #wasUsed = false;

  constructor(states: PageStates) {
    this.#states = states;
    this.#held = states.bytes(TABLE_SHIFT).bytes;
  }

  /** Whether a table is out of sync. */
  holds(table: number): boolean {
    return this.#held[table] === 1;
  }

  /** Whether a table has ever gone out of sync. */
  get wasUsed(): boolean {
    return this.#wasUsed;
  }

  /** Tables that are out of sync, by slot. */
  get tables(): number[] {
    const tables: number[] = [];
    for (const slot of this.#slots) if (slot !== undefined) tables.push(slot.table);
    return tables;
  }

  /** The snapshot of a table that is out of sync. */
  snapshotOf(table: number): Snapshot | undefined {
    if (this.#held[table] === 0) return undefined;
    const home = table % SLOTS;
    const slot = this.#slots[home];
    if (slot?.table === table) return slot;
    const next = this.#slots[(home + 1) % SLOTS];
    return next?.table === table ? next : undefined;
  }

  /** The guest writes the entries of pages, from `first` to before `end`, which all were `before`: noted where a table is out of sync. */
  noteWrites(first: number, end: number, before: number): void {
    for (let start = first; start < end; start = behindTable(start))
      this.snapshotOf(start >> TABLE_SHIFT)?.noteWrites(start, Math.min(end, behindTable(start)), before);
    if (this.#states.isAsked && this.holds(first >> TABLE_SHIFT))
      this.#states.also(
        (page) => this.snapshotOf(page >> TABLE_SHIFT)?.noteWrite(page, before),
        (from, to) => this.noteWrites(from, to, before),
      );
  }

  /** The shadows of pages have been made from their entries as they are now: the same. */
  notePropagated(first: number, end: number, entry: number): void {
    for (let start = first; start < end; start = behindTable(start))
      this.snapshotOf(start >> TABLE_SHIFT)?.notePropagated(start, Math.min(end, behindTable(start)), entry);
    if (this.#states.isAsked && this.holds(first >> TABLE_SHIFT))
      this.#states.also(
        (page) => this.snapshotOf(page >> TABLE_SHIFT)?.notePropagated(page, page + 1, entry),
        (from, to) => this.notePropagated(from, to, entry),
      );
  }

  /**
   * Takes a table in.
   * @param sync is told a table that has to leave for it, while it is still in
   */
  add(table: number, sync: (evicted: number) => void): void {
    if (!this.#wasUsed) {
      this.#wasUsed = true;
      this.#states.changed();
    }
    this.#held[table] = 1;
    let entering = (this.#free.pop() ?? new Snapshot()).begin(table);
    let index = table % SLOTS;
    const occupant = this.#slots[index];
    let target = index;
    if (occupant !== undefined && occupant.table % SLOTS === index) target = (index + 1) % SLOTS;
    const victim = this.#slots[target];
    if (victim !== undefined) sync(victim.table);
    if (occupant !== undefined && target !== index) {
      this.#slots[index] = entering;
      entering = occupant;
      index = target;
    }
    this.#slots[index] = entering;
  }

  remove(table: number): void {
    for (let index = 0; index < SLOTS; index++) {
      const slot = this.#slots[index];
      if (slot?.table !== table) continue;
      this.#held[table] = 0;
      this.#slots[index] = undefined;
      this.#free.push(slot);
      return;
    }
  }
}

/** The first page behind those of a page's table. */
function behindTable(page: number): number {
  return (page | INDEX) + 1;
}
