/** Who has a say in the shadow entries of a guest: the checkpoint service, log-dirty mode. */
export interface ShadowObserver {
  /** It has no say in any page now: lets stores pass, and does not want to know. */
  readonly isIdle: boolean;
  /** A store that the guest's own entry allows has faulted; afterwards `mayWrite` answers anew. */
  writeFault(page: number): void;
  /** Whether a shadow of this page may let stores pass. */
  mayWrite(page: number): boolean;
  /** Xen finds that the guest's entry maps another frame than it did, or none. */
  frameChanged(page: number): void;
  /** A shadow entry goes, or is made anew, and with it a D bit that the processor had set. */
  dirtyBitLost(page: number): void;
}
