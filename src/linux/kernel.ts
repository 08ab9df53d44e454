import type { Ledger } from "../machine/ledger.ts";
import {
  type PageTable,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_PROT_NONE,
  PTE_SHARED,
  PTE_SOFT_DIRTY,
  PTE_UFFD_WP,
  PTE_WRITABLE,
  PTE_ZERO_PAGE,
} from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import { AddressSpace } from "./address-space.ts";
import { GuestError, type SignalName } from "./guest-process.ts";
import type { KernelBuild } from "./kernel-build.ts";
import { ENTRY_PAGES, FAULT_PAGES, type KernelPages, SIGNAL_PAGES, SYSTEM_CALL_PAGES } from "./kernel-pages.ts";
import type { Platform } from "./platform.ts";
import { VMA_FILE, VMA_MAPPED, VMA_READ, VMA_WRITE } from "./vma-map.ts";

/** A handler gets the page of the fault. */
export type PageHandler = (page: number) => void;

/** Who is told what the kernel writes besides page tables and what it writes for the process. */
export interface OwnWritesObserver {
  /** Pages of its own. */
  kernelWrites(pages: KernelPages): void;
  /** A frame that it fills before the page gets it. */
  frameWritten(page: number): void;
}

/** Faults in a row on one page that a handler may leave unsolved before the process counts as stuck. */
const MOST_FAULTS = 8;
const PAGE_BYTES = 4096;
/** What a store writes where nobody says. */
const WORD_BYTES = 8;
/** Pages around one of a file that a fault on it maps with it (fault_around_bytes). */
const FAULT_AROUND_PAGES = 16;
const NEW_PAGE = PTE_PRESENT | PTE_WRITABLE | PTE_DIRTY | PTE_SOFT_DIRTY;

/**
 * The guest's kernel as one process sees it: loads and stores that fault, signals, and what system calls do to faults.
 * Order of steps: arch/x86/mm/fault.c, mm/memory.c, kernel/signal.c, arch/x86/kernel/signal.c.
 */
export class Kernel {
  readonly build: KernelBuild;
  readonly memory: AddressSpace;
  readonly ledger: Ledger;
  readonly table: PageTable;
  readonly platform: Platform;
  readonly #userFaults: Int32Array;
  #ownWrites: OwnWritesObserver | undefined;
  #segv: PageHandler | undefined;
  #bus: PageHandler | undefined;
  #usr1: PageHandler | undefined;
  /** The thread that reads the events of the process's userfaultfd; without one they come as SIGBUS. */
  #userfaultThread: PageHandler | undefined;
  /** That thread has a processor of its own, which idles until it is woken. */
  #userfaultThreadIsElsewhere = false;
  #isHandlingFault = false;
  /** A thread waits on another processor until a page is opened. */
  #waitsElsewhere = false;

  #aroundFirstTouches: (page: number, fault: () => void) => void = (_, fault) => fault();

  constructor(build: KernelBuild, ledger: Ledger, table: PageTable, platform: Platform) {
    this.build = build;
    this.ledger = ledger;
    this.table = table;
    this.platform = platform;
    this.#userFaults = table.states.count();
    this.memory = new AddressSpace(build, ledger, table, platform);
  }

  /** Faults of user mode so far, whoever dealt with them. */
  get userFaults(): number {
    return this.#userFaults[0];
  }

  /** The process's handler of a fault runs. */
  get isHandlingFault(): boolean {
    return this.#isHandlingFault;
  }

  observeOwnWrites(observer: OwnWritesObserver): void {
    this.#ownWrites = observer;
  }

  /** @param around does the fault by which a page gets a frame of its own, or by which a hypervisor's tables first have that */
  aroundFirstTouches(around: (page: number, fault: () => void) => void): void {
    this.#aroundFirstTouches = around;
  }

  setHandler(signal: SignalName, handler: PageHandler | undefined): void {
    switch (signal) {
      case "SIGSEGV":
        this.#segv = handler;
        break;
      case "SIGBUS":
        this.#bus = handler;
        break;
      case "SIGUSR1":
        this.#usr1 = handler;
        break;
    }
  }

