/**
 * hv-hybrid: the hypervisor emulates and logs the first writes to a page, and opens it when there are more.
 *
 * 1. Arming is as with hv-protect: one request, Xen write-protects the pages that were opened, one TLB flush for all. Where
 *    none was, the process sees it in the shared bitmap and does not ask.
 * 2. The first N writes to a page after it was armed (`--hybrid-writes`, 4 unless told) are emulated and logged as with
 *    hv-emulate. The write after them opens the page, as with hv-protect: its bit is set, and the program writes on at full
 *    speed. N = 0 is hv-protect.
 * 3. Collecting reads the bitmap of opened pages, which are saved whole, and the log of the others, of which only the written
 *    bytes are. The count of a page's emulated writes stands in its log and is cleared with it.
 *
 * The classic compromise of a cheap path with a limit: a page that gets a counter and a pointer costs a few emulations and a
 * few bytes, a page that is rewritten costs those and one fault. Each emulated write is dearer than the fault that would have
 * opened the page, so it pays only where bytes are dear. Our reconstruction, as hv-emulate is. It wins where most dirty pages
 * get very few writes, as in trees, hash tables and lists, and the image goes over a wire or to a disk.
 */
import type { TechniqueDefinition } from "../technique.ts";
import { emulationUnavailable, loggedWrites } from "./logged-writes.ts";

export const hvHybrid: TechniqueDefinition<"hv-hybrid"> = {
  id: "hv-hybrid",
  class: "hypervisor",
  title: "Hypervisor write emulation, then protection",
  summary: "Xen emulates the first writes of a page and logs them, then opens it.",
  noticesWrites: true,
  needsEveryWrite: true,
  keepsFlagsOnly: true,
  unavailable: emulationUnavailable,
  create: (machine) => loggedWrites(machine, machine.options.hybridWrites),
};
