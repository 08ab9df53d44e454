import { PAGEMAP_ENTRIES_PER_PAGE } from "../linux/guest.ts";
import type { GuestProcess, Vpn } from "../linux/guest-process.ts";

/** Pages of the buffer, and the entries that they hold. */
const BUFFER_PAGES = 8;
const BUFFER_ENTRIES = BUFFER_PAGES * PAGEMAP_ENTRIES_PER_PAGE;

/** The library's buffer for /proc/self/pagemap, which is read in pieces that fit into it. */
export class PagemapBuffer {
  readonly #process: GuestProcess;
  #buffer: Vpn | undefined;

  constructor(process: GuestProcess) {
    this.#process = process;
  }

  /** Calls `read` for each piece of [first, first + pageCount). */
  inPieces(first: Vpn, pageCount: number, read: (first: Vpn, pageCount: number, buffer: Vpn) => void): void {
    this.#buffer ??= this.#process.mmap(BUFFER_PAGES, "rw", BUFFER_PAGES);
    for (let done = 0; done < pageCount; done += BUFFER_ENTRIES) {
      read(first + done, Math.min(BUFFER_ENTRIES, pageCount - done), this.#buffer);
    }
  }
}
