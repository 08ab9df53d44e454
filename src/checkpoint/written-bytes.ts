import { bitRuns, setBits } from "../machine/bits.ts";
import { PAGE_BYTES } from "./pages.ts";

/** Runs of bytes that were written in an epoch, as columns: ascending, disjoint, and not next to each other. */
export interface WrittenRuns {
  /** Address in linear memory. */
  readonly address: Uint32Array;
  readonly bytes: Uint32Array;
}

/** A bit for each byte of a page. */
export type ByteMask = Uint32Array;

const MASK_WORDS = PAGE_BYTES / 32;

/** Which bytes of some pages were written: a mask for each page that has any. */
export class WrittenBytes {
  readonly #masks = new Map<number, ByteMask>();

  /** Marks [start, end) of a page. */
  mark(page: number, start: number, end: number): void {
    setBits(this.#maskOf(page), start, end);
  }

  /** Marks what a mask has. */
  merge(page: number, mask: ByteMask): void {
    const own = this.#maskOf(page);
    for (let i = 0; i < MASK_WORDS; i++) own[i] |= mask[i];
  }

  get(page: number): ByteMask | undefined {
    return this.#masks.get(page);
  }

  /** Forgets a page. @returns what was marked of it */
  take(page: number): ByteMask | undefined {
    const mask = this.#masks.get(page);
    if (mask !== undefined) this.#masks.delete(page);
    return mask;
  }

  clear(): void {
    this.#masks.clear();
  }

  #maskOf(page: number): ByteMask {
    let mask = this.#masks.get(page);
    if (mask === undefined) {
      mask = new Uint32Array(MASK_WORDS);
      this.#masks.set(page, mask);
    }
    return mask;
  }
}

/** Runs of marked bytes in [start, end) of a page: pairs of a distance from `start` and a length. */
export function markedRuns(mask: ByteMask, start: number, end: number): Uint32Array {
  const runs: number[] = [];
  bitRuns(mask, start, end, (from, to) => runs.push(from - start, to - from));
  return Uint32Array.from(runs);
}

/** Tells what each page has of runs: [start, end) in the page. */
export function eachWrittenPart(
  { address, bytes }: WrittenRuns,
  tell: (page: number, start: number, end: number) => void,
): void {
  for (let i = 0; i < address.length; i++) {
    const end = address[i] + bytes[i];
    for (let at = address[i]; at < end; ) {
      const page = Math.floor(at / PAGE_BYTES);
      const next = Math.min(end, (page + 1) * PAGE_BYTES);
      tell(page, at - page * PAGE_BYTES, next - page * PAGE_BYTES);
      at = next;
    }
  }
}
