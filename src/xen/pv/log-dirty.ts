import type { LogDirtyMode } from "../log-dirty.ts";
import { observeShadows } from "../shadow/log-dirty.ts";
import type { Hypervisor } from "./hypervisor.ts";

/**
 * Log-dirty mode of a PV guest: it is put on shadow page tables for as long as it lasts (sh_enable_log_dirty). Its updates of
 * page tables are hypercalls as before, and Xen brings the shadows up to date by them; no table is ever out of sync.
 */
export function pvLogDirty(xen: Hypervisor): LogDirtyMode {
  return {
    enable: (log) => observeShadows(xen.shadow(), log),
    close: () => xen.shadow().blow(),
    trap: (count) => xen.trapKernelWrites(count),
    // Xen itself writes the guest's entries.
    tellsOfTable: () => true,
  };
}
