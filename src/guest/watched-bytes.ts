import { PAGE_BYTES } from "../program/instrument/types.ts";

/** The bits and counts of watched bytes in a module's tables (`watch` mode). */
export class WatchedBytes {
  /** One bit a byte; replaced when the memory that holds it grows. */
  #bits: Uint8Array = new Uint8Array(0);
  /** One byte a page: non-zero where a bit of it is set. */
  #pages: Uint8Array = new Uint8Array(0);
  /** Set bits of each page. */
  readonly #counts: Uint16Array;

  constructor(pageCount: number) {
    this.#counts = new Uint16Array(pageCount);
  }

  refresh(bits: Uint8Array, pages: Uint8Array): void {
    this.#bits = bits;
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

  set(address: number, sizeBytes: number): void {
    this.#change(address, sizeBytes, true);
  }

  clear(address: number, sizeBytes: number): void {
    this.#change(address, sizeBytes, false);
  }

  #change(address: number, sizeBytes: number, isSet: boolean): void {
    const end = address + sizeBytes;
    for (let at = address; at < end; ) {
      const next = Math.min(at - (at & 7) + 8, end);
      const mask = ((1 << (next - at)) - 1) << (at & 7);
      const index = at >>> 3;
      const before = this.#bits[index];
      const after = isSet ? before | mask : before & ~mask;
      if (after !== before) {
        this.#bits[index] = after;
        const page = Math.floor(at / PAGE_BYTES);
        this.#counts[page] += isSet ? ONES[after ^ before] : -ONES[after ^ before];
        this.#pages[page] = this.#counts[page] === 0 ? 0 : 1;
      }
      at = next;
    }
  }
}

/** Bits that are set in a byte. */
const ONES = Uint8Array.from({ length: 256 }, (_, value) => {
  let count = 0;
  for (let rest = value; rest > 0; rest >>= 1) count += rest & 1;
  return count;
});
