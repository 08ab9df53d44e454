import type { Ledger } from "../machine/ledger.ts";
import { P } from "../machine/primitives.ts";
import { MapleTree } from "./maple-tree.ts";
import type { VmaMap } from "./vma-map.ts";

/** VMAs of a small process (text, data, heap, stack ...), which lie outside the window. */
const OTHER_VMAS = 8;
/** VMAs that come or go at once, where one is cut in three or three become one. */
const MOST_CHANGED = 2;
/** log2 of the VMAs up to which the measured paths hold as they are. */
const BASE_LEVELS = 3;

/**
 * What it costs to keep VMAs in order, beyond the fixed part of a split or a merge: deeper trees take longer to search
 * and to fix. Linux 5.10 keeps a red-black tree of VMAs and one of the mappings of the anonymous pages (both binary);
 * 6.1 has the latter too, and a maple tree.
 */
export class VmaTree {
  readonly #ledger: Ledger;
  readonly #vmas: VmaMap;
  readonly #maple: MapleTree | undefined;

  constructor(ledger: Ledger, vmas: VmaMap, maple: boolean) {
    this.#ledger = ledger;
    this.#vmas = vmas;
    this.#maple = maple ? new MapleTree(ledger, vmas) : undefined;
  }

  lookUp(): void {
    const { levels } = this;
    if (levels > 0) this.#ledger.charge(P.linux_vma_lookup_level, levels);
  }

  /** A VMA has been split at `page`. */
  split(page: number): void {
    this.#chargeLevels(1);
    this.#maple?.inserted(page);
  }

  /** The border at `from` has moved to `to`. */
  shift(from: number, to: number): void {
    this.#chargeLevels(1);
    this.#maple?.moved(from, to);
  }

  /** The VMA that began at `page` is part of its predecessor now. */
  merge(page: number): void {
    this.#chargeLevels(1);
    this.#maple?.removed(page);
    this.#maple?.settle(page);
  }

  /** The VMAs that began at `page` and `next` are part of the one before `page` now. */
  bridge(page: number, next: number): void {
    this.#chargeLevels(2);
    this.#maple?.removed(next);
    this.#maple?.removed(page);
    this.#maple?.settle(page);
  }

  /** VMAs have come or gone by mmap, munmap or the like. */
  layOut(): void {
    this.#chargeLevels(1);
    this.#maple?.layOut();
  }

  /** The VMAs are a copy of others, whose tree was copied as well. */
  copied(): void {
    this.#maple?.layOut();
  }

  /** Time goes by: grace periods end, and what waited for them is free again. */
  rest(): void {
    this.#maple?.rest();
  }

  #chargeLevels(changes: number): void {
    const { levels } = this;
    if (levels > 0) this.#ledger.charge(P.linux_vma_level, levels * changes);
  }

  /** Levels of the trees beyond those that the measured paths hold for. */
  get levels(): number {
    return furtherLevels(this.#vmas.count);
  }

  /** Whether the next change may be to other levels than there are now. */
  get mayChangeLevels(): boolean {
    const { count } = this.#vmas;
    return furtherLevels(count - MOST_CHANGED) !== furtherLevels(count + MOST_CHANGED);
  }

  /** Whether so many more VMAs make other levels. */
  changesLevels(further: number): boolean {
    return furtherLevels(this.#vmas.count + further) !== this.levels;
  }
}

function furtherLevels(vmas: number): number {
  return Math.max(0, 31 - Math.clz32(vmas + OTHER_VMAS) - BASE_LEVELS);
}
