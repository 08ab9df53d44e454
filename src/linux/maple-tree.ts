import type { Ledger } from "../machine/ledger.ts";
import { P } from "../machine/primitives.ts";
import { VmaMap } from "./vma-map.ts";

/** Entries (VMAs and holes) that a leaf has room for (MAPLE_RANGE64_SLOTS). */
const LEAF_SLOTS = 16;
/** A leaf with no more entries than this takes some of its neighbour's, or is merged with it. */
const SPARSE_ENTRIES = 7;
/** Two neighbours are merged into one up to this many entries. */
const MOST_MERGED = 15;
/** A full leaf pushes entries to a neighbour while both together hold no more than this; else it is split. */
const MOST_PUSHED = 28;
/** Entries of a leaf where the tree is laid out anew. */
const USUAL_ENTRIES = 9;

/** Nodes that the processor's own free list holds when the kernel has been at rest: two slabs. */
const FAST_NODES = 32;
/** Nodes that are free when the kernel has been at rest, and those that a new slab of one page adds. */
const FREE_NODES = 280;
const NODES_PER_SLAB = 16;
/** Nodes that are replaced while an RCU grace period lasts, in a run that does little else. */
const NODES_PER_GRACE_PERIOD = 536;

/**
 * The leaves of the maple tree that Linux 6.1 keeps its VMAs in: how many entries each has, and so when a change splits,
 * merges or balances leaves. Order of steps: mas_wr_modify, mas_split, mas_rebalance in lib/maple_tree.c. The levels above
 * the leaves are not modelled; their changes come with those of the leaves.
 *
 * A change replaces nodes; the old ones are free again only after a grace period, so that a burst of changes needs new
 * slabs.
 */
export class MapleTree {
  readonly #ledger: Ledger;
  readonly #vmas: VmaMap;
  /** Leaves as stretches of the window, with their numbers of entries as flags. */
  readonly #leaves = new VmaMap();
  /** Leaf whose first entry has been removed by the change under way, or -1. */
  #spanned = -1;
  #fastNodes = FAST_NODES;
  #waitingNodes = 0;
  #nodes = FREE_NODES;

  constructor(ledger: Ledger, vmas: VmaMap) {
    this.#ledger = ledger;
    this.#vmas = vmas;
    this.layOut();
  }

  /** Lays the leaves out anew after changes that are not told one by one (mmap, munmap). */
  layOut(): void {
    for (let page = this.#leaves.endOf(0); page < this.#vmas.end; ) {
      const next = this.#leaves.endOf(page);
      this.#leaves.join(page);
      page = next;
    }
    let leaf = 0;
    let entries = 0;
    for (let page = 0, end = this.#vmas.end; page < end; page = this.#vmas.endOf(page)) {
      if (entries === USUAL_ENTRIES) {
        this.#leaves.setFlags(leaf, entries);
        this.#leaves.split(page);
        leaf = page;
        entries = 0;
      }
      entries++;
    }
    this.#leaves.setFlags(leaf, entries);
  }

  rest(): void {
    this.#fastNodes = FAST_NODES;
    this.#waitingNodes = 0;
    this.#nodes = FREE_NODES;
  }

