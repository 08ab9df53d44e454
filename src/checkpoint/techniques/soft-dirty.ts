/**
 * soft-dirty: the guest's kernel notes in each page-table entry whether its page was written.
 *
 * 1. Arming writes "4" to /proc/self/clear_refs. Linux walks all mappings of the process, takes the soft-dirty bit and the
 *    right to write from every present entry, and flushes the TLB. It cannot be told which pages are meant: stack, heap
 *    and whatever else the process has are closed with the protected regions.
 * 2. The first write to a page faults. The kernel sees that the mapping allows it, sets the soft-dirty bit, opens the entry
 *    and returns: one fault, no signal, no system call. The pages that nobody asked about fault as well.
 * 3. Collecting reads /proc/self/pagemap, 8 bytes for each page of the regions, and looks at bit 55 of each entry.
 *
 * As clearing is for the whole process, a checkpoint of some regions makes the kernel forget what was written to the
 * others: their entries are read before and kept here. Pages that no image holds yet are not asked about. A region that is taken
 * out again stays closed: nothing opens a page but a write to it.
 *
 * Made by Pavel Emelyanov for the pre-dump and memory tracking of CRIU (Linux 3.11, 2013). It wins natively, where a fault is
 * cheap and the walk runs at a few nanoseconds a page. Under Xen PV clear_refs changes its entries one hypercall at a
 * time, so that arming costs more than most checkpoints' copies; and a large process with small regions pays for all of it.
 *
 * The simulated process has its linear memory and the library's buffer. A real one has text and libraries too, some 250
 * pages of a small C program, which would be walked with the rest.
 */
import { P } from "../../machine/primitives.ts";
import type { PageRange } from "../../xen/checkpoint-service.ts";
import { PageFlags } from "../page-flags.ts";
import { PagemapBuffer } from "../pagemap-buffer.ts";
import { mergeRanges, subtractRanges } from "../pages.ts";
import type { Technique, TechniqueDefinition, TechniqueMachine } from "../technique.ts";

export const softDirty: TechniqueDefinition<"soft-dirty"> = {
  id: "soft-dirty",
  class: "user",
  title: "Soft-dirty bits",
  summary: "Linux closes all pages; the first write faults in the kernel, which sets a bit.",
  noticesWrites: false,
  keepsFlagsOnly: true,
  unavailable: () => undefined,
  create,
};

function create({ process, ledger }: TechniqueMachine): Technique {
  let registered: PageRange[] = [];
  /** Pages whose soft-dirty bit tells whether they were written since an image took them. */
  const tracked = new PageFlags();
  /** Tracked pages that were written before the latest clear_refs. */
  const written = new PageFlags();
  const pagemap = new PagemapBuffer(process);

  /** Moves what pagemap knows of the tracked pages in `ranges` into `written`. */
  function readPagemap(ranges: readonly PageRange[]): void {
    for (const { first, pageCount } of tracked.runsIn(ranges)) {
      pagemap.inPieces(first, pageCount, (start, count, buffer) => {
        written.setAll(process.readPagemap(start, count, buffer));
        ledger.charge(P.user_pagemap_entry, count);
      });
    }
  }

  return {
    register(ranges) {
      registered = mergeRanges([...registered, ...ranges]);
    },
    unregister(ranges) {
      registered = subtractRanges(registered, ranges);
      for (const { first, pageCount } of ranges) {
        tracked.fill(first, pageCount, 0);
        written.fill(first, pageCount, 0);
      }
    },
    collect(ranges) {
      readPagemap(ranges);
      const pages = written.take(ranges);
      ledger.charge(P.user_list_entry, pages.length);
      return pages;
    },
    arm(ranges) {
      readPagemap(subtractRanges(registered, ranges));
      process.clearRefs();
      for (const { first, pageCount } of ranges) tracked.fill(first, pageCount, 1);
    },
    isArmed: (page) => process.isWriteProtected(page),
  };
}
