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
/** Masks are cut from buffers of so many: a buffer for each would cost more than all that is done with it. */
const MASKS_PER_BUFFER = 64;

/** Pages whose masks are found together: whoever goes through pages in their order looks few of these parts up. */
const PART_PAGES = 512;
type Part = (ByteMask | undefined)[];

/** Which bytes of some pages were written: a mask for each page that has any. */
export class WrittenBytes {
  readonly #parts = new Map<number, Part>();
  /** The part that was looked up last, and its number. */
  #part: Part | undefined;
  #number = -1;
  #buffer = new ArrayBuffer(0);
  #used = 0;

  /** Marks [start, end) of a page. */
  mark(page: number, start: number, end: number): void {
    let mask = this.get(page);
    if (mask === undefined) {
      mask = this.#newMask();
      this.#set(page, mask);
    }
    setBits(mask, start, end);
  }

  /** Marks what a mask has, which nobody changes from now on. */
  merge(page: number, mask: ByteMask): void {
    this.#set(page, this.get(page)?.map((word, i) => word | mask[i]) ?? mask);
  }

  get(page: number): ByteMask | undefined {
    const number = Math.floor(page / PART_PAGES);
    return this.#partOf(number)?.[page - number * PART_PAGES];
  }

  /** Forgets a page. @returns what was marked of it, which does not change any more */
  take(page: number): ByteMask | undefined {
    const mask = this.get(page);
    if (mask !== undefined) this.#set(page, undefined);
    return mask;
  }

  clear(): void {
    this.#parts.clear();
    this.#part = undefined;
  }

  #set(page: number, mask: ByteMask | undefined): void {
    const number = Math.floor(page / PART_PAGES);
    let part = this.#partOf(number);
    if (part === undefined) {
      part = new Array<ByteMask | undefined>(PART_PAGES).fill(undefined);
      this.#parts.set(number, part);
      this.#part = part;
    }
    part[page - number * PART_PAGES] = mask;
  }

  #partOf(number: number): Part | undefined {
    if (number !== this.#number) {
      this.#number = number;
      this.#part = this.#parts.get(number);
    }
    return this.#part;
  }

  #newMask(): ByteMask {
    if (this.#used === this.#buffer.byteLength) {
      this.#buffer = new ArrayBuffer(MASKS_PER_BUFFER * MASK_WORDS * 4);
      this.#used = 0;
    }
    const mask = new Uint32Array(this.#buffer, this.#used, MASK_WORDS);
    this.#used += mask.byteLength;
    return mask;
  }
}

/** Runs of marked bytes in [start, end) of a page: pairs of a distance from `start` and a length. */
export function markedRuns(mask: ByteMask, start: number, end: number): Uint32Array {
  const runs: number[] = [];
  bitRuns(mask, start, end, (from, to) => runs.push(from - start, to - from));
  return new Uint32Array(runs);
}

/** How many runs of marked bytes a page has. */
export function countRuns(mask: ByteMask): number {
  let count = 0;
  bitRuns(mask, 0, PAGE_BYTES, () => count++);
  return count;
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
