import type { Ledger } from "../../machine/ledger.ts";
import { PageBytes } from "../../machine/page-bytes.ts";
import { type PageTable, WINDOW_PAGES, WITHHELD_ACCESS, WITHHELD_DIRTY } from "../../machine/page-table.ts";
import { P } from "../../machine/primitives.ts";
import type { Gate, PageRange } from "../checkpoint-service.ts";
import { chargeScan, type DirtyBitScan } from "../dirty-bit-scan.ts";
import type { RequestChannel } from "../request-channel.ts";
import type { ShadowObserver } from "./shadow-observer.ts";
import type { ShadowTables } from "./shadow-tables.ts";

const REGISTERED = 1;
/** Written, or given another frame, since the last scan, and no entry tells of it any more. */
const NOTED = 2;
/** The bit that the process reads. */
const DIRTY = 4;

/**
 * Scans of the D bits of shadow entries. The guest's own D bits, which its kernel needs, are not touched. A shadow entry is
 * made with its D bit clear, whatever the guest's says; when one goes that had its bit set, or Xen finds another frame
 * behind a page, that is noted for the next scan.
 */
export class ShadowDirtyBitScan implements DirtyBitScan, ShadowObserver {
  readonly #ledger: Ledger;
  readonly #tables: ShadowTables;
  readonly #table: PageTable;
  readonly #channel: RequestChannel;
  readonly #pages = new PageBytes(WINDOW_PAGES);
  readonly #state = this.#pages.bytes;
  /** Until pages are registered. */
  isIdle = true;

  constructor(ledger: Ledger, tables: ShadowTables, table: PageTable, channel: RequestChannel) {
    this.#ledger = ledger;
    this.#tables = tables;
    this.#table = table;
    this.#channel = channel;
  }

  register(gate: Gate, first: number, pageCount: number): void {
    this.#channel.request(gate, () => {
      this.#table.states.keep(this.#state);
      this.#ledger.charge(P.xen_service_page, pageCount);
      this.isIdle = false;
      this.#state.fill(REGISTERED | NOTED, first, first + pageCount);
    });
  }

  unregister(gate: Gate, first: number, pageCount: number): void {
    this.#channel.request(gate, () => this.#state.fill(0, first, first + pageCount));
  }

  scan(gate: Gate, ranges: readonly PageRange[]): void {
    this.#channel.request(gate, () => {
      const { withheld } = this.#table;
      chargeScan(this.#ledger, ranges);
      let cleared = false;
      for (const { first, pageCount } of ranges) {
        for (let page = first, end = first + pageCount; page < end; page++) {
          const isSet = (withheld[page] & (WITHHELD_ACCESS | WITHHELD_DIRTY)) === 0;
          const found = isSet || (this.#state[page] & NOTED) !== 0;
          this.#state[page] = REGISTERED | (found ? DIRTY : 0);
          if (!isSet) continue;
          this.#table.withhold(page, withheld[page] | WITHHELD_DIRTY);
          cleared = true;
        }
      }
      if (cleared) this.#tables.flush();
    });
  }

  dirtyPages(ranges: readonly PageRange[]): Uint32Array {
    return this.#pages.pagesWith(DIRTY, ranges);
  }

  writeFault(): void {}

  mayWrite(): boolean {
    return true;
  }

  frameChanged(page: number): void {
    this.#note(page);
  }

  dirtyBitLost(page: number): void {
    this.#note(page);
  }

  #note(page: number): void {
    if (this.#state[page] & REGISTERED) this.#state[page] |= NOTED;
  }
}
