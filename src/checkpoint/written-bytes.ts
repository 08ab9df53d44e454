import { firstAtLeast } from "../machine/sorted.ts";
import { PAGE_BYTES, PAGE_SHIFT } from "./pages.ts";

/** Runs of bytes that were written in an epoch, as columns: ascending, disjoint, and not next to each other. */
export interface WrittenRuns {
  /** Address in linear memory. */
  readonly address: Uint32Array;
  readonly bytes: Uint32Array;
}

/** The same with every run on one page, and so next to each other at the most where a page ends. */
export type PageRuns = WrittenRuns;

export const NO_RUNS: PageRuns = { address: new Uint32Array(0), bytes: new Uint32Array(0) };

/** Page of linear memory that a run is on. */
export function pageOfRun({ address }: PageRuns, run: number): number {
  return address[run] >>> PAGE_SHIFT;
}

/** The first run on a page or on one behind it, at or after the run `from`. */
export function firstRunFrom({ address }: PageRuns, page: number, from = 0): number {
  return firstAtLeast(address, page * PAGE_BYTES, from);
}

/** Cuts runs where pages end, and keeps those of some pages. */
export function cutAtPages({ address, bytes }: WrittenRuns, keeps: (page: number) => boolean): PageRuns {
  const cut = new RunColumns(address.length);
  for (let i = 0; i < address.length; i++) {
    const end = address[i] + bytes[i];
    for (let at = address[i]; at < end; ) {
      const page = at >>> PAGE_SHIFT;
      const next = Math.min(end, (page + 1) * PAGE_BYTES);
      if (keeps(page)) cut.push(at, next - at);
      at = next;
    }
  }
  return cut.runs();
}

/** What one of two has or both have. */
export function unionOf(a: PageRuns, b: PageRuns): PageRuns {
  if (a.address.length === 0) return b;
  if (b.address.length === 0) return a;
  const union = new RunColumns(a.address.length + b.address.length);
  let start = -1;
  let end = -1;
  for (let i = 0, j = 0; i < a.address.length || j < b.address.length; ) {
    const fromA = j === b.address.length || (i < a.address.length && a.address[i] <= b.address[j]);
    const at = fromA ? a.address[i] : b.address[j];
    const behind = at + (fromA ? a.bytes[i++] : b.bytes[j++]);
    // Runs that touch are one where they are on one page.
    if (at < end || (at === end && at % PAGE_BYTES !== 0)) end = Math.max(end, behind);
    else {
      if (start >= 0) union.push(start, end - start);
      start = at;
      end = behind;
    }
  }
  union.push(start, end - start);
  return union.runs();
}

/** Runs without those from `from` to before `to`. */
export function withoutRuns({ address, bytes }: PageRuns, from: number, to: number): PageRuns {
  const rest = new RunColumns(address.length - (to - from));
  for (let i = 0; i < address.length; i++) if (i < from || i >= to) rest.push(address[i], bytes[i]);
  return rest.runs();
}

/** What runs have in [start, end) of linear memory. */
export function clipRuns({ address, bytes }: PageRuns, start: number, end: number): PageRuns {
  let from = firstAtLeast(address, start);
  // One that begins before may reach in.
  if (from > 0 && address[from - 1] + bytes[from - 1] > start) from--;
  const to = firstAtLeast(address, end, from);
  if (from === to) return NO_RUNS;
  const clipped = { address: address.slice(from, to), bytes: bytes.slice(from, to) };
  const lacking = Math.max(0, start - clipped.address[0]);
  clipped.address[0] += lacking;
  clipped.bytes[0] -= lacking;
  const last = to - from - 1;
  clipped.bytes[last] = Math.min(clipped.bytes[last], end - clipped.address[last]);
  return clipped;
}

/** Builds runs, which come ascending; the columns double as they fill. */
export class RunColumns {
  #address = NO_RUNS.address;
  #bytes = NO_RUNS.bytes;
  #length = 0;

  /** @param size how many there will be, as far as it is known */
  constructor(size: number) {
    if (size > 0) this.#grow(size);
  }

  get length(): number {
    return this.#length;
  }

  push(address: number, bytes: number): void {
    if (this.#length === this.#address.length) this.#grow(Math.max(1, 2 * this.#length));
    this.#address[this.#length] = address;
    this.#bytes[this.#length++] = bytes;
  }

  /** All of them; nothing is pushed afterwards. */
  runs(): PageRuns {
    const length = this.#length;
    if (length === 0) return NO_RUNS;
    const isFull = length === this.#address.length;
    return isFull
      ? { address: this.#address, bytes: this.#bytes }
      : { address: this.#address.subarray(0, length), bytes: this.#bytes.subarray(0, length) };
  }

  #grow(size: number): void {
    const address = new Uint32Array(size);
    const bytes = new Uint32Array(size);
    address.set(this.#address);
    bytes.set(this.#bytes);
    this.#address = address;
    this.#bytes = bytes;
  }
}
