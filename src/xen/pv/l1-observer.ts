/** Who has a say in what the guest's kernel writes to L1 entries of its process. */
export interface L1Writes {
  /** No page is registered: every entry gets what the guest writes. */
  readonly isIdle: boolean;
  /**
   * The guest's kernel writes an L1 entry.
   * @returns the flags that the entry gets
   */
  guestWrites(page: number, flags: number): number;
}

/** Who watches the L1 entries of a guest's process from inside Xen. */
export interface L1Observer extends L1Writes {
  /** A page fault of the guest. @returns true when the access may be tried again and the guest need not know */
  fault(page: number, write: boolean): boolean;
  /** @returns how many of this many stores to the page Xen carries out itself, before any of them is tried */
  emulatedOf(page: number, stores: number): number;
  /** Carries out stores of this many bytes together. */
  emulate(page: number, stores: number, bytes: number): void;
}