  /**
   * A thread of the process that waits in read() of its userfaultfd from now on, with one event at a time.
   * @param isElsewhere on a processor of its own, which idles meanwhile: then what is charged is the way of the fault, and
   * not what both processors do at the same time
   */
  setUserfaultThread(handler: PageHandler | undefined, isElsewhere = false): void {
    this.#userfaultThread = handler;
    this.#userfaultThreadIsElsewhere = isElsewhere;
  }

  /** UFFDIO_WRITEPROTECT's body; opening a page wakes who waits for it. */
  userfaultWriteProtect(first: number, pageCount: number, protect: boolean): void {
    this.memory.writeProtect(first, pageCount, protect);
    if (protect || !this.#waitsElsewhere) return;
    this.#waitsElsewhere = false;
    this.#wakeElsewhere();
  }

  /** This thread waits and another one goes on, which something has woken. */
  switchThread(): void {
    this.ledger.charge(P.linux_switch, 1);
    this.platform.switchThread();
  }

  /** The same to a thread of another process. */
  switchProcess(): void {
    this.switchThread();
    this.ledger.charge(P.linux_switch_mm, 1);
    this.platform.switchPageTables();
  }

  /** Takes on the handlers of a process that forks. */
  inheritHandlers(parent: Kernel): void {
    this.#segv = parent.#segv;
    this.#bus = parent.#bus;
    this.#usr1 = parent.#usr1;
  }

  /** Entry of a system call; what its body does is charged between this and `leave`. */
  enter(): void {
    this.platform.systemCallEntry();
    this.ledger.charge(P.linux_syscall, 1);
    this.#ownWrites?.kernelWrites(ENTRY_PAGES);
    this.#ownWrites?.kernelWrites(SYSTEM_CALL_PAGES);
  }

  leave(): void {
    this.platform.systemCallExit();
  }

  /**
   * Stores of user mode to one page; returns when they have completed.
   * @param bytes written by all of them together
   * @throws GuestError when nothing handles a fault
   */
  store(page: number, bytes = WORD_BYTES, stores = 1): void {
    const { table, platform } = this;
    let left = stores;
    for (let attempt = 0; attempt < MOST_FAULTS; attempt++) {
      if (table.completesStore(page)) return;
      if (table.permitsStore(page)) {
        platform.setDirty(page);
        return;
      }
      const isFirstTouch = this.#isFirstTouch(page);
      const emulated = platform.emulateStores?.(page, left, left === stores ? bytes : (bytes / stores) * left) ?? 0;
      left -= emulated;
      if (left === 0) return;
      if (emulated > 0) continue;
      if (isFirstTouch) this.#aroundFirstTouches(page, () => this.#fault(page, true));
      else this.#fault(page, true);
    }
    throw new GuestError("store", "SIGSEGV", `the handler left page ${page} closed ${MOST_FAULTS} times`);
  }

  /** One load of user mode. */
  load(page: number): void {
    for (let attempt = 0; attempt < MOST_FAULTS; attempt++) {
      if (this.table.permitsLoad(page)) return;
      this.#fault(page, false);
    }
    throw new GuestError("load", "SIGSEGV", `the handler left page ${page} closed ${MOST_FAULTS} times`);
  }

  /** The kernel stores into a page of the process. @throws GuestError EFAULT */
  copyToUser(page: number): void {
    this.ledger.charge(P.linux_copy_to_user, 1);
    const { table } = this;
    while (!table.completesStore(page)) {
      if (table.permitsStore(page)) {
        this.platform.setDirty(page);
        return;
      }
      if (this.platform.emulateStores?.(page, 1, PAGE_BYTES) === 1) return;
      if (this.platform.kernelPageFault(page)) continue;
      const entry = table.flags[page];
      this.ledger.charge(P.linux_exception, 1);
      this.ledger.charge(P.linux_fault, 1);
      const allowed = this.memory.allows(page, true) && ((entry & PTE_UFFD_WP) === 0 || this.#resolveUserfault(page));
      if (allowed) this.#makeWritable(page);
      this.platform.kernelFaultExit();
      if (!allowed) throw new GuestError("copy_to_user", "EFAULT", `page ${page} may not be written`);
    }
  }

  /** tgkill to the calling thread; signal 0 only checks. */
  tgkill(signal: SignalName | 0): void {
    this.enter();
    this.ledger.charge(P.linux_tgkill, 1);
    if (signal === 0) {
      this.leave();
      return;
    }
    this.ledger.charge(P.linux_signal_send, 1);
    this.ledger.charge(P.linux_signal_deliver, 1);
    this.ledger.charge(P.cpu_fxsave, 1);
    this.platform.systemCallExit();
    this.#handlerOf(signal)?.(0);
    this.#sigreturn();
  }

  /** Whether a store's next fault is one that it would meet with nobody watching writes. */
  #isFirstTouch(page: number): boolean {
    const entry = this.table.flags[page];
    const isMapped = (entry & (PTE_PRESENT | PTE_PROT_NONE)) !== 0;
    if (isMapped && (entry & PTE_ZERO_PAGE) === 0) return this.platform.isNewFrame?.(page) ?? false;
    return (entry & PTE_UFFD_WP) === 0 && (this.memory.vmas.flagsOf(page) & VMA_WRITE) !== 0;
  }

  /** A page fault of user mode, up to the point where the access is tried again. */
  #fault(page: number, write: boolean): void {
    this.#userFaults[0]++;
    if (this.platform.pageFault(page, write)) return;
    this.#ownWrites?.kernelWrites(ENTRY_PAGES);
    this.#ownWrites?.kernelWrites(FAULT_PAGES);
    const { ledger } = this;
    ledger.charge(P.linux_exception, 1);
    ledger.charge(P.linux_fault, 1);
    if (!this.memory.allows(page, write)) {
      ledger.charge(P.linux_fault_bad_access, 1);
      this.#signal("SIGSEGV", this.#segv, page, write);
      return;
    }
    if (write && this.table.flags[page] & PTE_UFFD_WP) {
      if (!this.#resolveUserfault(page)) {
        this.#signal("SIGBUS", this.#bus, page, write);
        return;
      }
      // What is left of the fault is what it had been about.
      if (this.#isFirstTouch(page)) this.#aroundFirstTouches(page, () => this.#makeWritable(page));
      else this.#makeWritable(page);
    } else if (write) this.#makeWritable(page);
    else this.#makePresent(page);
    this.platform.frameExit();
  }

  /** A write to a page that userfaultfd protects. @returns false when nobody waits for its events: a user's is a SIGBUS */
  #resolveUserfault(page: number): boolean {
    const { ledger } = this;
    ledger.charge(P.linux_fault_walk, 1);
    ledger.charge(P.linux_uffd_fault, 1);
    if (this.#userfaultThread === undefined) return false;
    this.#askThread(this.#userfaultThread, page);
    // VM_FAULT_RETRY: the same fault is looked at again.
    ledger.charge(P.linux_fault, 1);
    if (!this.memory.allows(page, true)) throw new Error(`the mapping of page ${page} changed while a thread waited`);
    if (this.table.flags[page] & PTE_UFFD_WP) {
      throw new GuestError(
        "userfaultfd",
        "EAGAIN",
        `the handler left page ${page} closed, and its thread waits forever`,
      );
    }
    return true;
  }

  /**
   * handle_userfault: the faulting thread queues its event, wakes the handler and waits. The handler comes out of read(),
   * does its work, whose UFFDIO_WRITEPROTECT wakes the other thread, and waits in read() again. On the guest's one processor
   * the handler is not interrupted by the thread that it wakes.
   */
  #askThread(handler: PageHandler, page: number): void {
    this.ledger.charge(P.linux_uffd_event, 1);
    if (this.#userfaultThreadIsElsewhere) {
      this.#wakeElsewhere();
      this.#arriveElsewhere();
      this.leave();
      this.#waitsElsewhere = true;
      handler(page);
      this.#arriveElsewhere();
      return;
    }
    this.switchThread();
    this.leave();
    handler(page);
    this.enter();
    this.switchThread();
  }

