import type { HeapEffect } from "../../program/instrument/allocators.ts";
import type { Place } from "./findings.ts";
import type { HeapBlock } from "./subjects.ts";

/** The blocks of a program's heap that are in use, as its allocator tells of them. */
export class HeapBlocks {
  readonly #blocks = new Map<number, HeapBlock>();

  /** A block that is told again is the same, allocated by whoever called its allocator. */
  note({ allocated = 0, bytes = 0, freed = 0 }: HeapEffect, allocatedAt: Place | undefined): void {
    if (freed !== 0) this.#blocks.delete(freed);
    if (allocated !== 0) this.#blocks.set(allocated, { address: allocated, sizeBytes: bytes, allocatedAt });
  }

  /** Those in use now, by ascending addresses. */
  list(): HeapBlock[] {
    return [...this.#blocks.values()].sort((a, b) => a.address - b.address);
  }
}
