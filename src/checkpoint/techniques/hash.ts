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
import { pageCountOf, subtractRanges } from "../pages.ts";
import type { Technique, TechniqueDefinition, TechniqueMachine } from "../technique.ts";

export const hash: TechniqueDefinition<"hash"> = {
  id: "hash",
  class: "user",
  title: "Block hashes",
  summary: "No write is noticed; each page is hashed at a checkpoint.",
  noticesWrites: false,
  keepsFlagsOnly: true,
  unavailable: () => undefined,
  create,
};

function create({ ledger }: TechniqueMachine): Technique {
  /** Pages that have a hash. */
  const hashed = new PageFlags();
  /** Pages whose hash is not the one that is kept. */
  const dirty = new PageFlags();
  /** Those of `dirty` that were told of. */
  let noted: Uint32Array = new Uint32Array();
  return {
    register: () => {},
    unregister(ranges) {
      for (const { first, pageCount } of ranges) hashed.fill(first, pageCount, 0);
    },
    noteChanged(pages) {
      for (const page of noted) dirty.clear(page);
      dirty.setAll(pages);
      noted = pages;
    },
    collect(ranges, bytes) {
      ledger.charge(P.user_hash_byte, bytes);
      ledger.charge(P.user_hash_entry, pageCountOf(ranges));
      for (const { first, pageCount } of subtractRanges(ranges, hashed.runsIn(ranges))) {
        dirty.fill(first, pageCount, 1);
        hashed.fill(first, pageCount, 1);
      }
      const pages = dirty.take(ranges);
      ledger.charge(P.user_list_entry, pages.length);
      return pages;
    },
    arm: () => {},
    isArmed: () => false,
  };
}
