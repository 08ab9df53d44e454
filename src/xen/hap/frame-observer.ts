/** Who closes frames to writes in the second table, and is told of writes to them. */
export interface FrameObserver {
  /** The guest writes to a frame that is closed, and tries again afterwards. */
  write(frame: number): void;
  /** @returns how many of this many stores to the frame Xen carries out itself, before any of them is tried */
  emulatedIn(frame: number, stores: number): number;
  /** Carries out stores of this many bytes together. */
  emulateIn(frame: number, stores: number, bytes: number): void;
}
