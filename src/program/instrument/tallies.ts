/**
 * Counts of stores by page and site, kept by the module itself where telling the host of each would take too long: cells, of
 * which a page and a site have one between them and others. A cell is four i32: the page, the site, how many stores more are
 * counted before the next is told, and one that is not used. An empty cell counts none.
 */
export const TALLY_CELL_BITS = 17;
export const TALLY_CELLS = 1 << TALLY_CELL_BITS;
export const TALLY_BYTES = 16;

/** Byte of a page in the protection table: all its stores are told, but for those that have a cell. */
export const TALLIED = 4;

/** Odd numbers without a pattern (2^32 over the golden ratio, and a prime of xxHash): what tells cells apart. */
export const TALLY_PAGE_FACTOR = 0x9e3779b1 | 0;
export const TALLY_SITE_FACTOR = 0x85ebca6b | 0;

/** The cell of a page and a site. */
export function tallyCell(page: number, site: number): number {
  return (Math.imul(page, TALLY_PAGE_FACTOR) ^ Math.imul(site, TALLY_SITE_FACTOR)) >>> (32 - TALLY_CELL_BITS);
}
