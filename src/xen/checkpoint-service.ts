/** How an application in ring 3 reaches Xen. */
export const GATES = ["trap", "privcmd", "shared-page"] as const;
export type Gate = (typeof GATES)[number];

/**
 * The hypervisor's checkpoint service as the checkpoint library uses it. No released Xen has one: this is our
 * reconstruction of the paper's design (Lee et al., DSN 2011, of which only the abstract is available), composed of steps
 * that Xen has. Pages are virtual page numbers of the calling process.
 *
 * Requests through a shared page take effect when Xen is entered next (`RequestChannel`).
 */
export interface CheckpointService {
  /**
   * Whether Xen knows a page by the frame that it had when it was registered, and does not see the guest's kernel give it
   * another: it must be there for writing then, and stay. False where left out.
   */
  readonly tracksFrames?: boolean;
  /** Declares pages to the service: Xen pins down their frames and makes room in the shared bitmap. */
  register(gate: Gate, first: number, pageCount: number): void;
  unregister(gate: Gate, first: number, pageCount: number): void;
  /**
   * Write-protects registered pages, clears their bits in the bitmap, one TLB flush for all. A write to such a page opens
   * it and sets its bit; but the first writes to it Xen emulates, which leaves it closed, and logs.
   * @param emulatedWrites how many it emulates until the process clears the page's log: 0 to 254, or `EVERY_WRITE`
   */
  protect(gate: Gate, ranges: readonly PageRange[], emulatedWrites?: number): void;
  /** Opens pages again without a trap. */
  unprotect(gate: Gate, ranges: readonly PageRange[]): void;
  /** The dirty bitmap shared with the application: bit set when the page was opened by a write since it was last protected. */
  isDirty(page: number): boolean;
  /** The pages whose bits are set in it. */
  dirtyPages(ranges: readonly PageRange[]): Uint32Array;
  /** Those, and the pages that the log holds writes to. */
  notedPages(ranges: readonly PageRange[]): Uint32Array;
  /**
   * Whether the log holds writes to the page. The log is shared with the application, which reads and clears it without Xen:
   * for each page a count of the writes emulated, and a bit for each of its bytes that one of them wrote. A list of the writes
   * would grow with every turn of a loop; the map is an eighth of the pages' size, whatever a program does.
   */
  isLogged(page: number): boolean;
  /** The process has cleared a page's log. */
  clearLog(page: number): void;
}

/** Number of emulated writes that stands for all of them: the page is never opened. */
export const EVERY_WRITE = 255;

export interface PageRange {
  readonly first: number;
  readonly pageCount: number;
}
