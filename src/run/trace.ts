import { PRIMITIVE_COUNT } from "../machine/primitives.ts";
import { TracingLedger } from "../machine/tracing-ledger.ts";
import type { ReplayObserver } from "./replay.ts";

/**
 * What each event of a recording cost on one machine, in counts: columns with one entry for each context that an event
 * charged, in the order of the events. Most events cost the same as many others, so an entry names its class: one of the
 * distinct vectors of counts.
 */
export interface Trace {
  /** Index of the event in the recording's columns. */
  readonly event: Uint32Array;
  /** Page that was stored to, -1 for what is no store. An event that tells several writes has an entry for each. */
  readonly page: Int32Array;
  /** Number of the ledger's row that it charged. */
  readonly row: Uint32Array;
  readonly countClass: Uint32Array;
  readonly classes: CountClasses;
}

/** Distinct vectors of counts: class c has the entries from `start[c]` to `start[c + 1]`, primitives ascending. */
export interface CountClasses {
  readonly start: Uint32Array;
  readonly primitive: Uint16Array;
  readonly count: Float64Array;
}

/** Traces a replay: to be handed to it as its observer, and asked afterwards. */
export class TraceBuilder implements ReplayObserver {
  readonly ledger = new TracingLedger(PRIMITIVE_COUNT);
  readonly #classes = new ClassTable();
  #event = new Uint32Array(1024);
  #page = new Int32Array(1024);
  #row = new Uint32Array(1024);
  #class = new Uint32Array(1024);
  #length = 0;
  #index = 0;
  #storedTo = -1;

  begin(): void {
    this.ledger.endEvent(() => {});
  }

  after(index: number, page: number): void {
    this.#index = index;
    this.#storedTo = page;
    this.ledger.endEvent(this.#add);
  }

  trace(): Trace {
    const end = this.#length;
    return {
      event: this.#event.slice(0, end),
      page: this.#page.slice(0, end),
      row: this.#row.slice(0, end),
      countClass: this.#class.slice(0, end),
      classes: this.#classes.columns(),
    };
  }

  readonly #add = (row: number, primitives: Uint16Array, counts: Float64Array, length: number): void => {
    if (this.#length === this.#event.length) this.#grow();
    const i = this.#length++;
    this.#event[i] = this.#index;
    this.#page[i] = this.#storedTo;
    this.#row[i] = row;
    this.#class[i] = this.#classes.numberOf(primitives, counts, length);
  };

  #grow(): void {
    const grown = (old: Uint32Array): Uint32Array<ArrayBuffer> => {
      const column = new Uint32Array(old.length * 2);
      column.set(old);
      return column;
    };
    this.#event = grown(this.#event);
    this.#row = grown(this.#row);
    const page = new Int32Array(this.#page.length * 2);
    page.set(this.#page);
    this.#page = page;
    this.#class = grown(this.#class);
  }
}

/** Numbers distinct vectors of counts in the order in which they first occur. */
class ClassTable {
  readonly #start: number[] = [0];
  readonly #primitive: number[] = [];
  readonly #count: number[] = [];
  /** Class number + 1 by hash, 0 when empty: open addressing. */
  #slots = new Uint32Array(1024);

  numberOf(primitives: Uint16Array, counts: Float64Array, length: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(primitives, counts, 0, length) & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const found = this.#slots[slot] - 1;
      if (this.#is(found, primitives, counts, length)) return found;
    }
    const number = this.#start.length - 1;
    for (let i = 0; i < length; i++) {
      this.#primitive.push(primitives[i]);
      this.#count.push(counts[i]);
    }
    this.#start.push(this.#primitive.length);
    this.#slots[slot] = number + 1;
    if (number * 2 > this.#slots.length) this.#rehash();
    return number;
  }

  columns(): CountClasses {
    return {
      start: Uint32Array.from(this.#start),
      primitive: Uint16Array.from(this.#primitive),
      count: Float64Array.from(this.#count),
    };
  }

  #is(number: number, primitives: Uint16Array, counts: Float64Array, length: number): boolean {
    const start = this.#start[number];
    if (this.#start[number + 1] - start !== length) return false;
    for (let i = 0; i < length; i++) {
      if (this.#primitive[start + i] !== primitives[i] || this.#count[start + i] !== counts[i]) return false;
    }
    return true;
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let number = 0; number + 1 < this.#start.length; number++) {
      const start = this.#start[number];
      let slot = hashOf(this.#primitive, this.#count, start, this.#start[number + 1] - start) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number + 1;
    }
  }
}

function hashOf(primitives: ArrayLike<number>, counts: ArrayLike<number>, start: number, length: number): number {
  let h = length;
  for (let i = start; i < start + length; i++) {
    h = Math.imul(h ^ primitives[i], 0x9e3779b1);
    h = Math.imul(h ^ (h >>> 15) ^ counts[i], 0x85ebca6b);
  }
  return (h ^ (h >>> 13)) >>> 0;
}
