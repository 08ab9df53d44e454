import type { RegionImage, SavedChunk } from "./images.ts";
import type { RegionSpec, SavedRegion } from "./regions.ts";

/** The program's memory as the checkpoint library sees it. */
export interface LibraryMemory {
  /** Bytes of the program's memory now. */
  readonly sizeBytes: number;
  /** @returns a copy */
  read(address: number, bytes: number): Uint8Array;
  /** Stores bytes as the library's own code would: every page is seen by the machine. */
  write(address: number, bytes: Uint8Array): void;
}

/**
 * One region's part of an image while its bytes are being taken: all at once in a synchronous commit, and page by page in
 * an asynchronous one, where each page is taken at the latest before the program writes it.
 */
export class ImageDraft {
  readonly spec: RegionSpec;
  readonly #saved: SavedRegion;
  /** By page of linear memory; only what was taken by itself. */
  readonly #taken = new Map<number, Uint8Array>();
  #chunks: SavedChunk[] | undefined;

  constructor(saved: SavedRegion) {
    this.#saved = saved;
    this.spec = saved.region.spec;
  }

  isOf({ id, group }: RegionSpec): boolean {
    return this.spec.id === id && this.spec.group === group;
  }

  /** Takes one page, unless it was taken before or is not in the image. */
  take(page: number, memory: LibraryMemory): void {
    const { region, pages } = this.#saved;
    if (this.#chunks !== undefined || this.#taken.has(page) || !region.holds(page) || !includes(pages, page)) return;
    const { offset, bytes } = region.slice(page);
    this.#taken.set(page, memory.read(this.spec.address + offset, bytes));
  }

  /** Takes all that is missing: in runs of pages where none was taken by itself. */
  takeAll(memory: LibraryMemory): void {
    if (this.#chunks !== undefined) return;
    const { region, pages } = this.#saved;
    const chunks: SavedChunk[] = [];
    for (let i = 0; i < pages.length; ) {
      const first = region.slice(pages[i]);
      const alone = this.#taken.get(pages[i]);
      let end = i + 1;
      if (alone !== undefined) chunks.push({ offset: first.offset, bytes: alone });
      else {
        while (end < pages.length && pages[end] === pages[end - 1] + 1 && !this.#taken.has(pages[end])) end++;
        const last = region.slice(pages[end - 1]);
        const size = last.offset + last.bytes - first.offset;
        chunks.push({ offset: first.offset, bytes: memory.read(this.spec.address + first.offset, size) });
      }
      i = end;
    }
    this.#chunks = chunks;
    this.#taken.clear();
  }

  /** @throws Error before everything was taken */
  image(label: string): RegionImage {
    if (this.#chunks === undefined) throw new Error(`the image of region ${this.spec.id} is not whole yet`);
    const { id, group, bytes } = this.spec;
    return { id, group, label, sizeBytes: bytes, whole: this.#saved.whole, chunks: this.#chunks };
  }
}

/** Whether sorted pages hold one. */
function includes(pages: Uint32Array, page: number): boolean {
  let low = 0;
  let high = pages.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (pages[middle] === page) return true;
    if (pages[middle] < page) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}
