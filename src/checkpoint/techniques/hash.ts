/**
 * hash: the checkpoint library looks at the bytes themselves.
 *
 * 1. Nothing is armed. No page is write-protected, no write is noticed, and no kernel or hypervisor takes part.
 * 2. Collecting hashes every block of the regions: what a region holds of one page, so that its first and last block may
 *    be shorter. A block whose hash is not the one kept from its last save is dirty; its new hash is kept.
 *
 * Every byte is read at each checkpoint, written or not, and hashing it costs more than copying it. In return a block that
 * was rewritten with the bytes that it had is clean, which nothing that tracks writes can find out. A fast hash may take two
 * contents for one; libraries choose one that is long enough, and this simulation compares the bytes, so that no image is
 * ever wrong.
 *
 * Agarwal, Garg, Gupta and Moreira, "Adaptive incremental checkpointing for massively parallel systems" (ICS 2004); the
 * differential checkpoints (dCP) of FTI; libhashckpt combines it with page protection to hash written pages only. It wins
 * where writing an image is dear (a disk, a wire) and programs store values that do not change, and where no kernel or
 * hypervisor tracks anything. Large regions that are mostly clean are cheaper with soft-dirty bits or a hypervisor's help.
 */
import { P } from "../../machine/primitives.ts";
import { PageFlags } from "../page-flags.ts";
import { pageCountOf } from "../pages.ts";
import type { Technique, TechniqueDefinition, TechniqueMachine } from "../technique.ts";

export const hash: TechniqueDefinition = {
  id: "hash",
  class: "user",
  title: "Block hashes",
  noticesWrites: false,
  unavailable: () => undefined,
  create,
};

function create({ ledger }: TechniqueMachine): Technique {
  /** Pages that have a hash. */
  const hashed = new PageFlags();
  let changed = new PageFlags();
  return {
    register: () => {},
    unregister(ranges) {
      for (const { first, pageCount } of ranges) hashed.fill(first, pageCount, 0);
    },
    noteChanged(pages) {
      changed = new PageFlags();
      if (pages.length > 0) changed.fill(pages[0], pages[pages.length - 1] - pages[0] + 1, 0);
      for (let i = 0; i < pages.length; i++) changed.set(pages[i]);
    },
    collect(ranges, bytes) {
      ledger.charge(P.user_hash_byte, bytes);
      ledger.charge(P.user_hash_entry, pageCountOf(ranges));
      const dirty: number[] = [];
      for (const { first, pageCount } of ranges) {
        for (let page = first; page < first + pageCount; page++) {
          if (!hashed.has(page) || changed.has(page)) dirty.push(page);
        }
        hashed.fill(first, pageCount, 1);
      }
      changed = new PageFlags();
      ledger.charge(P.user_list_entry, dirty.length);
      return dirty;
    },
    arm: () => {},
    isArmed: () => false,
  };
}
