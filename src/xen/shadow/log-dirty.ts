import { TABLE_SHIFT } from "../../machine/page-table.ts";
import type { LogDirty, LogDirtyMode } from "../log-dirty.ts";
import type { ShadowHypervisor } from "./hypervisor.ts";
import type { ShadowTables } from "./shadow-tables.ts";

/**
 * Log-dirty mode by shadow entries: one that was made lets stores pass only when a store demanded it or the page is dirty
 * already, and clearing the bitmap blows all shadows (_sh_propagate, sh_clean_dirty_bitmap).
 */
export function observeShadows(tables: ShadowTables, log: LogDirty): void {
  tables.observe({
    isIdle: false,
    writeFault: (page) => log.mark(page),
    mayWrite: (page) => log.mayWrite(page),
    // The new frame's own bit was set when the kernel filled it.
    frameChanged: () => {},
    dirtyBitLost: () => {},
  });
  tables.blow();
}

/** Log-dirty mode of an HVM guest with shadow page tables. */
export function shadowLogDirty(xen: ShadowHypervisor): LogDirtyMode {
  return {
    enable: (log) => observeShadows(xen.tables, log),
    close: () => xen.tables.blow(),
    trap: (count) => xen.trapKernelWrites(count),
    // The store that let the table go out of sync, or Xen's own to it, was seen.
    tellsOfTable: (table) => xen.tables.isOutOfSync(table << TABLE_SHIFT),
  };
}
