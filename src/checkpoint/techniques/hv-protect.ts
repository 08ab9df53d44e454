/**
 * hv-protect: the hypervisor write-protects the pages itself.
 *
 * Arming is one hypercall: Xen clears the writable bit in the L1 entries of the registered pages, clears their bits in a
 * bitmap that it shares with the process, and flushes the TLB once. The first write to a page then faults into Xen, which
 * sets the page's bit, opens the page and resumes the write: no signal, no system call, and the guest's kernel never
 * runs. Collecting is reading the shared bitmap.
 *
 * Our reconstruction of the central technique of hypervisor-assisted application checkpointing (Lee et al., DSN 2011, of
 * which only the abstract is available to us). It wins wherever a hypervisor makes the guest kernel's faults, signals and
 * page-table changes dear.
 */
import { P } from "../../machine/primitives.ts";
import { PageFlags } from "../page-flags.ts";
import type { Technique, TechniqueDefinition, TechniqueMachine } from "../technique.ts";

/** Pages whose bits one 64-bit word of the shared bitmap holds. */
const PAGES_PER_WORD = 64;

export const hvProtect: TechniqueDefinition = {
  id: "hv-protect",
  class: "hypervisor",
  title: "Hypervisor write protection",
  noticesWrites: true,
  unavailable: (environment) =>
    environment === "xen-pv" || environment === "xen-shadow"
      ? undefined
      : `hv-protect needs a hypervisor's checkpoint service, and ${environment} has none; choose mprotect or full-copy, or the environment xen-pv`,
  create,
};

function create({ xen, ledger, options }: TechniqueMachine): Technique {
  if (xen === undefined) throw new Error("hv-protect was created without a hypervisor");
  const service = xen.checkpoint;
  const armed = new PageFlags();
  return {
    register(ranges) {
      for (const { first, pageCount } of ranges) service.register(options.gate, first, pageCount);
    },
    unregister(ranges) {
      for (const { first, pageCount } of ranges) {
        service.unregister(options.gate, first, pageCount);
        armed.fill(first, pageCount, 0);
      }
    },
    collect(ranges) {
      const dirty: number[] = [];
      for (const { first, pageCount } of ranges) {
        const words = Math.floor((first + pageCount - 1) / PAGES_PER_WORD) - Math.floor(first / PAGES_PER_WORD) + 1;
        ledger.charge(P.user_bitmap_word, words);
        for (let page = first; page < first + pageCount; page++) {
          if (armed.has(page) && service.isDirty(page)) dirty.push(page);
        }
      }
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
