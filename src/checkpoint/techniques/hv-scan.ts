/**
 * hv-scan: the hypervisor reads the bits that the processor sets anyway.
 *
 * 1. Declaring a region registers its pages with Xen. Where Xen knows pages by their frames (hardware-assisted paging), the
 *    library writes each page's own content to it first, so that no later write changes its frame.
 * 2. Arming clears the D bits of pages that were not tracked yet: in the guest's L1 entries under PV, in their shadows or in Xen's second table
 *    under hardware-assisted paging. One request, one flush.
 * 3. A write costs nothing but the processor's setting of the D bit, once for each page: no trap, no exit, no kernel.
 * 4. Collecting is one request: Xen goes through the entries of the regions, moves their D bits to a bitmap that it shares
 *    with the process, and flushes once, so that the processor sets them anew. Pages that were collected are armed by it.
 *
 * The cost grows with what is registered, a few instructions for each page, and not with what is written. It wins where much
 * of the registered memory is written between checkpoints, or checkpoints are rare; where little of a large state is
 * written, hv-protect looks at written pages only. As nobody learns of a write, commits are synchronous.
 *
 * Our reconstruction. Xen's own log-dirty mode write-protects pages, or has the processor log what it sets (PML), instead.
 */
import { P } from "../../machine/primitives.ts";
import { PageFlags } from "../page-flags.ts";
import { subtractRanges, wordsIn } from "../pages.ts";
import { type Technique, type TechniqueDefinition, type TechniqueMachine, XEN_ENVIRONMENTS } from "../technique.ts";
import { touch } from "../touch.ts";

export const hvScan: TechniqueDefinition<"hv-scan"> = {
  id: "hv-scan",
  class: "hypervisor",
  title: "Hypervisor scan of D bits",
  summary: "Xen clears the dirty bits of page tables, and reads them at a checkpoint.",
  noticesWrites: false,
  keepsFlagsOnly: true,
  unavailable: (environment) =>
    environment !== "native"
      ? undefined
      : { need: "dirtyBitScan", techniques: ["soft-dirty", "full-copy"], environments: XEN_ENVIRONMENTS },
  create,
};

function create(machine: TechniqueMachine): Technique {
  const { xen, ledger, options } = machine;
  if (xen?.dirtyBits === undefined) throw new Error("hv-scan was created where nobody scans D bits");
  const { dirtyBits, channel } = xen;
  const { gate } = options;
  const armed = new PageFlags(machine.states);
  return {
    register(ranges) {
      if (dirtyBits.tracksFrames === true) touch(machine, ranges);
      for (const { first, pageCount } of ranges) dirtyBits.register(gate, first, pageCount);
    },
    unregister(ranges) {
      for (const { first, pageCount } of ranges) {
        dirtyBits.unregister(gate, first, pageCount);
        armed.fill(first, pageCount, 0);
      }
    },
    collect(ranges) {
      const tracked = armed.runsIn(ranges);
      if (tracked.length === 0) return new Uint32Array();
      dirtyBits.scan(gate, tracked);
      channel.complete();
      ledger.charge(P.user_bitmap_word, wordsIn(tracked));
      const dirty = dirtyBits.dirtyPages(tracked);
      ledger.charge(P.user_list_entry, dirty.length);
      return dirty;
    },
    arm(ranges) {
      const added = subtractRanges(ranges, armed.runsIn(ranges));
      if (added.length > 0) dirtyBits.scan(gate, added);
      for (const { first, pageCount } of added) armed.fill(first, pageCount, 1);
    },
    isArmed: (page) => armed.has(page),
  };
}
