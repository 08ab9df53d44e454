import type { GuestFrames } from "../../machine/guest-frames.ts";
import type { Ledger } from "../../machine/ledger.ts";
import { TABLE_SHIFT } from "../../machine/page-table.ts";
import { P } from "../../machine/primitives.ts";

/**
 * A run over entries of the second table, which maps a page-table page whenever the frames change to it, as
 * `resolve_misconfig` (p2m-ept.c) goes through a page of the EPT at a time.
 */
export class EntryRun {
  readonly #ledger: Ledger;
  readonly #frames: GuestFrames;
  /** The primitive that an entry costs. */
  readonly #entry: number;
  #table = -1;
  #tables = 0;
  #entries = 0;

  constructor(ledger: Ledger, frames: GuestFrames, entry: number) {
    this.#ledger = ledger;
    this.#frames = frames;
    this.#entry = entry;
  }

  /**
   * @param bits of what the frame's entry withholds (`WITHHELD_*`), to be set or cleared
   * @returns whether the entry changed; what is cached of it stays until `HapHypervisor.sync`
   */
  change(frame: number, bits: number, set: boolean): boolean {
    this.#entries++;
    if (frame >> TABLE_SHIFT !== this.#table) {
      this.#table = frame >> TABLE_SHIFT;
      this.#tables++;
    }
    const before = this.#frames.withheldOf(frame);
    const after = set ? before | bits : before & ~bits;
    if (after !== before) this.#frames.withhold(frame, after);
    return after !== before;
  }

  /** The run is over, and is charged. */
  end(): void {
    if (this.#entries > 0) {
      this.#ledger.charge(P.xen_table_map, this.#tables);
      this.#ledger.charge(this.#entry, this.#entries);
    }
    this.#table = -1;
    this.#tables = 0;
    this.#entries = 0;
  }
}
