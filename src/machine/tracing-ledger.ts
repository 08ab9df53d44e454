import type { Phase } from "./context.ts";
import { CountRows } from "./count-rows.ts";
import { type ContextHandle, Ledger } from "./ledger.ts";

/** Charges of one event that are remembered one by one; of an event with more, whole rows are compared. */
const MOST_CHARGES = 1024;

/**
 * A ledger that also tells, after each event of a replay, which contexts the event charged and by how much: by comparing
 * what was charged with how it was before.
 */
export class TracingLedger extends Ledger {
  /** Counts of all rows as they were after the event before. */
  readonly #before = new CountRows(this.primitiveCount);
  /** Number of the event that last entered a row, by row. */
  #lastEvent = new Int32Array(64).fill(-1);
  /** Rows entered in this event, in order. */
  readonly #entered: number[] = [];
  /** Primitives charged in this event, in order, as far as there is room. */
  readonly #charged = new Uint16Array(MOST_CHARGES);
  #chargedLength = 0;
  #event = 0;
  /** All primitives, for rows that are compared whole. */
  readonly #all = Uint16Array.from({ length: this.primitiveCount }, (_, primitive) => primitive);
  /** What a row gained, handed to whoever looks. */
  readonly #primitives = new Uint16Array(this.primitiveCount);
  readonly #added = new Float64Array(this.primitiveCount);

  override charge(primitive: number, count: number): void {
    super.charge(primitive, count);
    if (this.#chargedLength < MOST_CHARGES) this.#charged[this.#chargedLength] = primitive;
    this.#chargedLength++;
  }

  override enter(phase: Phase, epoch: number, site: number, region: number): ContextHandle {
    const handle = super.enter(phase, epoch, site, region);
    const row = this.currentRow;
    if (row >= this.#lastEvent.length) this.#growTo(row + 1);
    if (this.#lastEvent[row] !== this.#event) {
      this.#lastEvent[row] = this.#event;
      this.#entered.push(row);
    }
    return handle;
  }

  /**
   * Ends an event.
   * @param visit gets each row that was charged since the last call, in the order in which they were entered: what was
   * added, as `length` pairs of primitive and count at the start of two arrays that are used again
   */
  endEvent(visit: (row: number, primitives: Uint16Array, counts: Float64Array, length: number) => void): void {
    const isShort = this.#entered.length === 1 && this.#chargedLength <= MOST_CHARGES;
    const candidates = isShort ? this.#charged : this.#all;
    const candidateCount = isShort ? this.#chargedLength : this.primitiveCount;
    const before = this.#before;
    for (const row of this.#entered) {
      before.select(row);
      let length = 0;
      for (let i = 0; i < candidateCount; i++) {
        const primitive = candidates[i];
        const added = this.countAt(row, primitive) - before.at(row, primitive);
        if (added === 0) continue;
        this.#primitives[length] = primitive;
        this.#added[length++] = added;
        before.add(primitive, added);
      }
      if (length > 0) visit(row, this.#primitives, this.#added, length);
    }
    this.#entered.length = 0;
    this.#chargedLength = 0;
    this.#event++;
  }

  #growTo(rowCount: number): void {
    const lastEvent = new Int32Array(rowCount * 2).fill(-1);
    lastEvent.set(this.#lastEvent);
    this.#lastEvent = lastEvent;
  }
}
