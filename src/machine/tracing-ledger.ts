import type { Phase } from "./context.ts";
import { type ContextHandle, Ledger } from "./ledger.ts";

/**
 * A ledger that also tells, after each event of a replay, which contexts the event charged and by how much. Charges cost
 * what they do in any ledger: what an event added is found by comparing the contexts that it entered with how they were.
 */
export class TracingLedger extends Ledger {
  /** Counts of all rows as they were after the event before. */
  #before = new Float64Array(0);
  /** Number of the event that last entered a row, by row. */
  #lastEvent = new Int32Array(64).fill(-1);
  /** Rows entered in this event, in order. */
  readonly #entered: number[] = [];
  #event = 0;
  /** What a row gained, handed to whoever looks. */
  readonly #primitives = new Uint16Array(this.primitiveCount);
  readonly #added = new Float64Array(this.primitiveCount);

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
    const size = this.primitiveCount;
    if (this.#before.length < this.rowCount * size) {
      const before = new Float64Array(Math.max(this.rowCount, 64) * 2 * size);
      before.set(this.#before);
      this.#before = before;
    }
    const counts = this.allCounts;
    const before = this.#before;
    for (const row of this.#entered) {
      const base = row * size;
      let length = 0;
      for (let primitive = 0; primitive < size; primitive++) {
        const now = counts[base + primitive];
        const added = now - before[base + primitive];
        if (added === 0) continue;
        this.#primitives[length] = primitive;
        this.#added[length++] = added;
        before[base + primitive] = now;
      }
      if (length > 0) visit(row, this.#primitives, this.#added, length);
    }
    this.#entered.length = 0;
    this.#event++;
  }

  #growTo(rowCount: number): void {
    const lastEvent = new Int32Array(rowCount * 2).fill(-1);
    lastEvent.set(this.#lastEvent);
    this.#lastEvent = lastEvent;
  }
}
