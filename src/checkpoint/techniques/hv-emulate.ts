/**
 * hv-emulate: the hypervisor carries out every write itself and logs the bytes.
 *
 * 1. The first checkpoint arms a region with one request: Xen write-protects its pages. They stay so for good, and there is
 *    nothing to arm again, no entry to change and no TLB to flush, at any later checkpoint.
 * 2. Each single store to such a page faults (or exits) into Xen, which fetches and decodes the instruction, does the store
 *    through a mapping of its own, logs the bytes, and goes on behind the instruction: what it does for a PV guest's writes
 *    to its page tables (ptwr, xen/arch/x86/pv/ro-page-fault.c), without the validation; for those of an HVM guest with
 *    shadow page tables; and for writes to emulated devices under hardware-assisted paging (hvm_emulate_one). A store into
 *    two pages faults for each.
 *    String instructions (`rep movs`, `rep stos`: memory.copy and memory.fill here, and what the kernel or the C library
 *    copies in) are emulated up to the page's end at once.
 * 3. The log is shared with the process: a bit for each byte of a page, set where it was written, and one for each page that
 *    has any. It is a map and no list of (address, length) as that would grow with each turn of a loop; it takes an eighth of
 *    the region's size, never overflows, and has no order to be sorted into. What is lost is in which order bytes were
 *    written, which no checkpoint asks.
 * 4. Collecting is reading the map of each logged page, and clearing it. Only those bytes are copied.
 *
 * A page that the guest's kernel maps anew while it is protected (the first touch, copy on write) is another frame, of which
 * Xen knows nothing: it is opened, saved whole, and closed by the next checkpoint. Where Xen does not see that happen, under
 * hardware-assisted paging, the library writes each page's own content to it before it registers it.
 *
 * Logging writes at a granularity below the page is old in software (compilers and binary translators insert the log) and in
 * proposed hardware; among hypervisors FITDOC tracks 8 bytes and reports half the data of page granularity (-52.9 %). Our
 * reconstruction of a variant of hypervisor-assisted application checkpointing (Lee et al., DSN 2011, of which only the
 * abstract is available to us); how long an emulated write takes is an estimate from the measured emulation of page-table
 * writes. It wins where a program writes a few bytes here and there between checkpoints, and every byte of an image is dear:
 * a slow disk, a thin wire. For a program that stores as programs do it is by far the slowest technique there is.
 */
import { EVERY_WRITE } from "../../xen/checkpoint-service.ts";
import type { TechniqueDefinition } from "../technique.ts";
import { emulationUnavailable, loggedWrites } from "./logged-writes.ts";

export const hvEmulate: TechniqueDefinition<"hv-emulate"> = {
  id: "hv-emulate",
  class: "hypervisor",
  title: "Hypervisor write emulation",
  summary: "Pages stay protected; Xen emulates each write and logs its bytes.",
  noticesWrites: true,
  needsEveryWrite: true,
  keepsFlagsOnly: true,
  unavailable: emulationUnavailable,
  create: (machine) => loggedWrites(machine, EVERY_WRITE),
};
