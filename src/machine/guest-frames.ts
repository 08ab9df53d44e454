import { wordsFor } from "./page-bytes.ts";
import { type PageTable, TABLE_PAGES, WINDOW_PAGES } from "./page-table.ts";

/** No frame, or no page. */
export const NONE = -1;

/**
 * The guest-physical frames of one process, where a second table under the guest's own (EPT, NPT) translates them: which page
 * has which frame, and what that table's entry withholds. The entry stays with the frame when the guest gives the frame to
 * another page. Frames are numbered as they are first given out; a freed one is the next to be given out again, as from
 * Linux's lists of each processor.
 */
export class GuestFrames {
  readonly #table: PageTable;
  /** Frame + 1 by page, page + 1 by frame; 0 is none. */
  readonly #frames = wordsFor(WINDOW_PAGES);
  #pages = new Int32Array(1024);
  /** Of frames that no page has; else it stands with the page. */
  #withheld = new Uint8Array(1024);
  readonly #free: number[] = [];
  #count = 0;

  constructor(table: PageTable) {
    this.#table = table;
  }

  frameOf(page: number): number {
    return this.#frames[page] - 1;
  }

  pageOf(frame: number): number {
    return (this.#pages[frame] ?? 0) - 1;
  }

  /** A frame of its own for a page that has none. */
  give(page: number): void {
    this.#table.states.changed();
    const frame = this.#free.pop() ?? this.#count++;
    if (frame >= this.#pages.length) this.#grow();
    this.#frames[page] = frame + 1;
    this.#pages[frame] = page + 1;
    this.#table.withhold(page, this.#withheld[frame]);
  }

  /** The page's frame, if it has one of its own, is free; or another process alone has it now. */
  take(page: number, keptByOther = false): void {
    const frame = this.frameOf(page);
    if (frame === NONE) return;
    this.#table.states.changed();
    this.#withheld[frame] = this.#table.withheld[page];
    this.#frames[page] = 0;
    this.#pages[frame] = 0;
    if (!keptByOther) this.#free.push(frame);
    this.#table.withhold(page, 0);
  }

  /** What the second table's entry of the frame withholds (`WITHHELD_*`). */
  withheldOf(frame: number): number {
    const page = this.pageOf(frame);
    return page === NONE ? this.#withheld[frame] : this.#table.withheld[page];
  }

  withhold(frame: number, bits: number): void {
    const page = this.pageOf(frame);
    if (page === NONE) this.#withheld[frame] = bits;
    else this.#table.withhold(page, bits);
  }

  /** Withholds these bits of every frame, beside what else is. */
  withholdAll(bits: number): void {
    for (let frame = 0; frame < this.#count; frame++) {
      const before = this.withheldOf(frame);
      if ((before & bits) !== bits) this.withhold(frame, before | bits);
    }
  }

  /** Gives these bits back of every frame whose entry is in one table with a frame's. */
  releaseAround(frame: number, bits: number): void {
    const first = frame & ~(TABLE_PAGES - 1);
    const end = Math.min(this.#count, first + TABLE_PAGES);
    for (let other = first; other < end; other++) this.withhold(other, this.withheldOf(other) & ~bits);
  }

  #grow(): void {
    const pages = new Int32Array(2 * this.#pages.length);
    pages.set(this.#pages);
    this.#pages = pages;
    const withheld = new Uint8Array(pages.length);
    withheld.set(this.#withheld);
    this.#withheld = withheld;
  }
}
