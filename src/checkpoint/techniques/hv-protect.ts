/**
 * hv-protect: the hypervisor write-protects the pages itself.
 *
 * Arming is one hypercall: Xen takes the right to write from the entries of the registered pages, clears their bits in a
 * bitmap that it shares with the process, and flushes the TLB once. The first write to a page then faults into Xen, which
 * sets the page's bit, opens the page and resumes the write: no signal, no system call, and the guest's kernel never
 * runs. Collecting is reading the shared bitmap.
 *
 * The entries are the guest's own L1 entries under PV, and those of Xen's second table, by frames, under hardware-assisted
 * paging. There Xen does not see the guest's kernel give a page another frame: the library writes each page's own content
 * to it before it registers it, and a region costs its memory at once.
 *
 * Our reconstruction of the central technique of hypervisor-assisted application checkpointing (Lee et al., DSN 2011, of
 * which only the abstract is available to us). It wins wherever a hypervisor makes the guest kernel's faults, signals and
 * page-table changes dear.
 */
import { P } from "../../machine/primitives.ts";
import { PageFlags } from "../page-flags.ts";
import { wordsIn } from "../pages.ts";
import { type Technique, type TechniqueDefinition, type TechniqueMachine, XEN_ENVIRONMENTS } from "../technique.ts";
import { touch } from "../touch.ts";

export const hvProtect: TechniqueDefinition<"hv-protect"> = {
  id: "hv-protect",
  class: "hypervisor",
  title: "Hypervisor write protection",
  summary: "Xen write-protects pages; the first write traps to Xen, which sets a bit in a shared bitmap.",
  noticesWrites: true,
  keepsFlagsOnly: true,
  unavailable: (environment) =>
    environment !== "native"
      ? undefined
      : { need: "checkpointService", techniques: ["mprotect", "full-copy"], environments: XEN_ENVIRONMENTS },
  create,
};

function create(machine: TechniqueMachine): Technique {
  const { xen, ledger, options } = machine;
  if (xen === undefined) throw new Error("hv-protect was created without a hypervisor");
  const service = xen.checkpoint;
  const armed = new PageFlags(machine.states);
  return {
    register(ranges) {
      if (service.tracksFrames === true) touch(machine, ranges);
      for (const { first, pageCount } of ranges) service.register(options.gate, first, pageCount);
    },
    unregister(ranges) {
      for (const { first, pageCount } of ranges) {
        service.unregister(options.gate, first, pageCount);
        armed.fill(first, pageCount, 0);
      }
    },
    collect(ranges) {
      ledger.charge(P.user_bitmap_word, wordsIn(ranges));
      const dirty = service.dirtyPages(armed.runsIn(ranges));
      ledger.charge(P.user_list_entry, dirty.length);
      return dirty;
    },
    arm(ranges) {
      service.protect(options.gate, ranges);
      for (const { first, pageCount } of ranges) armed.fill(first, pageCount, 1);
    },
    isArmed: (page) => armed.has(page),
  };
}
