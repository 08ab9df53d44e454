import { eachSavedPage, type Region, type SavedRegion } from "./regions.ts";
import { indexBytes } from "./targets.ts";

/** What one page of one region has for an image that still lacks it. */
interface Part {
  readonly pieces: number;
  readonly bytes: number;
  done: boolean;
}

/** What has been copied of an image, by whom. */
export interface CopiedBytes {
  pages: number;
  /** Runs of bytes on those pages, each copied by itself. */
  pieces: number;
  bytes: number;
}

const nothing = (): CopiedBytes => ({ pages: 0, pieces: 0, bytes: 0 });

/** How fast work goes beside the program, in bytes for each virtual cycle of it. */
export interface BackgroundRates {
  /** The program may write a page again once it has been copied. */
  readonly copy: number;
  /** What was copied crosses to a disk or a replica; undefined where nothing has to. */
  readonly transfer: number | undefined;
}

/** How far an asynchronous commit has come. */
export interface BackgroundProgress {
  /** Copied beside the program, not because it was about to write. */
  readonly copied: CopiedBytes;
  /** Not copied yet. */
  readonly uncopied: CopiedBytes;
  /** Bytes of the image, its index among them, that have crossed, and that have not. */
  readonly sentBytes: number;
  readonly unsentBytes: number;
  /** Nothing is left, and the program has ended the checkpoint. */
  readonly isDone: boolean;
}

/**
 * An asynchronous commit under way: somebody on another processor copies the saved pages in order, at a constant rate of
 * bytes for each virtual cycle of the program, which runs on; what is copied crosses to where it is kept at a rate of its
 * own. A page that the program writes before its turn is copied first by whoever notices the write (copy before write).
 * What is left when the image must be safe, the program waits for.
 *
 * Rates are in virtual cycles of the program and not in time: how much is done beside it is a count, and no price has a say in it.
 */
export class BackgroundCopy {
  /** Epoch and site of the checkpoint: its costs are the checkpoint's, whenever they come. */
  readonly epoch: number;
  readonly site: number;
  readonly #parts: Part[] = [];
  /** Those of each page that the program has not written since they were added. */
  readonly #unwritten = new Map<number, Part[]>();
  readonly #rates: BackgroundRates;
  readonly #start: number;
  readonly #copied: CopiedBytes = nothing();
  /** Bytes that are copied, by whomever. */
  #readyBytes = 0;
  /** Runs in the image's index; undefined before the program has ended the checkpoint. */
  #indexed: number | undefined;
  #cycle: number;
  /** Bytes that the copier could have copied and has not yet. */
  #budget = 0;
  /** The first part that may not be done. */
  #next = 0;
  /** When the last of what is copied was. */
  #copiedAt: number;

  constructor(epoch: number, site: number, cycle: number, rates: BackgroundRates) {
    this.epoch = epoch;
    this.site = site;
    this.#start = cycle;
    this.#cycle = cycle;
    this.#copiedAt = cycle;
    this.#rates = rates;
  }

  /** Runs in the image's index; undefined before the program has ended the checkpoint. */
  get indexedPieces(): number | undefined {
    return this.#indexed;
  }

  /**
   * More pages for the same image.
   * @param bytesOn how many bytes of a page that is not saved in part go into it
   */
  add(saved: readonly SavedRegion[], bytesOn: (region: Region, page: number) => number): void {
    for (const one of saved) {
      eachSavedPage(one, (page, pieces, bytes, inPart) => {
        const part: Part = { pieces, bytes: inPart ? bytes : bytesOn(one.region, page), done: false };
        this.#parts.push(part);
        const others = this.#unwritten.get(page);
        if (others === undefined) this.#unwritten.set(page, [part]);
        else others.push(part);
      });
    }
  }

  /** Bytes of the image that the program has waited for. */
  addCopied(bytes: number): void {
    this.#readyBytes += bytes;
  }

  /** The program has ended the checkpoint: the image is known, and its index is the last that crosses. */
  end(pieces: number): void {
    this.#indexed = pieces;
  }

  /**
   * The program is about to write a page.
   * @returns what has to be copied first; undefined where the page is not in the image, or was written before: pages may be
   * written again and again
   */
  collide(page: number, cycle: number): CopiedBytes | undefined {
    const parts = this.#unwritten.get(page);
    if (parts === undefined) return undefined;
    this.#unwritten.delete(page);
    const copied = nothing();
    // Nothing can matter, and the copier is not advanced.
    if (parts.every(({ done }) => done)) return copied;
    this.#advance(cycle);
    for (const part of parts) if (!part.done) this.#take(part, copied, cycle);
    return copied;
  }

  /** @param cycle virtual cycle of the program now; it does not go back */
  progress(cycle: number): BackgroundProgress {
    this.#advance(cycle);
    const uncopied = nothing();
    for (const { done, pieces, bytes } of this.#parts) {
      if (done) continue;
      uncopied.pages++;
      uncopied.pieces += pieces;
      uncopied.bytes += bytes;
    }
    const { transfer } = this.#rates;
    const index = this.#indexed === undefined || transfer === undefined ? 0 : indexBytes(this.#indexed);
    const ready = this.#readyBytes + (uncopied.pages === 0 ? index : 0);
    const sentBytes = transfer === undefined ? ready : Math.min(ready, Math.floor((cycle - this.#start) * transfer));
    const unsentBytes = this.#readyBytes + uncopied.bytes + index - sentBytes;
    const isDone = this.#indexed !== undefined && uncopied.pages === 0 && unsentBytes === 0;
    return { copied: this.#copied, uncopied, sentBytes, unsentBytes, isDone };
  }

  /** Once nothing is left: the virtual cycle at which the last was copied, and has crossed. */
  get doneAt(): number {
    const { transfer } = this.#rates;
    if (transfer === undefined) return Math.ceil(this.#copiedAt);
    const bytes = this.#readyBytes + (this.#indexed === undefined ? 0 : indexBytes(this.#indexed));
    return Math.ceil(Math.max(this.#copiedAt, this.#start + bytes / transfer));
  }

  #advance(cycle: number): void {
    this.#budget += (cycle - this.#cycle) * this.#rates.copy;
    this.#cycle = cycle;
    for (; this.#next < this.#parts.length; this.#next++) {
      const part = this.#parts[this.#next];
      if (part.done) continue;
      if (part.bytes > this.#budget) return;
      this.#budget -= part.bytes;
      this.#take(part, this.#copied, cycle - this.#budget / this.#rates.copy);
    }
  }

  #take(part: Part, copied: CopiedBytes, cycle: number): void {
    part.done = true;
    this.#copiedAt = cycle;
    this.#readyBytes += part.bytes;
    copied.pages++;
    copied.pieces += part.pieces;
    copied.bytes += part.bytes;
  }
}
