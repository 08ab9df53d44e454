import type { PageRange } from "./checkpoint-service.ts";

/**
 * A log that the processor writes of the registered pages that a process writes to, as a driver in the guest's kernel offers
 * it (OoH: Bitchebe and Tchana, SC 2022). Registered pages are there for writing, and stay: neither kind of log notices a page
 * whose entry a kernel makes anew. Pages are virtual page numbers of the calling process.
 */
export interface PageLog {
  register(first: number, pageCount: number): void;
  unregister(first: number, pageCount: number): void;
  /** Logging goes on; of these pages the next write is logged. */
  start(ranges: readonly PageRange[]): void;
  /** Logging stops, and what the processor has logged is in the ring. What is written now is not noticed. */
  stop(): void;
  /** Takes what the ring holds: page numbers, or numbers of frames, in the order in which they were moved there. */
  take(): number[];
}
