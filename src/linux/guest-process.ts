/**
 * Virtual page number: virtual address / 4096, counted from the start of the window that holds all mappings. Counted from 0 it would
 * be no small integer, which engines keep and pass on at twice the cost.
 */
export type Vpn = number;

export type Protection = "none" | "r" | "rw";
export type SignalName = "SIGSEGV" | "SIGBUS" | "SIGUSR1";

/**
 * The process that a guest runs, as the program and the checkpoint library in it see their machine. Each call does the
 * steps that the processor, the guest kernel and the hypervisor would do, and charges them to the ledger in its current
 * context. Errors of system calls are thrown as a `GuestError` that names the call and the errno.
 */
export interface GuestProcess {
  /**
   * mmap(MAP_PRIVATE | MAP_ANONYMOUS): top-down placement as Linux does it.
   * @param mostPages what `extend` may make of it; the largest linear memory when left out
   */
  mmap(pageCount: number, protection: Protection, mostPages?: number): Vpn;
  munmap(first: Vpn, pageCount: number): void;
  /** Grows a mapping at its end without moving it (the program's linear memory after `memory.grow`). */
  extend(first: Vpn, newPageCount: number): void;
  mprotect(first: Vpn, pageCount: number, protection: Protection): void;
  /** Installs (or removes) a handler; it gets the page of the faulting address where the signal has one. */
  sigaction(signal: SignalName, handler: ((fault: Vpn) => void) | undefined): void;
  /**
   * Store instructions of user mode to this page: returns when they have completed. What one of them writes, or how many
   * there are, matters where a hypervisor carries them out.
   * @param bytes written to the page by all of them together (8 when left out); where a hypervisor may emulate only some of
   *   them, all are of one size
   * @param stores how many in a row (1 when left out)
   */
  store(page: Vpn, bytes?: number, stores?: number): void;
  /**
   * Has somebody go around the faults of stores by which a page gets a frame of its own, and that by which a hypervisor's own tables
   * first have it: the process would meet them with nobody watching its writes.
   */
  aroundFirstTouches(around: (page: Vpn, fault: () => void) => void): void;
  /** Whether a store to this page would need neither a trap nor the processor's own change of an entry. */
  completesStore(page: Vpn): boolean;
  /** One load instruction of user mode. */
  load(page: Vpn): void;
  /** The kernel writes into user memory (copy_to_user): a page that the process may not write gives EFAULT. */
  copyToUser(first: Vpn, pageCount: number): void;
  /** Writes "4" to /proc/self/clear_refs: no present page is soft-dirty then, and the next store to each faults. */
  clearRefs(): void;
  /**
   * pread of /proc/self/pagemap into the process's memory from page `buffer` on, which a page's entry takes 8 bytes of.
   * @returns the pages that are soft-dirty, ascending
   */
  readPagemap(first: Vpn, pageCount: number, buffer: Vpn): Uint32Array;
  /** The same read for the frames in the entries, which takes CAP_SYS_ADMIN. @returns -1 where a page has none of its own */
  readFrames(first: Vpn, pageCount: number, buffer: Vpn): Int32Array;
  /** A thread of its own handles the events of the process's userfaultfd; without one they come as SIGBUS. */
  setUserfaultThread(handler: ((fault: Vpn) => void) | undefined): void;
  /** UFFDIO_REGISTER with UFFDIO_REGISTER_MODE_WP. */
  userfaultRegister(first: Vpn, pageCount: number): void;
  userfaultUnregister(first: Vpn, pageCount: number): void;
  /** UFFDIO_WRITEPROTECT: closes (or opens) the pages that are there; wakes who waits for one that it opens. */
  userfaultWriteProtect(first: Vpn, pageCount: number, protect: boolean): void;
  /** Whether a page is there and closed to stores, however that came. The process cannot ask this; reports do. */
  isWriteProtected(page: Vpn): boolean;
  /** A system call that does nothing but enter and leave, e.g. getpid. */
  nullSystemCall(): void;
  /**
   * Keeps `bit` of table[page - first] equal to "a store to this page would need the machine" (not present, not
   * writable, or its D bit clear), from now on and at once, for the pages that the table covers.
   */
  watchStores(first: Vpn, table: Uint8Array, bit: number): void;
}

/** A system call of the simulated guest that failed. */
export class GuestError extends Error {
  readonly call: string;
  readonly errno: string;
  constructor(call: string, errno: string, detail: string) {
    super(`${call}: ${errno}: ${detail}`);
    this.name = "GuestError";
    this.call = call;
    this.errno = errno;
  }
}
