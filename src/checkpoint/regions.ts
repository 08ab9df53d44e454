import type { PageRange } from "../xen/checkpoint-service.ts";
import { mergeRanges, pagesOf, subtractRanges } from "./pages.ts";
import { type ByteMask, WrittenBytes } from "./written-bytes.ts";

/** What a program protects. Addresses are bytes of its linear memory, pages 4096 bytes of it. */
export interface RegionSpec {
  /** The program's own number. */
  readonly id: number;
  /** Name of the checkpoints that it belongs to; empty for all of them. */
  readonly group: string;
  readonly address: number;
  readonly bytes: number;
  /** The program's own name for it, empty when it gave none. */
  readonly label: string;
}

/** A protected region and what of it no image holds yet. */
export class Region {
  readonly spec: RegionSpec;
  /** Serial number: which region a charge belongs to, in the order of first protection. */
  readonly number: number;
  readonly pages: PageRange;
  /** 1 for each page (from `pages.first`) that was written since it was last saved, or was never saved. */
  readonly pending: Uint8Array;
  /** Pending pages of which only these bytes are pending, by their number; all of any other one is. */
  readonly pendingBytes = new WrittenBytes();
  /** Two words of 32 bits for each page: its 64-byte lines that were written since it was last saved. */
  readonly pendingLines: Uint32Array;

  constructor(spec: RegionSpec, number: number) {
    this.spec = spec;
    this.number = number;
    this.pages = pagesOf(spec.address, spec.bytes);
    this.pending = new Uint8Array(this.pages.pageCount).fill(1);
    this.pendingLines = new Uint32Array(this.pages.pageCount * 2).fill(0xffffffff);
  }

  holds(page: number): boolean {
    return page >= this.pages.first && page < this.pages.first + this.pages.pageCount;
  }

  /** All of a page that it holds is pending. */
  addPage(page: number): void {
    this.pending[page - this.pages.first] = 1;
    this.pendingBytes.take(page);
  }

  /** These bytes of a page that it holds are pending too. */
  addBytes(page: number, mask: ByteMask): void {
    const i = page - this.pages.first;
    if (this.pending[i] === 1 && this.pendingBytes.get(page) === undefined) return;
    this.pending[i] = 1;
    this.pendingBytes.merge(page, mask);
  }

  /** Everything is pending. */
  addAll(): void {
    this.pending.fill(1);
    this.pendingLines.fill(0xffffffff);
    this.pendingBytes.clear();
  }

  /** How many bytes of `page` belong to the region. */
  bytesOn(page: number): number {
    const { address, bytes } = this.spec;
    return Math.min((page + 1) * 4096, address + bytes) - Math.max(page * 4096, address);
  }

  /** Bytes of `page` that belong to the region, as offsets from the region's start. */
  slice(page: number): { readonly offset: number; readonly bytes: number } {
    const start = Math.max(page * 4096, this.spec.address);
    const end = Math.min((page + 1) * 4096, this.spec.address + this.spec.bytes);
    return { offset: start - this.spec.address, bytes: end - start };
  }
}

/** The regions under protection, in the order of their first protection. */
export class RegionTable {
  #regions: Region[] = [];
  #numbers = new Map<string, number>();
  #history: RegionSpec[] = [];

  get all(): readonly Region[] {
    return this.#regions;
  }

  /** The latest specification of every region there ever was, by its number. */
  get history(): readonly RegionSpec[] {
    return this.#history;
  }

  find(id: number, group: string): Region | undefined {
    return this.#regions.find((region) => region.spec.id === id && region.spec.group === group);
  }

  /** Regions that a checkpoint called `name` saves: those of its own group where there are any, else the common ones. */
  ofCheckpoint(name: string): readonly Region[] {
    const own = this.#regions.filter((region) => region.spec.group === name && name !== "");
    return own.length > 0 ? own : this.#regions.filter((region) => region.spec.group === "");
  }

  /** @returns the new region and the one that it replaces */
  add(spec: RegionSpec): { readonly region: Region; readonly replaced: Region | undefined } {
    const key = `${spec.id} ${spec.group}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#history.length;
      this.#numbers.set(key, number);
    }
    this.#history[number] = spec;
    const replaced = this.find(spec.id, spec.group);
    const region = new Region(spec, number);
    if (replaced === undefined) this.#regions.push(region);
    else this.#regions[this.#regions.indexOf(replaced)] = region;
    return { region, replaced };
  }

  remove(region: Region): void {
    this.#regions = this.#regions.filter((other) => other !== region);
  }

  /** @param number of a region there ever was; without effect where there was none */
  relabel(number: number, label: string): void {
    if (number < this.#history.length) this.#history[number] = { ...this.#history[number], label };
  }

  /** Pages of `ranges` that no region holds. */
  uncovered(ranges: readonly PageRange[]): PageRange[] {
    return subtractRanges(
      ranges,
      this.#regions.map((region) => region.pages),
    );
  }

  /** All pages that some region holds. */
  covered(): PageRange[] {
    return mergeRanges(this.#regions.map((region) => region.pages));
  }
}

/** What a checkpoint took from one region. */
export interface SavedRegion {
  readonly region: Region;
  /** Pages of linear memory, ascending. */
  readonly pages: Uint32Array;
  /**
   * Pages that are saved in part, by their number: runs of bytes as pairs of an offset into what the region has of the page
   * and a length, ascending and disjoint. Every other page is saved as far as it belongs to the region.
   */
  readonly parts: ReadonlyMap<number, Uint32Array>;
  /** Runs of bytes that are copied one by one: one for each page, but those of `parts` have their own numbers. */
  readonly pieces: number;
  /** Bytes saved. */
  readonly bytes: number;
  /**
   * Bytes written on those pages since they were last saved: of pages saved in part exactly, of others as many as their
   * written 64-byte lines hold.
   */
  readonly dirtyBytes: number;
  /** Every page of it and in full: a base that later deltas build on. */
  readonly whole: boolean;
}

/** Where the saved bytes of a page are in its region: pairs of an offset from the region's start and a length. */
export function savedRuns({ region, parts }: SavedRegion, page: number): Uint32Array {
  const { offset, bytes } = region.slice(page);
  const part = parts.get(page);
  return part === undefined
    ? Uint32Array.of(offset, bytes)
    : part.map((value, i) => (i % 2 === 0 ? offset + value : value));
}

/** How many bytes of a page are saved, and in how many runs. */
export function savedAmount(
  { region, parts }: SavedRegion,
  page: number,
): { readonly pieces: number; readonly bytes: number } {
  const part = parts.get(page);
  if (part === undefined) return { pieces: 1, bytes: region.bytesOn(page) };
  let bytes = 0;
  for (let i = 1; i < part.length; i += 2) bytes += part[i];
  return { pieces: part.length / 2, bytes };
}
