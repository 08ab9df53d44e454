import type { PageTable } from "../machine/page-table.ts";
import type { PageTablePages } from "./page-table-pages.ts";

/**
 * What Linux asks of whatever it runs on: the seam that Linux itself has as `pv_ops`. Bare hardware, Xen PV and a
 * hardware-assisted guest each implement it; the rest of the kernel is the same code on all of them.
 *
 * Implementations charge what they do (privileged operations, hypercalls, Xen's own steps) and, where the platform's
 * part of a Linux function is longer than the bare one, the step that stands for the difference.
 */
export interface Platform {
  /** User mode executes SYSCALL; on return the kernel runs. */
  systemCallEntry(): void;
  /** The kernel goes back to user mode by the short way (SYSRET where there is one). */
  systemCallExit(): void;
  /** The kernel goes back to user mode with all registers as they are in a frame (IRET). */
  frameExit(): void;
  /**
   * User mode faults on a page.
   * @returns true when a hypervisor dealt with it unseen; false when the kernel runs now and must end with `frameExit`
   */
  pageFault(page: number, write: boolean): boolean;
  /**
   * Stores of user mode or of the kernel to one page, as far as a hypervisor carries them out itself: each traps into it, and
   * the guest goes on behind it. Absent where there is nobody to do so.
   * @param bytes written by all of them together; where only some are emulated, all are of one size
   * @returns how many were emulated; for the others nothing has happened yet
   */
  emulateStores?(page: number, stores: number, bytes: number): number;
  /**
   * Whether a hypervisor's own tables do not have the page's entry yet, because it maps a new frame, and would let a store pass if they
   * had. Absent where there are none.
   */
  isNewFrame?(page: number): boolean;
  /** A store goes through, and the processor sets the D bits that are still clear. */
  setDirty(page: number): void;
  /** The kernel itself faults on a user page (copy_to_user). Returns as `pageFault`; ends with `kernelFaultExit`. */
  kernelPageFault(page: number): boolean;
  kernelFaultExit(): void;

  /** Updates until `leaveLazyMmu` may be collected. */
  enterLazyMmu(): void;
  leaveLazyMmu(): void;
  /**
   * ptep_modify_prot_start and _commit: rights of present entries change, A and D survive. Inside lazy mode. The entries, from
   * the page `first`'s to before `end`'s, are alike (`PageTable.alikeUntil`) and in one page-table page; each is changed by itself.
   */
  modifyPtes(first: number, end: number, flags: number): void;
  /** The same outside of lazy mode: each at once. */
  updatePtes(first: number, end: number, flags: number): void;
  /** set_pte: one entry, at once. */
  setPte(page: number, flags: number): void;
  /** ptep_clear_flush: take the entry out and flush its page. */
  clearAndFlushPte(page: number): void;
  /** munmap takes one entry out; whoever calls it flushes. */
  zapPte(page: number): void;
  /**
   * A read-modify-write in place (ptep_set_wrprotect) of each of the entries, which are alike and in one page-table page: no
   * paravirtual operation exists for it.
   */
  writePtesInPlace(first: number, end: number, flags: number): void;

  /** The same platform for a child that a process forks, with its page table. */
  forked(table: PageTable): Platform;
  /**
   * set_pte of entries, alike and in one page-table page, that are empty, in page tables that are not in use yet. Inside lazy
   * mode.
   */
  addPtes(first: number, end: number, flags: number): void;
  /** Page tables that a fork has filled are used from now on (arch_dup_mmap). */
  activatePageTables(pages: PageTablePages): void;
  /** A process exits: nobody uses its page tables any more (arch_exit_mmap), and the processor leaves them for the kernel's. */
  retirePageTables(pages: PageTablePages): void;
  /** Clears entries, alike and in one page-table page, of page tables that nobody uses any more. */
  zapRetiredPtes(first: number, end: number): void;
  /** A process exits: its segments, whose bases are the user's, are let go of (deactivate_mm). */
  dropSegments(): void;

  /** Whether a change of bits that only software uses is flushed as well (it is under Xen PV, as measured with 6.1). */
  readonly flushesSoftwareBits: boolean;
  /** Flush single pages of the running process from the TLB. */
  flushPages(first: number, pageCount: number): void;
  /** Flush all of the running process's pages from the TLB. */
  flushAll(): void;
  /** The processor's state for another thread: its stack, the bases of its segments, its FPU's registers. */
  switchThread(): void;
  /** The page tables of another process. */
  switchPageTables(): void;
  /** The guest's frame under a page, -1 for none; left out where frames have no numbers of their own. */
  frameOf?(page: number): number;
  /** A hypercall that a driver makes for the process; not on bare hardware. */
  driverHypercall(): void;
}