  #wakeElsewhere(): void {
    this.ledger.charge(P.linux_wake, 1);
    this.ledger.charge(P.cpu_ipi, 1);
  }

  /** The processor of the thread that was woken leaves its idle state and goes on with the thread. */
  #arriveElsewhere(): void {
    this.ledger.charge(P.cpu_idle_exit, 1);
    this.ledger.charge(P.linux_schedule_idle, 1);
  }

  /** handle_mm_fault for a write that the VMA allows. */
  #makeWritable(page: number): void {
    const { ledger, platform } = this;
    ledger.charge(P.linux_fault_walk, 1);
    const entry = this.table.flags[page];
    if ((entry & PTE_PRESENT) === 0) {
      ledger.charge(P.linux_fault_anonymous, 1);
      ledger.charge(P.linux_clear_page, 1);
      this.#ownWrites?.frameWritten(page);
      platform.setPte(page, NEW_PAGE);
    } else if (entry & PTE_ZERO_PAGE) {
      ledger.charge(P.linux_fault_cow, 1);
      ledger.charge(P.linux_clear_page, 1);
      this.#ownWrites?.frameWritten(page);
      platform.clearAndFlushPte(page);
      platform.setPte(page, NEW_PAGE);
    } else if (entry & PTE_SHARED) {
      ledger.charge(P.linux_fault_cow, 1);
      ledger.charge(P.linux_copy_page, 1);
      this.#ownWrites?.frameWritten(page);
      this.memory.unshare(page, page + 1);
      platform.clearAndFlushPte(page);
      platform.setPte(page, NEW_PAGE);
    } else {
      ledger.charge(P.linux_fault_reuse, 1);
      platform.setPte(page, entry | NEW_PAGE);
    }
  }

  /** handle_mm_fault for a read that the VMA allows. */
  #makePresent(page: number): void {
    this.ledger.charge(P.linux_fault_walk, 1);
    if (this.memory.vmas.flagsOf(page) & VMA_FILE) {
      this.#mapAround(page);
      return;
    }
    this.ledger.charge(P.linux_fault_zero_page, 1);
    this.platform.setPte(page, PTE_PRESENT | PTE_ZERO_PAGE | PTE_SOFT_DIRTY);
  }

  /** do_fault_around: the pages of the page cache around this one that its VMA has, up to a border of so many. */
  #mapAround(page: number): void {
    const { ledger, table, memory } = this;
    const start = memory.vmas.startOf(page);
    const first = Math.max(start, page & ~(FAULT_AROUND_PAGES - 1));
    const end = Math.min(memory.vmas.endOf(start), (page | (FAULT_AROUND_PAGES - 1)) + 1);
    ledger.charge(P.linux_fault_file, 1);
    table.states.once();
    for (let other = first; other < end; other++) {
      if (table.flags[other] & PTE_PRESENT) continue;
      ledger.charge(P.linux_fault_file_pte, 1);
      this.platform.setPte(other, PTE_PRESENT | PTE_SOFT_DIRTY);
    }
  }

  #signal(name: SignalName, handler: PageHandler | undefined, page: number, write: boolean): void {
    const { ledger } = this;
    if (handler === undefined) {
      throw new GuestError(write ? "store" : "load", name, `no handler takes the fault on page ${page}`);
    }
    this.#ownWrites?.kernelWrites(SIGNAL_PAGES);
    ledger.charge(P.linux_signal_send, 1);
    ledger.charge(P.linux_signal_deliver, 1);
    ledger.charge(P.cpu_fxsave, 1);
    this.platform.frameExit();
    this.#isHandlingFault = true;
    handler(page);
    this.#isHandlingFault = false;
    this.#sigreturn();
  }

  #sigreturn(): void {
    const { ledger } = this;
    this.platform.systemCallEntry();
    ledger.charge(P.linux_syscall, 1);
    ledger.charge(P.linux_sigreturn, 1);
    ledger.charge(P.cpu_fxrstor, 2);
    this.platform.frameExit();
  }

  #handlerOf(signal: SignalName): PageHandler | undefined {
    return signal === "SIGSEGV" ? this.#segv : signal === "SIGBUS" ? this.#bus : this.#usr1;
  }
}

/** Flags of a VMA with a protection. */
export function vmaFlags(protection: "none" | "r" | "rw"): number {
  switch (protection) {
    case "none":
      return VMA_MAPPED;
    case "r":
      return VMA_MAPPED | VMA_READ;
    case "rw":
      return VMA_MAPPED | VMA_READ | VMA_WRITE;
  }
}

export const PROTECTION_FLAGS = VMA_READ | VMA_WRITE;
