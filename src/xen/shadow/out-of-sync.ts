import { TABLE_PAGES, TABLE_SHIFT } from "../../machine/page-table.ts";

/** Guest L1 tables that one virtual processor may have out of sync at a time (SHADOW_OOS_PAGES). */
const SLOTS = 3;

/** log2 of the entries in a word. */
const WORD_SHIFT = 2;
/** Words of entries that a table has. */
export const TABLE_WORDS = TABLE_PAGES >> WORD_SHIFT;

/** The guest's entries as their shadows have them: one by one, and by words of four for who compares them all. */
export interface Snapshot {
  readonly entries: Uint8Array;
  readonly words: Uint32Array;
}

interface Slot {
  table: number;
  readonly snapshot: Snapshot;
}

function emptySlot(): Slot {
  const entries = new Uint8Array(TABLE_PAGES);
  return { table: -1, snapshot: { entries, words: new Uint32Array(entries.buffer) } };
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
  readonly #slots: (Slot | undefined)[] = Array(SLOTS);
  /** Room for snapshots, used again and again. */
  readonly #free = Array.from({ length: SLOTS + 1 }, emptySlot);

  /** Tables that are out of sync, by slot. */
  get tables(): number[] {
    return this.#slots.flatMap((slot) => (slot === undefined ? [] : [slot.table]));
  }

  /** The snapshot of a table that is out of sync. */
  snapshotOf(table: number): Snapshot | undefined {
    const home = table % SLOTS;
    const next = (home + 1) % SLOTS;
    const slot = this.#slots[home]?.table === table ? this.#slots[home] : this.#slots[next];
    return slot?.table === table ? slot.snapshot : undefined;
  }

  /**
   * Takes a table in, with a copy of its entries.
   * @param flagWords the entries of all tables, by words of four
   * @param sync is told a table that has to leave for it, while it is still in
   */
  add(table: number, flagWords: Uint32Array, sync: (evicted: number) => void): void {
    let entering = this.#free.pop() ?? emptySlot();
    entering.table = table;
    const { words } = entering.snapshot;
    const first = table << (TABLE_SHIFT - WORD_SHIFT);
    for (let word = 0; word < TABLE_WORDS; word++) words[word] = flagWords[first + word];
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
      this.#slots[index] = undefined;
      this.#free.push(slot);
    }
  }
}
