import { TALLY_BYTES, TALLY_CELLS, tallyCell } from "../program/instrument/tallies.ts";
import type { StoreSite } from "../program/instrument/types.ts";

const FIELDS = TALLY_BYTES / 4;
const PAGE = 0;
const SITE = 1;
/** Stores that are counted before the next is told. */
const LEFT = 2;

/** What was counted for an owner: so many stores, of so many bytes together. */
export type TakeTally = (owner: number, stores: number, bytes: number) => void;

/**
 * Stores that a module counts by page and site instead of telling the host of each (see `program/instrument/tallies.ts`).
 * There are fewer cells than pages and sites: who gets one may take it from another, whose stores are told again.
 */
export class StoreTallies {
  readonly #sites: readonly StoreSite[];
  /** Replaced when the memory that holds them grows. */
  #cells: Int32Array = new Int32Array(0);
  #written: Uint32Array = new Uint32Array(0);
  /** Cells that were begun since all were taken. */
  readonly #taken = new Uint32Array(TALLY_CELLS);
  #takenCount = 0;
  readonly #owners = new Int32Array(TALLY_CELLS);
  readonly #mosts = new Uint32Array(TALLY_CELLS);
  /** By cell: whether it is among those. */
  readonly #isTaken = new Uint8Array(TALLY_CELLS);

  constructor(sites: readonly StoreSite[]) {
    this.#sites = sites;
  }

  refresh(cells: Int32Array, written: Uint32Array): void {
    this.#cells = cells;
    this.#written = written;
  }

  /** One bit a byte of the program's memory, 32 to a word: what counted stores wrote. May be written at will. Replaced when the memory grows. */
  get writtenBits(): Uint32Array {
    return this.#written;
  }

  /**
   * From here on stores of a site to a page are not told any more, while the page's byte in the protection table is `TALLIED`
   * and they do not lie in two pages. The cell that they get is empty (`take`).
   * @param site of plain stores: those of bulk instructions are always told
   * @param owner whom they are taken for
   * @param most how many; then they are told again
   */
  begin(page: number, site: number, owner: number, most: number): void {
    const cell = tallyCell(page, site);
    if (this.#isTaken[cell] === 0) {
      this.#isTaken[cell] = 1;
      this.#taken[this.#takenCount++] = cell;
    }
    this.#owners[cell] = owner;
    this.#mosts[cell] = most;
    const at = cell * FIELDS;
    this.#cells[at + PAGE] = page;
    this.#cells[at + SITE] = site;
    this.#cells[at + LEFT] = most;
  }

  /** Takes what the cell of a page and a site has counted, for whomever that was, and empties it. */
  take(page: number, site: number, take: TakeTally): void {
    this.#takeCell(tallyCell(page, site), take);
  }

  /** Takes all that was counted: every store is told again. */
  takeAll(take: TakeTally): void {
    for (let i = 0; i < this.#takenCount; i++) {
      const cell = this.#taken[i];
      this.#takeCell(cell, take);
      this.#isTaken[cell] = 0;
    }
    this.#takenCount = 0;
  }

  #takeCell(cell: number, take: TakeTally): void {
    const at = cell * FIELDS;
    const stores = this.#mosts[cell] - (this.#cells[at + LEFT] >>> 0);
    this.#cells[at + LEFT] = 0;
    this.#mosts[cell] = 0;
    if (stores > 0) take(this.#owners[cell], stores, stores * this.#sites[this.#cells[at + SITE]].size);
  }
}
