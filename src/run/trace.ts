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

/** Distinct vectors of counts: class c has the entries from `start[c]` to `start[c + 1]`, in the order of their first charge. */
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
    const size = 2 * this.#event.length;
    this.#event = resized(this.#event, new Uint32Array(size));
    this.#row = resized(this.#row, new Uint32Array(size));
    this.#page = resized(this.#page, new Int32Array(size));
    this.#class = resized(this.#class, new Uint32Array(size));
  }
}

/** Numbers distinct vectors of counts in the order in which they first occur. */
class ClassTable {
  #start = new Uint32Array(1024);
  #length = 0;
  #primitive = new Uint16Array(16384);
  #count = new Float64Array(16384);
  /** Class number + 1 by hash, 0 when empty: open addressing. */
  #slots = new Uint32Array(1024);
  /** The class found last: most often the next is the same. */
  #latest = -1;

  numberOf(primitives: Uint16Array, counts: Float64Array, length: number): number {
    if (this.#latest >= 0 && this.#is(this.#latest, primitives, counts, length)) return this.#latest;
    const mask = this.#slots.length - 1;
    let slot = hashOf(primitives, counts, 0, length) & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      this.#latest = this.#slots[slot] - 1;
      if (this.#is(this.#latest, primitives, counts, length)) return this.#latest;
    }
    const number = this.#length++;
    this.#append(number, primitives, counts, length);
    this.#slots[slot] = number + 1;
    if (number * 2 > this.#slots.length) this.#rehash();
    this.#latest = number;
    return number;
  }

  columns(): CountClasses {
    const end = this.#start[this.#length];
    return {
      start: this.#start.slice(0, this.#length + 1),
      primitive: this.#primitive.slice(0, end),
      count: this.#count.slice(0, end),
    };
  }

  #append(number: number, primitives: Uint16Array, counts: Float64Array, length: number): void {
    const at = this.#start[number];
    if (number + 2 > this.#start.length) this.#start = resized(this.#start, new Uint32Array(2 * number + 2));
    if (at + length > this.#primitive.length) {
      this.#primitive = resized(this.#primitive, new Uint16Array(2 * (at + length)));
      this.#count = resized(this.#count, new Float64Array(2 * (at + length)));
    }
    this.#primitive.set(primitives.subarray(0, length), at);
    this.#count.set(counts.subarray(0, length), at);
    this.#start[number + 1] = at + length;
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
    for (let number = 0; number < this.#length; number++) {
      const start = this.#start[number];
      let slot = hashOf(this.#primitive, this.#count, start, this.#start[number + 1] - start) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number + 1;
    }
  }
}

/** A larger array that begins with what a smaller one holds. */
function resized<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}

function hashOf(primitives: ArrayLike<number>, counts: ArrayLike<number>, start: number, length: number): number {
  let h = length;
  for (let i = start; i < start + length; i++) {
    h = Math.imul(h ^ primitives[i], 0x9e3779b1);
    h = Math.imul(h ^ (h >>> 15) ^ counts[i], 0x85ebca6b);
  }
  return (h ^ (h >>> 13)) >>> 0;
}
