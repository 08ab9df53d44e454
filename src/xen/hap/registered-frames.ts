import { type GuestFrames, NONE } from "../../machine/guest-frames.ts";
import type { Ledger } from "../../machine/ledger.ts";
import { wordsFor } from "../../machine/page-bytes.ts";
import { type PageTable, PTE_PRESENT, PTE_WRITABLE, WINDOW_PAGES } from "../../machine/page-table.ts";
import { P } from "../../machine/primitives.ts";

const OPEN = PTE_PRESENT | PTE_WRITABLE;

/**
 * Pages that a process has declared to a service, with the frames that they had then. Xen translates each by a walk through
 * the guest's tables, as for a write. It does not see what the guest's kernel does to those tables afterwards: who declares
 * pages keeps them where they are, writable and each with a frame of its own, until it takes them back.
 */
export class RegisteredFrames {
  readonly #ledger: Ledger;
  readonly #table: PageTable;
  readonly #frames: GuestFrames;
  /** Frame + 1 by page; made when the first is registered. */
  #frameOf = new Int32Array(0);
  /** Page + 1 by frame. */
  #pageOf = new Int32Array(1024);

  constructor(ledger: Ledger, table: PageTable, frames: GuestFrames) {
    this.#ledger = ledger;
    this.#table = table;
    this.#frames = frames;
  }

  /** @throws Error when a page is not there for writing, or has no frame of its own */
  add(first: number, pageCount: number): void {
    this.#ledger.charge(P.xen_guest_walk, pageCount);
    if (this.#frameOf.length === 0) this.#frameOf = wordsFor(WINDOW_PAGES);
    for (let page = first; page < first + pageCount; page++) {
      const frame = this.#frames.frameOf(page);
      if (frame === NONE || (this.#table.flags[page] & OPEN) !== OPEN) {
        throw new Error(
          `page ${page} has no frame that may be written: it has to be written to before it is registered`,
        );
      }
      this.#frameOf[page] = frame + 1;
      if (frame >= this.#pageOf.length) this.#grow(frame);
      this.#pageOf[frame] = page + 1;
    }
  }

  remove(page: number): void {
    const frame = this.#frameOf[page] - 1;
    this.#frameOf[page] = 0;
    if (this.#pageOf[frame] === page + 1) this.#pageOf[frame] = 0;
  }

  /** The frame that a registered page had. */
  frameOf(page: number): number {
    const frame = this.#frameOf[page];
    if (!frame) throw new Error(`page ${page} is not registered`);
    return frame - 1;
  }

  /** The registered page that had the frame, or `NONE`. */
  pageOf(frame: number): number {
    return frame < this.#pageOf.length ? this.#pageOf[frame] - 1 : NONE;
  }

  #grow(frame: number): void {
    const pages = new Int32Array(2 * (frame + 1));
    pages.set(this.#pageOf);
    this.#pageOf = pages;
  }
}
