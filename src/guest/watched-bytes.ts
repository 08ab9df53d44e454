import { PAGE_BYTES } from "../program/instrument/types.ts";

/** One bit a byte: which are watched quietly, and what was noted of them. */
export interface QuietBitmaps {
  readonly bytes: Uint8Array;
  readonly loaded: Uint8Array;
  readonly stored: Uint8Array;
}

/** The bits of watched bytes in a module's tables (`watch` mode). */
export class WatchedBytes {
  /** One bit a byte; replaced when the memory that holds it grows. */
  #bits: Uint8Array = new Uint8Array(0);
  #quiet: QuietBitmaps = { bytes: this.#bits, loaded: this.#bits, stored: this.#bits };
  /** One byte a page: non-zero where bits of it may be set. */
  #pages: Uint8Array = new Uint8Array(0);

  refresh(bits: Uint8Array, quiet: QuietBitmaps, pages: Uint8Array): void {
    this.#bits = bits;
    this.#quiet = quiet;
    this.#pages = pages;
  }

  has(address: number): boolean {
    return (this.#bits[address >>> 3] & (1 << (address & 7))) !== 0;
  }

  /** Whether any byte of the range is watched. */
  any(address: number, sizeBytes: number): boolean {
    const end = address + sizeBytes;
    for (let at = address; at < end; ) {
      if ((at & 7) !== 0 || end - at < 8) {
        if (this.has(at)) return true;
        at++;
      } else {
        if (this.#bits[at >>> 3] !== 0) return true;
        at += 8;
      }
    }
    return false;
  }

  /** A page in which nothing was found may have no watched bytes any more: the module does not tell of those that it clears. */
  lookAgain(page: number): void {
    if (!this.any(page * PAGE_BYTES, PAGE_BYTES)) this.#pages[page] = 0;
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
    this.#watch(address, sizeBytes);
  }

  set(address: number, sizeBytes: number): void {
    clearBits(this.#quiet.bytes, address, sizeBytes);
    this.#watch(address, sizeBytes);
  }

  clear(address: number, sizeBytes: number): void {
    clearBits(this.#bits, address, sizeBytes);
  }

  #watch(address: number, sizeBytes: number): void {
    setBits(this.#bits, address, sizeBytes);
    if (sizeBytes > 0)
      this.#pages.fill(1, Math.floor(address / PAGE_BYTES), Math.ceil((address + sizeBytes) / PAGE_BYTES));
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
