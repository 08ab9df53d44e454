import { PageList } from "./page-list.ts";

const BYTES_PER_WORD = 4;
/** Filling fewer takes longer than setting them one by one. */
const FEWEST_TO_FILL = 24;

/** Fewer words are not worth keeping. */
const FEWEST_KEPT = 1 << 16;
/** Memory by its length in words, all 0, for the next work that borrows some. */
const free = new Map<number, Int32Array<ArrayBuffer>[]>();
/** What the work under way has borrowed; undefined where none is. */
let lent: Int32Array<ArrayBuffer>[] | undefined;

/**
 * Does work that keeps none of the page bytes that it makes: their memory serves the next such work, instead of being looked for
 * by the collector of garbage.
 * @param work which is done when it returns; nothing that it returns holds page bytes
 */
export function borrowingPages<T>(work: () => T): T {
  if (lent !== undefined) return work();
  lent = [];
  try {
    return work();
  } finally {
    for (const words of lent) {
      const alike = free.get(words.length) ?? [];
      alike.push(words.fill(0));
      free.set(words.length, alike);
    }
    lent = undefined;
  }
}

/** Words that are all 0, for page bytes or for numbers of pages: borrowed where that is allowed. */
export function wordsFor(count: number): Int32Array<ArrayBuffer> {
  if (lent === undefined || count < FEWEST_KEPT) return new Int32Array(count);
  const words = free.get(count)?.pop() ?? new Int32Array(count);
  lent.push(words);
  return words;
}

/** A byte for each page that is looked through four pages at a time: most of a large memory is alike. */
export class PageBytes {
  readonly bytes: Uint8Array;
  readonly #words: Int32Array;

  /** @param of how many pages, all 0 at first; or the bytes of pages, a multiple of four of them */
  constructor(of: number | Uint8Array) {
    if (typeof of === "number") {
      this.#words = wordsFor(Math.ceil(of / BYTES_PER_WORD));
      this.bytes = new Uint8Array(this.#words.buffer, 0, of);
    } else {
      this.#words = new Int32Array(of.buffer, of.byteOffset, of.length / BYTES_PER_WORD);
      this.bytes = of;
    }
  }

  /** The same byte for all pages from `first` to before `end`. */
  fill(byte: number, first: number, end: number): void {
    const { bytes } = this;
    if (end - first >= FEWEST_TO_FILL) bytes.fill(byte, first, end);
    else for (let page = first; page < end; page++) bytes[page] = byte;
  }

  /** The first page from `from` on, before `end`, whose byte has one of these bits; `end` when none has. */
  next(bits: number, from: number, end: number): number {
    const { bytes } = this;
    const words = this.#words;
    const word = Math.imul(bits, 0x01010101);
    let page = from;
    for (; page < end && page % BYTES_PER_WORD !== 0; page++) if ((bytes[page] & bits) !== 0) return page;
    while (page + BYTES_PER_WORD <= end && (words[page / BYTES_PER_WORD] & word) === 0) page += BYTES_PER_WORD;
    while (page < end && (bytes[page] & bits) === 0) page++;
    return page;
  }

  /** The pages of ranges whose bytes have one of these bits, in the order of the ranges. */
  pagesWith(bits: number, ranges: readonly { readonly first: number; readonly pageCount: number }[]): Uint32Array {
    const { bytes } = this;
    const pages = new PageList();
    for (const { first, pageCount } of ranges) {
      const end = first + pageCount;
      for (let page = this.next(bits, first, end); page < end; page = this.next(bits, page, end)) {
        // Mostly it is not alone.
        const run = page;
        while (page < end && (bytes[page] & bits) !== 0) page++;
        pages.addAll(run, page);
      }
    }
    return pages.take();
  }

  /** Where the stretch of pages ends, at `end` at the latest, that begins at `from` and whose bytes are alike. */
  alikeUntil(from: number, end: number): number {
    if (from + 1 >= end) return end;
    const { bytes } = this;
    const words = this.#words;
    const byte = bytes[from];
    const word = Math.imul(byte, 0x01010101);
    let page = from + 1;
    for (; page < end && page % BYTES_PER_WORD !== 0; page++) if (bytes[page] !== byte) return page;
    while (page + BYTES_PER_WORD <= end && words[page / BYTES_PER_WORD] === word) page += BYTES_PER_WORD;
    while (page < end && bytes[page] === byte) page++;
    return page;
  }

  /** The same for the bytes here and in another one: stretches in which both are alike. */
  alikeWithUntil(other: PageBytes, from: number, end: number): number {
    if (from + 1 >= end) return end;
    const { bytes } = this;
    const { bytes: otherBytes } = other;
    const words = this.#words;
    const otherWords = other.#words;
    const byte = bytes[from];
    const otherByte = otherBytes[from];
    const word = Math.imul(byte, 0x01010101);
    const otherWord = Math.imul(otherByte, 0x01010101);
    let page = from + 1;
    for (; page < end && page % BYTES_PER_WORD !== 0; page++)
      if (bytes[page] !== byte || otherBytes[page] !== otherByte) return page;
    while (
      page + BYTES_PER_WORD <= end &&
      words[page / BYTES_PER_WORD] === word &&
      otherWords[page / BYTES_PER_WORD] === otherWord
    )
      page += BYTES_PER_WORD;
    while (page < end && bytes[page] === byte && otherBytes[page] === otherByte) page++;
    return page;
  }
}