  /** First page and number of entries of each leaf. */
  *leaves(): IterableIterator<{ readonly first: number; readonly entries: number }> {
    for (let page = 0; page < this.#vmas.end; page = this.#leaves.endOf(page)) {
      yield { first: page, entries: this.#leaves.flagsAt(page) };
    }
  }

  /** An entry has begun at `page`, cut from the one before it. */
  inserted(page: number): void {
    const leaves = this.#leaves;
    const leaf = leaves.startOf(page);
    const entries = leaves.flagsAt(leaf) + 1;
    leaves.setFlags(leaf, entries);
    this.#replaceNodes(1);
    if (entries <= LEAF_SLOTS) return;
    if (leaf > 0) {
      const left = leaves.startOf(leaf - 1);
      if (leaves.flagsAt(left) + entries <= MOST_PUSHED) {
        this.#balance(left, leaf);
        return;
      }
    }
    const right = leaves.endOf(leaf);
    if (right < this.#vmas.end && leaves.flagsAt(right) + entries <= MOST_PUSHED) {
      this.#balance(leaf, right);
      return;
    }
    const middle = this.#entry(leaf, entries >> 1);
    leaves.split(middle);
    leaves.setFlags(leaf, entries >> 1);
    leaves.setFlags(middle, entries - (entries >> 1));
    this.#ledger.charge(P.linux_vma_node_split, 1);
    this.#replaceNodes(2);
  }

  /** The entry that began at `page` is part of the one before it now. */
  removed(page: number): void {
    const leaves = this.#leaves;
    const leaf = leaves.startOf(page);
    const entries = leaves.flagsAt(leaf) - 1;
    leaves.setFlags(leaf, entries);
    if (leaf !== page) return;
    const next = this.#vmas.endOf(page);
    const isEmpty = entries === 0;
    leaves.join(page);
    if (isEmpty) {
      this.#ledger.charge(P.linux_vma_node_split, 1);
      this.#replaceNodes(2);
      return;
    }
    leaves.split(next);
    leaves.setFlags(next, entries);
    this.#spanned = next;
  }

  /**
   * After removals around `page`: a store that spans two leaves rebuilds both; a leaf with few entries takes some of its
   * neighbour's, or all.
   */
  settle(page: number): void {
    const leaves = this.#leaves;
    this.#replaceNodes(1);
    const spanned = this.#spanned;
    this.#spanned = -1;
    if (spanned > 0 && leaves.isStart(spanned)) {
      this.#joinOrBalance(leaves.startOf(spanned - 1), spanned);
      return;
    }
    const leaf = leaves.startOf(page);
    const entries = leaves.flagsAt(leaf);
    if (entries > SPARSE_ENTRIES) return;
    const right = leaves.endOf(leaf);
    if (right < this.#vmas.end) this.#joinOrBalance(leaf, right);
    else if (leaf > 0) this.#joinOrBalance(leaves.startOf(leaf - 1), leaf);
  }

  /** The border at `from` has moved to `to`. */
  moved(from: number, to: number): void {
    const leaves = this.#leaves;
    if (!leaves.isStart(from) || from === 0) return;
    const entries = leaves.flagsAt(from);
    leaves.join(from);
    leaves.split(to);
    leaves.setFlags(to, entries);
  }

  #joinOrBalance(left: number, right: number): void {
    const leaves = this.#leaves;
    const total = leaves.flagsAt(left) + leaves.flagsAt(right);
    if (total > MOST_MERGED) {
      this.#balance(left, right);
      return;
    }
    leaves.join(right);
    leaves.setFlags(left, total);
    this.#ledger.charge(P.linux_vma_node_split, 1);
    this.#replaceNodes(2);
  }

  #balance(left: number, right: number): void {
    const leaves = this.#leaves;
    const total = leaves.flagsAt(left) + leaves.flagsAt(right);
    const border = this.#entry(left, total >> 1);
    leaves.join(right);
    leaves.split(border);
    leaves.setFlags(left, total >> 1);
    leaves.setFlags(border, total - (total >> 1));
    this.#ledger.charge(P.linux_vma_node_balance, 1);
    this.#replaceNodes(1);
  }

  /** Where the entry begins that follows `count` entries from `start` on. */
  #entry(start: number, count: number): number {
    let page = start;
    for (let i = 0; i < count; i++) page = this.#vmas.endOf(page);
    return page;
  }

  #replaceNodes(count: number): void {
    if (this.#fastNodes >= count) this.#fastNodes -= count;
    else this.#ledger.charge(P.linux_slab_slow, count);
    this.#waitingNodes += count;
    if (this.#waitingNodes >= NODES_PER_GRACE_PERIOD) this.#waitingNodes = 0;
    if (this.#waitingNodes <= this.#nodes) return;
    this.#nodes += NODES_PER_SLAB;
    this.#ledger.charge(P.linux_slab, 1);
  }
}
