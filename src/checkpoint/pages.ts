import { PageList } from "../machine/page-list.ts";
import type { PageRange } from "../xen/checkpoint-service.ts";

/** log2 of the bytes of a guest page. */
export const PAGE_SHIFT = 12;
/** Bytes of a guest page. */
export const PAGE_BYTES = 1 << PAGE_SHIFT;
/** Bytes of the lines that written bytes are told apart by. */
export const LINE_BYTES = 64;

/** The pages that hold [address, address + bytes); none when `bytes` is 0. */
export function pagesOf(address: number, bytes: number): PageRange {
  if (bytes === 0) return { first: Math.floor(address / PAGE_BYTES), pageCount: 0 };
  const first = Math.floor(address / PAGE_BYTES);
  return { first, pageCount: Math.floor((address + bytes - 1) / PAGE_BYTES) - first + 1 };
}

/** Sorted, disjoint and not adjacent ranges that cover the same pages. */
export function mergeRanges(ranges: readonly PageRange[]): PageRange[] {
  const sorted = ranges.filter((range) => range.pageCount > 0).sort((a, b) => a.first - b.first);
  const merged: { first: number; pageCount: number }[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && range.first <= last.first + last.pageCount) {
      last.pageCount = Math.max(last.pageCount, range.first + range.pageCount - last.first);
    } else merged.push({ ...range });
  }
  return merged;
}

/** The pages of `ranges` that no range of `without` holds. */
export function subtractRanges(ranges: readonly PageRange[], without: readonly PageRange[]): PageRange[] {
  const holes = mergeRanges(without);
  const rest: PageRange[] = [];
  for (const range of mergeRanges(ranges)) {
    let first = range.first;
    const end = range.first + range.pageCount;
    for (const hole of holes) {
      if (hole.first + hole.pageCount <= first) continue;
      if (hole.first >= end) break;
      if (hole.first > first) rest.push({ first, pageCount: hole.first - first });
      first = hole.first + hole.pageCount;
    }
    if (first < end) rest.push({ first, pageCount: end - first });
  }
  return rest;
}

/** Sorted page numbers as ranges. */
export function rangesOfPages(pages: ArrayLike<number>): PageRange[] {
  const ranges: PageRange[] = [];
  for (let i = 0; i < pages.length; ) {
    const start = i++;
    while (i < pages.length && pages[i] === pages[i - 1] + 1) i++;
    ranges.push({ first: pages[start], pageCount: i - start });
  }
  return ranges;
}

/** Every page of `ranges`, in their order. */
export function pagesIn(ranges: readonly PageRange[]): Uint32Array {
  return pagesThat(ranges, () => true);
}

/** The pages of `ranges` that pass, in their order. */
export function pagesThat(ranges: readonly PageRange[], passes: (page: number) => boolean): Uint32Array {
  const pages = new PageList();
  for (const { first, pageCount } of ranges) {
    for (let page = first; page < first + pageCount; page++) if (passes(page)) pages.add(page);
  }
  return pages.take();
}

export function pageCountOf(ranges: readonly PageRange[]): number {
  return ranges.reduce((sum, range) => sum + range.pageCount, 0);
}

/** Pages whose bits one 64-bit word of a shared bitmap holds. */
const PAGES_PER_WORD = 64;

/** Words of a shared bitmap that hold the bits of `ranges`. */
export function wordsIn(ranges: readonly PageRange[]): number {
  const wordOf = (page: number) => Math.floor(page / PAGES_PER_WORD);
  return ranges.reduce((sum, { first, pageCount }) => sum + wordOf(first + pageCount - 1) - wordOf(first) + 1, 0);
}
