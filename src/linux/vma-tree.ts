import type { Ledger } from "../machine/ledger.ts";
import { P } from "../machine/primitives.ts";

/** VMAs of a small process (text, data, heap, stack, vdso ...), which lie outside the window. */
const OTHER_VMAS = 8;
/** log2 of the VMAs up to which the measured paths hold as they are. */
const BASE_LEVELS = 3;
/** Ranges (VMAs and holes) that a leaf of the maple tree holds on average after splits at its end. */
const RANGES_PER_LEAF = 8;
/** Joined with its neighbour when leaves hold fewer on average. */
const LEAST_RANGES_PER_LEAF = 6;
/** Free maple-tree nodes that a kernel which has been at rest has in its partial slabs. */
const NODES_AT_REST = 200;
/** Nodes of 256 bytes in a slab of one page. */
const NODES_PER_SLAB = 16;

/**
 * What it costs to keep VMAs in order, beyond the fixed part of a split or a merge: deeper trees take longer to search
 * and to fix. Linux 5.10 keeps a red-black tree of VMAs and one of the mappings of the anonymous pages (both binary);
 * 6.1 has the latter too, and a maple tree whose leaves are split and joined as VMAs come and go. A changed leaf is a
 * new node; the old one is freed only after an RCU grace period, so a burst of changes needs new slabs.
 */
export class VmaTree {
  readonly #ledger: Ledger;
  readonly #maple: boolean;
  #leaves = 0;
  #freeNodes = NODES_AT_REST;

  constructor(ledger: Ledger, maple: boolean) {
    this.#ledger = ledger;
    this.#maple = maple;
  }

  /** A look-up among `count` VMAs. */
  lookUp(count: number): void {
    const levels = furtherLevels(count);
    if (levels > 0) this.#ledger.charge(P.linux_vma_lookup_level, levels);
  }

  /**
   * A split, shift or merge that leaves `count` VMAs.
   * @param changes insertions and removals in it
   * @param nodes nodes of the maple tree that it replaces
   */
  change(count: number, changes: number, nodes: number): void {
    const levels = furtherLevels(count);
    if (levels > 0) this.#ledger.charge(P.linux_vma_level, levels * changes);
    if (!this.#maple) return;
    this.#takeNodes(nodes);
    this.#balance(count + OTHER_VMAS);
  }

  /** Time goes by: grace periods end, and what waited for them is free again. */
  rest(): void {
    this.#freeNodes = NODES_AT_REST;
  }

  #takeNodes(nodes: number): void {
    this.#freeNodes -= nodes;
    if (this.#freeNodes >= 0) return;
    this.#ledger.charge(P.linux_slab, 1);
    this.#freeNodes += NODES_PER_SLAB;
  }

  #balance(ranges: number): void {
    if (this.#leaves === 0) this.#leaves = Math.ceil(ranges / RANGES_PER_LEAF);
    while (ranges > this.#leaves * RANGES_PER_LEAF) {
      this.#leaves++;
      this.#ledger.charge(P.linux_vma_node_split, 1);
      this.#takeNodes(1);
    }
    while (this.#leaves > 2 && ranges < this.#leaves * LEAST_RANGES_PER_LEAF) {
      this.#leaves--;
      this.#ledger.charge(P.linux_vma_node_join, 1);
      this.#takeNodes(4);
    }
  }
}

function furtherLevels(count: number): number {
  return Math.max(0, 31 - Math.clz32(count + OTHER_VMAS) - BASE_LEVELS);
}
