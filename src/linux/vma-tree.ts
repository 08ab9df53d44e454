import type { Ledger } from "../machine/ledger.ts";
import { P } from "../machine/primitives.ts";

/** VMAs of a small process (text, data, heap, stack, vdso ...), which lie outside the window. */
const OTHER_VMAS = 8;
/** log2 of the VMAs up to which the measured paths hold as they are. */
const BASE_LEVELS = 3;
/** Ranges (VMAs and holes) that a leaf of the maple tree holds on average after splits in the middle. */
const RANGES_PER_LEAF = 10;
/** Joined with its neighbour when leaves hold fewer on average. */
const LEAST_RANGES_PER_LEAF = 6;

/**
 * What it costs to keep VMAs in order, beyond the fixed part of a split or a merge: deeper trees take longer to search
 * and to fix. Linux 5.10 keeps a red-black tree of VMAs and one of the mappings of the anonymous pages (both binary);
 * 6.1 has the latter too, and a maple tree whose leaves are split and joined as VMAs come and go.
 */
export class VmaTree {
  readonly #ledger: Ledger;
  readonly #maple: boolean;
  #leaves = 1;

  constructor(ledger: Ledger, maple: boolean) {
    this.#ledger = ledger;
    this.#maple = maple;
  }

  /** A look-up among `count` VMAs. */
  lookUp(count: number): void {
    const levels = furtherLevels(count);
    if (levels > 0) this.#ledger.charge(P.linux_vma_lookup_level, levels);
  }

  /** `changes` insertions or removals that leave `count` VMAs. */
  change(count: number, changes: number): void {
    const levels = furtherLevels(count);
    if (levels > 0) this.#ledger.charge(P.linux_vma_level, levels * changes);
    if (this.#maple) this.#balance(count);
  }

  #balance(count: number): void {
    const ranges = count + OTHER_VMAS;
    while (ranges > this.#leaves * RANGES_PER_LEAF) {
      this.#leaves++;
      this.#ledger.charge(P.linux_vma_node_split, 1);
    }
    while (this.#leaves > 1 && ranges < this.#leaves * LEAST_RANGES_PER_LEAF) {
      this.#leaves--;
      this.#ledger.charge(P.linux_vma_node_join, 1);
    }
  }
}

function furtherLevels(count: number): number {
  return Math.max(0, 31 - Math.clz32(count + OTHER_VMAS) - BASE_LEVELS);
}
