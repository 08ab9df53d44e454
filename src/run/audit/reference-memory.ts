import { PAGE_BYTES } from "../../checkpoint/pages.ts";
import { firstDifference, words } from "../../machine/bytes.ts";
import { type ByteRange, gapsOf, mergedBytes } from "./byte-ranges.ts";

/** Pages of the reference run's memory, as they were at one of its checkpoints. */
interface Snapshot {
  readonly sizeBytes: number;
  /** Pages that differ from those of the snapshots before, by their number. */
  readonly pages: ReadonlyMap<number, Uint8Array>;
}

/**
 * What the reference run's memory held at each of its checkpoints. Pages that an image holds whole are not kept a second
 * time: `at` takes them from there.
 */
export class ReferenceMemory {
  readonly #snapshots: Snapshot[] = [];
  /** The newest copy of each page. */
  readonly #newest = new Map<number, Uint8Array>();
  /** What `at` made last. */
  #last: { readonly checkpoint: number; readonly memory: Uint8Array; readonly held: readonly ByteRange[] } | undefined;

  /** How many checkpoints were kept. */
  get length(): number {
    return this.#snapshots.length;
  }

  /**
   * Keeps the memory as it is now.
   * @param saved bytes that the checkpoint's image holds, ascending and disjoint
   */
  keep(memory: Uint8Array, saved: readonly ByteRange[]): void {
    const pages = new Map<number, Uint8Array>();
    const pageCount = memory.length / PAGE_BYTES;
    const held = heldWhole(saved, pageCount);
    for (let page = 0; page < pageCount; page++) {
      if (held[page] === 1) continue;
      const bytes = memory.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
      const before = this.#newest.get(page);
      if (before === undefined ? isZero(bytes) : firstDifference(bytes, before) === undefined) continue;
      const copy = bytes.slice();
      this.#newest.set(page, copy);
      pages.set(page, copy);
    }
    this.#snapshots.push({ sizeBytes: memory.length, pages });
  }

  /**
   * The memory at a checkpoint; good until the next call.
   * @param saved what the checkpoint's image restores, by address: it takes the place of what is not kept here
   */
  at(checkpoint: number, saved: readonly { readonly address: number; readonly bytes: Uint8Array }[]): Uint8Array {
    const held = mergedBytes(saved.map(({ address, bytes }) => ({ start: address, end: address + bytes.length })));
    const { sizeBytes } = this.#snapshots[checkpoint];
    const last = this.#last;
    // It goes on from an earlier one, unless that has of an image what nothing here would take back.
    const goesOn =
      last !== undefined &&
      last.checkpoint <= checkpoint &&
      last.memory.length === sizeBytes &&
      last.held.every(({ start, end }) => gapsOf(held, start, end).length === 0);
    const memory = goesOn ? last.memory : new Uint8Array(sizeBytes);
    for (let i = goesOn ? last.checkpoint + 1 : 0; i <= checkpoint; i++) {
      for (const [page, bytes] of this.#snapshots[i].pages) {
        if ((page + 1) * PAGE_BYTES <= memory.length) memory.set(bytes, page * PAGE_BYTES);
      }
    }
    for (const { address, bytes } of saved) memory.set(bytes, address);
    this.#last = { checkpoint, memory, held };
    return memory;
  }
}

function heldWhole(saved: readonly ByteRange[], pageCount: number): Uint8Array {
  const held = new Uint8Array(pageCount);
  for (const { start, end } of saved) held.fill(1, Math.ceil(start / PAGE_BYTES), Math.floor(end / PAGE_BYTES));
  return held;
}

function isZero(page: Uint8Array): boolean {
  const all = words(page);
  for (let i = 0; i < all.length; i++) if (all[i] !== 0) return false;
  return true;
}

/** The runs of bytes in which two memories differ, as far as both reach, outside of ascending, disjoint ranges. */
export function differences(a: Uint8Array, b: Uint8Array, outside: readonly ByteRange[]): ByteRange[] {
  const end = Math.min(a.length, b.length);
  const [wide, other] = [words(a.subarray(0, end)), words(b.subarray(0, end))];
  const found: { start: number; end: number }[] = [];
  const add = (address: number) => {
    const last = found.at(-1);
    if (last?.end === address) last.end++;
    else found.push({ start: address, end: address + 1 });
  };
  for (const gap of gapsOf(outside, 0, wide.length * 4)) {
    for (let i = gap.start >>> 2; i * 4 < gap.end; i++) {
      if (wide[i] === other[i]) continue;
      for (let at = Math.max(i * 4, gap.start); at < Math.min(i * 4 + 4, gap.end); at++) if (a[at] !== b[at]) add(at);
    }
  }
  return found;
}
