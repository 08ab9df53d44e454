import type { Kernel } from "../../../src/linux/kernel.ts";
import { PTE_PRESENT, PTE_SHARED, PTE_WRITABLE } from "../../../src/machine/page-table.ts";

/** Leaves entries as a fork does: closed, with frames that are shared. In an HVM guest there is no second process to share them. */
export function closeAsForkDoes({ table, platform }: Kernel, first: number, pageCount: number): void {
  const { flags } = table;
  for (let page = first; page < first + pageCount; page++) {
    if ((flags[page] & PTE_PRESENT) === 0) continue;
    platform.writePtesInPlace(page, page + 1, (flags[page] | PTE_SHARED) & ~PTE_WRITABLE);
  }
  platform.flushAll();
}
