import type { HeapEffect } from "../../program/instrument/allocators.ts";
import type { Place } from "./findings.ts";
import type { HeapBlock } from "./subjects.ts";

/** The blocks of a program's heap that are in use, as its allocator tells of them. */
export class HeapBlocks {
  readonly #blocks = new Map<number, HeapBlock>();
  /** Blocks that were allocated so far, by place. */
  readonly #counts = new Map<string, number>();

  /** A block that is told again is the same, allocated by whoever called its allocator. */
  note({ allocated = 0, bytes = 0, freed = 0 }: HeapEffect, allocatedAt: Place | undefined): void {
    if (freed !== 0) this.#blocks.delete(freed);
    if (allocated === 0) return;
    const known = this.#blocks.get(allocated);
    const isToldAgain =
      known?.allocatedAt?.line === allocatedAt?.line && known?.allocatedAt?.file === allocatedAt?.file;
    const ordinal = known !== undefined && isToldAgain ? known.ordinal : this.#next(allocatedAt);
    this.#blocks.set(allocated, { address: allocated, sizeBytes: bytes, allocatedAt, ordinal });
  }

  #next(place: Place | undefined): number {
    const key = `${place?.file}:${place?.line}`;
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    return count;
  }

  /** Those in use now, by ascending addresses. */
  list(): HeapBlock[] {
    return [...this.#blocks.values()].sort((a, b) => a.address - b.address);
  }
}
