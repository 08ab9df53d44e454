import { firstAtLeast } from "../machine/sorted.ts";
import type { RegionImage } from "./images.ts";
import { type RegionSpec, type SavedRegion, savedRuns } from "./regions.ts";

/** The program's memory as the checkpoint library sees it. */
export interface LibraryMemory {
  /** Bytes of the program's memory now. */
  readonly sizeBytes: number;
  /** @returns a copy; `like` itself, where that holds the same */
  read(address: number, bytes: number, like?: Uint8Array): Uint8Array;
  /** Copies into `into`, from index `at` on. */
  copy(address: number, bytes: number, into: Uint8Array, at: number): void;
  /** Stores bytes as the library's own code would: every page is seen by the machine. */
  write(address: number, bytes: Uint8Array): void;
}

const NOTHING = { offsets: new Uint32Array(0), lengths: new Uint32Array(0), bytes: new Uint8Array(0) };

/**
 * One region's part of an image while its bytes are being taken: all at once in a synchronous commit, and page by page in
 * an asynchronous one, where each page is taken at the latest before the program writes it.
 */
export class ImageDraft {
  readonly spec: RegionSpec;
  readonly #saved: SavedRegion;
  /** By page of linear memory: the bytes of its runs, one after the other; only what was taken by itself. */
  readonly #taken = new Map<number, Uint8Array>();
  #runs: Pick<RegionImage, "offsets" | "lengths" | "bytes"> | undefined;

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
    if (this.#runs !== undefined || this.#taken.has(page) || !region.holds(page) || !includes(pages, page)) return;
    const runs = savedRuns(this.#saved, page);
    let size = 0;
    for (let i = 1; i < runs.length; i += 2) size += runs[i];
    const bytes = new Uint8Array(size);
    for (let i = 0, at = 0; i < runs.length; at += runs[i + 1], i += 2)
      memory.copy(this.spec.address + runs[i], runs[i + 1], bytes, at);
    this.#taken.set(page, bytes);
  }

  /** Takes all that is missing. Runs that touch become one. @param like what the whole region may well hold */
  takeAll(memory: LibraryMemory, like?: Uint8Array): void {
    if (this.#runs !== undefined) return;
    const { pages, pieces, bytes: size, whole } = this.#saved;
    if (whole && this.#taken.size === 0 && size === this.spec.bytes) {
      const bytes = memory.read(this.spec.address, size, like);
      this.#runs = { offsets: Uint32Array.of(0), lengths: Uint32Array.of(size), bytes };
      return;
    }
    if (pieces === 0) {
      this.#runs = NOTHING;
      return;
    }
    const offsets = new Uint32Array(pieces);
    const lengths = new Uint32Array(pieces);
    const bytes = new Uint8Array(size);
    let count = 0;
    let at = 0;
    /** Bytes before `at` that are not copied yet, all from one place. */
    let waiting = 0;
    const copyWaiting = () => {
      if (waiting === 0) return;
      const end = offsets[count - 1] + lengths[count - 1];
      memory.copy(this.spec.address + end - waiting, waiting, bytes, at - waiting);
      waiting = 0;
    };
    for (const page of pages) {
      const runs = savedRuns(this.#saved, page);
      const taken = this.#taken.get(page);
      if (taken !== undefined) {
        copyWaiting();
        bytes.set(taken, at);
      }
      for (let i = 0; i < runs.length; i += 2) {
        const [offset, length] = [runs[i], runs[i + 1]];
        if (count > 0 && offsets[count - 1] + lengths[count - 1] === offset) lengths[count - 1] += length;
        else {
          copyWaiting();
          offsets[count] = offset;
          lengths[count++] = length;
        }
        at += length;
        if (taken === undefined) waiting += length;
      }
    }
    copyWaiting();
    this.#runs = { offsets: offsets.slice(0, count), lengths: lengths.slice(0, count), bytes };
    this.#taken.clear();
  }

  /** @throws Error before everything was taken */
  image(label: string): RegionImage {
    if (this.#runs === undefined) throw new Error(`the image of region ${this.spec.id} is not whole yet`);
    const { id, group, bytes } = this.spec;
    return { id, group, label, sizeBytes: bytes, whole: this.#saved.whole, ...this.#runs };
  }
}

/** Whether sorted pages hold one. */
function includes(pages: Uint32Array, page: number): boolean {
  return pages[firstAtLeast(pages, page)] === page;
}
