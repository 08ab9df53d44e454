import type { PageStates } from "../../machine/page-states.ts";
import { WITHHELD_STALE, WITHHELD_WRITE } from "../../machine/page-table.ts";
import { P } from "../../machine/primitives.ts";
import type { LogDirty, LogDirtyMode } from "../log-dirty.ts";
import type { HapHypervisor } from "./hypervisor.ts";

const CLOSED = WITHHELD_WRITE | WITHHELD_STALE;

/**
 * Log-dirty mode under hardware-assisted paging by write protection, as on processors without PML: all frames get the type
 * p2m_ram_logdirty. That is done lazily: the table's top is made to be recalculated, and the first access below each of its
 * last tables exits once (EPT misconfiguration) to have its 512 entries changed; then the first write to each frame is an
 * EPT violation, which gives it its type back (hap_clean_dirty_bitmap, p2m-ept.c: ept_change_entry_type_global,
 * resolve_misconfig; hvm_hap_nested_page_fault).
 *
 * Where the processor has PML, Xen prefers it; it is not chosen here, so that the paging modes are compared by one mechanism.
 */
export function hapLogDirty(xen: HapHypervisor, states: PageStates): LogDirtyMode {
  const { frames, ledger } = xen;
  let log: LogDirty | undefined;
  const close = () => {
    ledger.charge(P.xen_ept_recalculate, 1);
    frames.withholdAll(CLOSED);
    xen.sync();
  };
  const open = (frame: number) => frames.withhold(frame, frames.withheldOf(frame) & ~CLOSED);
  return {
    enable(started) {
      log = started;
      xen.observe({
        write(frame) {
          if (frames.withheldOf(frame) & WITHHELD_STALE) {
            states.once();
            frames.releaseAround(frame, WITHHELD_STALE);
            xen.misconfiguration();
          }
          log?.mark(frames.pageOf(frame));
          ledger.charge(P.xen_p2m_entry, 1);
          open(frame);
        },
        emulatedIn: () => 0,
        emulateIn: () => {},
      });
      close();
    },
    close,
    trap(count) {
      // Pages of one set lie together, below one of the last tables.
      xen.misconfiguration();
      xen.violations(count);
      ledger.charge(P.xen_p2m_entry, count);
    },
    // The guest's tables are pages like others: its own writes trap, and so does the processor's setting of a D bit.
    tellsOfTable: () => false,
    entryWritten(page) {
      const frame = frames.frameOf(page);
      // The kernel has filled the frame before it gives it to the page.
      if (frame >= 0 && log?.mayWrite(page) === true) open(frame);
    },
  };
}
