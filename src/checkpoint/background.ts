import type { Region, SavedRegion } from "./regions.ts";

/** One page of one region that an image still lacks. */
interface Part {
  readonly region: Region;
  readonly page: number;
  readonly bytes: number;
  done: boolean;
}

/** What has been copied of an image, by whom. */
export interface CopiedBytes {
  pages: number;
  bytes: number;
}

/**
 * An asynchronous commit under way: somebody on another processor copies the saved pages in order, at a constant rate of
 * bytes for each virtual cycle of the program, which runs on. A page that the program writes before its turn is copied
 * first by whoever notices the write (copy before write); what is left when the image must be whole is copied by the
 * program itself, which waits.
 */
export class BackgroundCopy {
  /** Epoch and site of the checkpoint: its costs are the checkpoint's, whenever they come. */
  readonly epoch: number;
  readonly site: number;
  readonly #parts: Part[] = [];
  readonly #ofPage = new Map<number, Part[]>();
  readonly #bytesPerCycle: number;
  readonly #inBackground: CopiedBytes = { pages: 0, bytes: 0 };
  #cycle: number;
  /** Bytes that the copier could have copied and has not yet. */
  #budget = 0;
  /** The first part that may not be done. */
  #next = 0;

  constructor(epoch: number, site: number, cycle: number, bytesPerCycle: number) {
    this.epoch = epoch;
    this.site = site;
    this.#cycle = cycle;
    this.#bytesPerCycle = bytesPerCycle;
  }

  /** More pages for the same image. */
  add(saved: readonly SavedRegion[]): void {
    for (const { region, pages } of saved) {
      for (const page of pages) {
        const part: Part = { region, page, bytes: region.bytesOn(page), done: false };
        this.#parts.push(part);
        const others = this.#ofPage.get(page);
        if (others === undefined) this.#ofPage.set(page, [part]);
        else others.push(part);
      }
    }
  }

  /** The program is about to write a page. @returns what has to be copied first */
  collide(page: number, cycle: number): CopiedBytes {
    const copied: CopiedBytes = { pages: 0, bytes: 0 };
    const parts = this.#ofPage.get(page);
    if (parts === undefined) return copied;
    this.#advance(cycle);
    for (const part of parts) if (!part.done) take(part, copied);
    return copied;
  }

  /** The image must be whole now. @returns what was copied in the background, and what the program has to copy */
  finish(cycle: number): { readonly inBackground: CopiedBytes; readonly rest: CopiedBytes } {
    this.#advance(cycle);
    const rest: CopiedBytes = { pages: 0, bytes: 0 };
    for (const part of this.#parts) if (!part.done) take(part, rest);
    return { inBackground: this.#inBackground, rest };
  }

  #advance(cycle: number): void {
    this.#budget += (cycle - this.#cycle) * this.#bytesPerCycle;
    this.#cycle = cycle;
    for (; this.#next < this.#parts.length; this.#next++) {
      const part = this.#parts[this.#next];
      if (part.done) continue;
      if (part.bytes > this.#budget) return;
      this.#budget -= part.bytes;
      take(part, this.#inBackground);
    }
  }
}

function take(part: Part, copied: CopiedBytes): void {
  part.done = true;
  copied.pages++;
  copied.bytes += part.bytes;
}
