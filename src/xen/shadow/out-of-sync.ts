import type { PageStates } from "../../machine/page-states.ts";
import { TABLE_PAGES, TABLE_SHIFT } from "../../machine/page-table.ts";

/** Guest L1 tables that one virtual processor may have out of sync at a time (SHADOW_OOS_PAGES). */
const SLOTS = 3;

/**
 * One table that is out of sync, with the guest's entries as their shadows have them. Xen takes a snapshot of all entries;
 * here an entry is kept when it is first written, which comes to the same and takes no more time than there are writes.
 */
export class Snapshot {
  #table = 0;
  /** 1 where an entry of the table was written. */
  readonly #written = new Uint8Array(TABLE_PAGES);
  /** Numbers of those entries, in the order of their writes. */
  readonly #indexes = new Uint16Array(TABLE_PAGES);
  #count = 0;
  readonly #entries = new Uint8Array(TABLE_PAGES);

  get table(): number {
    return this.#table;
  }

  /** Begins anew, with another table. */
  begin(table: number): this {
    for (let i = 0; i < this.#count; i++) this.#written[this.#indexes[i]] = 0;
    this.#count = 0;
    this.#table = table;
    return this;
  }

  /** The guest writes the entry of a page, which was `before`. */
  noteWrite(page: number, before: number): void {
    const index = page & (TABLE_PAGES - 1);
    if (this.#written[index] !== 0) return;
    this.#written[index] = 1;
    this.#entries[index] = before;
    this.#indexes[this.#count++] = index;
  }

  /** The shadow of a page has been made from its entry as it is now. */
  notePropagated(page: number, entry: number): void {
    this.#entries[page & (TABLE_PAGES - 1)] = entry;
  }

  /** How many entries were written: no other one can differ. */
  get writtenCount(): number {
    return this.#count;
  }

  /** The page of one of them, counted from 0; in any order, as each is compared by itself. */
  writtenPage(number: number): number {
    return (this.#table << TABLE_SHIFT) | this.#indexes[number];
  }

  /** The entry of a page that was written, as its shadow has it. */
  entryOf(page: number): number {
    return this.#entries[page & (TABLE_PAGES - 1)];
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
    const home = table % SLOTS;
    const slot = this.#slots[home];
    if (slot?.table === table) return slot;
    const next = this.#slots[(home + 1) % SLOTS];
    return next?.table === table ? next : undefined;
  }

  /** The guest writes the entry of a page, which was `before`: noted where its table is out of sync. */
  noteWrite(page: number, before: number): void {
    if (!this.holds(page >> TABLE_SHIFT)) return;
    this.snapshotOf(page >> TABLE_SHIFT)?.noteWrite(page, before);
    if (this.#states.isAsked) this.#states.also((other) => this.noteWrite(other, before));
  }

  /** The shadow of a page has been made from its entry as it is now: the same. */
  notePropagated(page: number, entry: number): void {
    if (!this.holds(page >> TABLE_SHIFT)) return;
    this.snapshotOf(page >> TABLE_SHIFT)?.notePropagated(page, entry);
    if (this.#states.isAsked) this.#states.also((other) => this.notePropagated(other, entry));
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
