/**
 * remus: the whole guest is saved from outside, many times a second, and nothing in it knows.
 *
 * 1. Before the program starts, a tool in the control domain maps all of the guest's memory, copies it to the backup once
 *    (that is not part of the run) and turns Xen's log-dirty mode on. From then on the first write in an epoch to any page
 *    of the guest comes to Xen, which sets the page's bit and opens it: pages of protected regions, the program's other
 *    pages, its stack, and what its kernel writes for each system call and each fault.
 * 2. At a checkpoint the tool has the guest suspend itself, by an event channel and not through XenStore (collect).
 * 3. It reads Xen's bitmap of the whole guest, and copies each dirty page into a staging buffer (copy).
 * 4. It clears the bitmap, which closes every page again, and resumes the guest (arm). A guest on shadow page tables loses
 *    all its shadows for that; with hardware-assisted paging the entries of the second table are made to trap again.
 * 5. The buffer crosses to the backup and is acknowledged (commit). All that time, what the guest sends to the network since
 *    its last checkpoint is held back in the control domain, and goes out with the acknowledgement: nobody outside sees a
 *    state that could be lost. With asynchronous commits the guest runs on meanwhile, on speculation: only steps 2 to 4 stop it,
 *    and the next checkpoint waits until this one has crossed. With synchronous ones it waits for step 5.
 *
 * A checkpoint is taken where the program asks for one, so that its cost can be held against the other techniques'; what it
 * asks to have saved is in the image like everything else. Remus itself asks nobody and goes by a clock. Its options: who
 * copies (`copy`) and how Xen is reached (`gate`) are the control domain's own affair and change nothing.
 *
 * A PV guest is put on shadow page tables while it is tracked, so that its faults, its updates of page tables and its changes
 * of mode are dearer as well; all of that is counted. Under hardware-assisted paging the log is by write protection, not by PML.
 *
 * By Brendan Cully, Geoffrey Lefebvre, Dutch Meyer, Mike Feeley, Norm Hutchinson and Andrew Warfield (Remus: High Availability
 * via Asynchronous Virtual Machine Replication, NSDI 2008; in Xen from 4.0 on). It wins where a program cannot be changed or
 * its whole machine has to survive, kernel, connections and all. It loses where a program knows the few pages that matter: it
 * saves the others, too, and closes all of them at every checkpoint.
 *
 * What it copied, pages and bytes, is the whole guest's; a region still has pages of its own, whose bytes an image keeps.
 *
 * Not counted: what the virtual disk writes in an epoch, which Remus buffers on the backup as well, compression, and stores of
 * devices into the guest's memory.
 */
import { P } from "../../machine/primitives.ts";
import type { PageRange } from "../../xen/checkpoint-service.ts";
import { PageFlags } from "../page-flags.ts";
import { mergeRanges, PAGE_BYTES, subtractRanges } from "../pages.ts";
import { type Technique, type TechniqueDefinition, type TechniqueMachine, XEN_ENVIRONMENTS } from "../technique.ts";

export const remus: TechniqueDefinition<"remus"> = {
  id: "remus",
  class: "transparent",
  title: "Remus: the whole guest",
  summary: "Xen tracks the whole guest, which pauses while it is copied.",
  noticesWrites: true,
  keepsFlagsOnly: true,
  unavailable: (environment) =>
    environment !== "native"
      ? undefined
      : { need: "logDirty", techniques: ["full-copy", "soft-dirty"], environments: XEN_ENVIRONMENTS },
  create,
};

function create({ xen, ledger }: TechniqueMachine): Technique {
  const logDirty = xen?.logDirty;
  if (logDirty === undefined) throw new Error("remus was created without log-dirty mode");
  let registered: PageRange[] = [];
  /** Registered pages that were written since an image of their region was last taken. */
  const written = new PageFlags();
  let dirtyPages = 0;
  logDirty.enable();
  return {
    register(ranges) {
      registered = mergeRanges([...registered, ...ranges]);
    },
    unregister(ranges) {
      registered = subtractRanges(registered, ranges);
      for (const { first, pageCount } of ranges) written.fill(first, pageCount, 0);
    },
    collect(ranges) {
      ledger.charge(P.remus_pause, 1);
      dirtyPages = logDirty.read();
      // The bitmap forgets what was written to regions that this checkpoint does not take.
      written.setAll(logDirty.dirtyPages(registered));
      return written.take(ranges);
    },
    arm: () => logDirty.clear(),
    isArmed: (page) => logDirty.isClosed(page),
    wholeGuest: {
      copy() {
        ledger.charge(P.user_list_entry, dirtyPages);
        ledger.charge(P.user_memcpy_call, dirtyPages);
        ledger.charge(P.user_memcpy_byte, dirtyPages * PAGE_BYTES);
        return dirtyPages;
      },
      release: () => ledger.charge(P.remus_release, 1),
    },
  };
}
