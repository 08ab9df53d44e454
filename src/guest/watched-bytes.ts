import { PAGE_BYTES } from "../program/instrument/types.ts";

const LINE_BYTES = 64;
const LINES_PER_PAGE = PAGE_BYTES / LINE_BYTES;

/** One bit a byte: which are watched quietly, and what was noted of them. */
export interface QuietBitmaps {
  readonly bytes: Uint8Array;
  readonly loaded: Uint8Array;
  readonly stored: Uint8Array;
}

/** The bits and counts of watched bytes in a module's tables (`watch` mode). */
export class WatchedBytes {
  /** One bit a byte; replaced when the memory that holds it grows. */
  #bits: Uint8Array = new Uint8Array(0);
  #quiet: QuietBitmaps = { bytes: this.#bits, loaded: this.#bits, stored: this.#bits };
  /** One byte a page: non-zero where a bit of it is set. */
  #pages: Uint8Array = new Uint8Array(0);
  /** One byte a line of 64 bytes: the same. */
  #lines: Uint8Array = new Uint8Array(0);
  /** Lines of each page that have set bits. */
  readonly #counts: Uint8Array;

  constructor(pageCount: number) {
    this.#counts = new Uint8Array(pageCount);
  }

  refresh(bits: Uint8Array, quiet: QuietBitmaps, lines: Uint8Array, pages: Uint8Array): void {
    this.#bits = bits;
    this.#quiet = quiet;
    this.#lines = lines;
    this.#pages = pages;
  }

  has(address: number): boolean {
    return (this.#bits[address >>> 3] & (1 << (address & 7))) !== 0;
  }

  /** Whether any byte of the range is watched. */
  any(address: number, sizeBytes: number): boolean {
    for (let at = address; at < address + sizeBytes; at++) if (this.has(at)) return true;
    return false;
  }

  /** What became of quietly watched bytes: one bit a byte. Replaced when the memory grows. */
  get quietlyLoaded(): Uint8Array {
    return this.#quiet.loaded;
  }

  get quietlyStored(): Uint8Array {
    return this.#quiet.stored;
  }

  /** Watches bytes whose first access is only noted, as a load or as a store. Once for each byte. */
  setQuietly(address: number, sizeBytes: number): void {
    setBits(this.#quiet.bytes, address, sizeBytes);
    this.#change(address, sizeBytes, true);
  }

  set(address: number, sizeBytes: number): void {
    clearBits(this.#quiet.bytes, address, sizeBytes);
    this.#change(address, sizeBytes, true);
  }

  clear(address: number, sizeBytes: number): void {
    this.#change(address, sizeBytes, false);
  }

  #change(address: number, sizeBytes: number, isSet: boolean): void {
    const end = address + sizeBytes;
    for (let at = address; at < end; ) {
      const lineEnd = at - (at % LINE_BYTES) + LINE_BYTES;
      if (isSet && at % LINE_BYTES === 0 && lineEnd <= end) this.#bits.fill(0xff, at >>> 3, lineEnd >>> 3);
      else {
        for (let next = at; next < Math.min(lineEnd, end); ) {
          const stop = Math.min(next - (next & 7) + 8, end);
          const mask = ((1 << (stop - next)) - 1) << (next & 7);
          if (isSet) this.#bits[next >>> 3] |= mask;
          else this.#bits[next >>> 3] &= ~mask;
          next = stop;
        }
      }
      this.#update(Math.floor(at / LINE_BYTES));
      at = lineEnd;
    }
  }

  /** The bytes for a line and its page, after bits of it have changed. */
  #update(line: number): void {
    const first = line * (LINE_BYTES / 8);
    let any = 0;
    for (let i = first; i < first + LINE_BYTES / 8; i++) any |= this.#bits[i];
    const isWatched = any === 0 ? 0 : 1;
    if (this.#lines[line] === isWatched) return;
    this.#lines[line] = isWatched;
    const page = Math.floor(line / LINES_PER_PAGE);
    this.#counts[page] += isWatched === 1 ? 1 : -1;
    this.#pages[page] = this.#counts[page] === 0 ? 0 : 1;
  }
}

function setBits(bits: Uint8Array, address: number, sizeBytes: number): void {
  const end = address + sizeBytes;
  let at = address;
  for (; at < end && (at & 7) !== 0; at++) bits[at >>> 3] |= 1 << (at & 7);
  if (end - at >= 8) bits.fill(0xff, at >>> 3, end >>> 3);
  for (at = Math.max(at, end - (end & 7)); at < end; at++) bits[at >>> 3] |= 1 << (at & 7);
}

function clearBits(bits: Uint8Array, address: number, sizeBytes: number): void {
  const end = address + sizeBytes;
  let at = address;
  for (; at < end && (at & 7) !== 0; at++) bits[at >>> 3] &= ~(1 << (at & 7));
  if (end - at >= 8) bits.fill(0, at >>> 3, end >>> 3);
  for (at = Math.max(at, end - (end & 7)); at < end; at++) bits[at >>> 3] &= ~(1 << (at & 7));
}
