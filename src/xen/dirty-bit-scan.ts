import type { Ledger } from "../machine/ledger.ts";
import { TABLE_SHIFT } from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import type { Gate, PageRange } from "./checkpoint-service.ts";

/**
 * D bits of registered pages, as Xen reads and clears them for a process: in the entries that the processor sets them in,
 * whatever table that is in a paging mode. Our reconstruction, as the checkpoint service. Pages are virtual page numbers of
 * the calling process.
 */
export interface DirtyBitScan {
  /** Whether Xen knows a page by its frame alone (see `CheckpointService.tracksFrames`). */
  readonly tracksFrames?: boolean;
  register(gate: Gate, first: number, pageCount: number): void;
  unregister(gate: Gate, first: number, pageCount: number): void;
  /** Moves the D bits of registered pages to the bitmap that Xen shares with the process, which clears them; one TLB flush. */
  scan(gate: Gate, ranges: readonly PageRange[]): void;
  /** The bitmap: the pages that were written between the last two of their scans, or before their first. */
  dirtyPages(ranges: readonly PageRange[]): Uint32Array;
}

/** A walk over the entries of pages, one page-table page after the other. */
export function chargeScan(ledger: Ledger, ranges: readonly PageRange[]): void {
  let tables = 0;
  let entries = 0;
  for (const { first, pageCount } of ranges) {
    tables += ((first + pageCount - 1) >> TABLE_SHIFT) - (first >> TABLE_SHIFT) + 1;
    entries += pageCount;
  }
  ledger.charge(P.xen_table_map, tables);
  ledger.charge(P.xen_dirty_entry, entries);
}
