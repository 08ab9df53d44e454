import { type PageTable, TABLE_PAGES, TABLE_SHIFT, WINDOW_PAGES } from "../machine/page-table.ts";

/** Page-table pages of a process by level, without the top ones, which every process has. */
export interface PageTablePages {
  /** Those whose entries map pages. */
  readonly pte: number;
  /** Those above, each of which covers 1 GiB. */
  readonly pmd: number;
  /** Those above, each of which covers 512 GiB. */
  readonly pud: number;
  /** Entries of the first ones that are in use. */
  readonly entries: number;
}

const ANY_FLAG = 0xff;
/** log2 of the pages that a PMD page covers. */
const PMD_SHIFT = 2 * TABLE_SHIFT;
/** Pages of the window behind its last border of 1 GiB: it ends at 0x7ffff8000000 (see MAPPINGS_END). */
const PAGES_BEHIND_BORDER = 0x38000;
/**
 * The window up to its first border of 1 GiB stands for the bottom of the address space, where programs are linked: another
 * 512 GiB than that of mappings and stack.
 */
export const BOTTOM_PAGES = (1 << PMD_SHIFT) - PAGES_BEHIND_BORDER;

/** Counts the page-table pages that the entries in use need. */
export function pageTablePages(table: PageTable): PageTablePages {
  let pte = 0;
  let entries = 0;
  const pmds = new Set<number>();
  const puds = new Set<boolean>();
  for (let page = nextUsed(table, 0); page < WINDOW_PAGES; page = nextUsed(table, page)) {
    pte++;
    pmds.add((page + PAGES_BEHIND_BORDER) >> PMD_SHIFT);
    puds.add(page < BOTTOM_PAGES);
    const end = (page | (TABLE_PAGES - 1)) + 1;
    while (page < end) {
      const alike = table.alikeUntil(page, end);
      if (table.flags[page] !== 0) entries += alike - page;
      page = alike;
    }
  }
  return { pte, pmd: pmds.size, pud: puds.size, entries };
}

function nextUsed(table: PageTable, page: number): number {
  return page < WINDOW_PAGES ? table.nextWith(ANY_FLAG, page, WINDOW_PAGES) : page;
}

/** All of them together. */
export function countOf({ pte, pmd, pud }: PageTablePages): number {
  return pte + pmd + pud;
}
