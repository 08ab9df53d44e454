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
  /** Declares pages to the service: Xen pins down their frames and makes room in the shared bitmap. */
  register(gate: Gate, first: number, pageCount: number): void;
  unregister(gate: Gate, first: number, pageCount: number): void;
  /** Write-protects registered pages in the L1 entries, clears their bits in the bitmap, one TLB flush for all. */
  protect(gate: Gate, ranges: readonly PageRange[]): void;
  /** Opens pages again without a trap. */
  unprotect(gate: Gate, ranges: readonly PageRange[]): void;
  /** The dirty bitmap shared with the application: bit set when the page was written since it was last protected. */
  isDirty(page: number): boolean;
}

export interface PageRange {
  readonly first: number;
  readonly pageCount: number;
}
