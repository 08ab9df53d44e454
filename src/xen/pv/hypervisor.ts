import type { Ledger } from "../../machine/ledger.ts";
import { type PageTable, PTE_DIRTY, PTE_PRESENT, PTE_SOFT_DIRTY, PTE_WRITABLE } from "../../machine/page-table.ts";
import { P } from "../../machine/primitives.ts";
import { ShadowTables } from "../shadow/shadow-tables.ts";
import type { L1Observer, L1Writes } from "./l1-observer.ts";

/** Entries that Linux puts into one mmu_update at most. */
const MOST_ENTRIES = 64;

/**
 * Xen with one 64-bit PV guest on one processor, as the guest's kernel meets it: entries from user and kernel mode,
 * bounce frames, the iret hypercall, mmu_update with its validation, mmuext_op flushes, writable-page-table emulation.
 * Order of steps: xen/arch/x86/pv/{traps,mm,iret,ro-page-fault}.c, x86_64/entry.S, Xen 4.17.
 */
export class Hypervisor {
  readonly ledger: Ledger;
  readonly #table: PageTable;
  readonly #xpti: boolean;
  #observer: L1Observer | undefined;
  #rewriter: L1Writes | undefined;
  /** In log-dirty mode: the tables that the processor walks then. */
  #shadow: ShadowTables | undefined;
  /** Called whenever the guest enters Xen. */
  #onEntry: () => void = () => {};
  /** mmu_update hypercalls by their number of entries, where somebody wants to know. */
  #batchSizes: Uint32Array | undefined;
  /** Entries of the mmu_update under way: all, and those of each further kind. */
  #entries = 0;
  #rights = 0;
  #isPinned = true;

  constructor(ledger: Ledger, table: PageTable, xpti: boolean) {
    this.ledger = ledger;
    this.#table = table;
    this.#xpti = xpti;
  }

  /** Puts the checkpoint service between the guest's updates and its L1 entries. */
  observe(observer: L1Observer): void {
    this.#observer = observer;
  }

  /** Has somebody see each L1 entry that the guest writes, before the observer. */
  onTableWrite(rewriter: L1Writes): void {
    this.#rewriter = rewriter;
  }

  /** @returns mmu_update hypercalls from now on, by their number of entries */
  countBatches(): Uint32Array {
    this.#batchSizes = new Uint32Array(MOST_ENTRIES);
    return this.#batchSizes;
  }

  /** Has `action` done first whenever the guest enters Xen. */
  onEntry(action: () => void): void {
    this.#onEntry = action;
  }

  /** The same guest with the page table of another process, which a fork makes and Xen does not take for one yet. */
  forked(table: PageTable): Hypervisor {
    const other = new Hypervisor(this.ledger, table, this.#xpti);
    other.#isPinned = false;
    other.#batchSizes = this.#batchSizes;
    other.#onEntry = this.#onEntry;
    return other;
  }

  /** Whether Xen knows the page table as one, and holds each of its entries against what the guest may map. */
  pin(isPinned: boolean): void {
    this.#isPinned = isPinned;
  }

  /** The guest's shadow page tables, which it has from the first call on (shadow_one_bit_enable). */
  shadow(): ShadowTables {
    this.#shadow ??= new ShadowTables(this.ledger, this.#table, false);
    return this.#shadow;
  }

  /** Log-dirty mode: the guest's kernel writes to so many pages of its own, whose shadow entries let nobody write. */
  trapKernelWrites(count: number): void {
    const { ledger } = this;
    this.#enterException(count);
    ledger.charge(P.xen_shadow_walk, count);
    ledger.charge(P.xen_shadow_fault, count);
    ledger.charge(P.xen_shadow_propagate, count);
    this.#returnFromException(count);
  }

  /** The processor sets D bits by a store that it lets pass. */
  setDirty(page: number): void {
    if (this.#shadow !== undefined) this.#shadow.setDirty(page);
    else this.#table.set(page, this.#table.flags[page] | PTE_DIRTY | PTE_SOFT_DIRTY);
  }

  /** User mode executes SYSCALL: Xen enters the guest's kernel through a bounce frame. */
  systemCallFromUser(): void {
    const { ledger } = this;
    ledger.charge(P.cpu_syscall, 1);
    ledger.charge(P.xen_syscall, 1);
    this.#onEntry();
    this.#bounce();
  }

  /** The iret hypercall: back to user mode with the frame that the kernel left on its stack. */
  iret(): void {
    const { ledger } = this;
    ledger.charge(P.cpu_hypercall, 1);
    ledger.charge(P.xen_hypercall, 1);
    ledger.charge(P.xen_iret, 1);
    this.#toggleMode();
    ledger.charge(P.xen_cpu_iretq, 1);
    this.#hideXen();
  }

  /** User mode faults on a page. @returns true when the checkpoint service dealt with it; else the kernel is entered */
  pageFault(page: number, write: boolean): boolean {
    const { ledger } = this;
    if (this.#shadowFault(page, write)) return true;
    this.#enterException();
    if (this.#observer?.fault(page, write) === true) {
      this.#returnFromException();
      return true;
    }
    ledger.charge(P.xen_inject, 1);
    this.#bounce();
    return false;
  }

  /**
   * Stores to one page, of user mode or of the kernel, as far as Xen carries them out itself: each faults, its instruction
   * is decoded and emulated, and the guest goes on behind it.
   * @param bytes written by all of them together; where only some are emulated, all are of one size
   * @returns how many were emulated; for the others nothing has happened yet
   */
  emulateStores(page: number, stores: number, bytes: number): number {
    const observer = this.#observer;
    if (observer === undefined) return 0;
    // The fault is an entry, whatever comes of it: what it finds waiting in a shared page may decide.
    this.#onEntry();
    const emulated = observer.emulatedOf(page, stores);
    if (emulated === 0) return 0;
    this.#enterException(emulated);
    observer.emulate(page, emulated, emulated === stores ? bytes : (bytes / stores) * emulated);
    this.#returnFromException(emulated);
    return emulated;
  }

  /** The guest's kernel faults on a user page: as `pageFault`, but the guest's mode does not change. */
  kernelPageFault(page: number): boolean {
    const { ledger } = this;
    if (this.#shadowFault(page, true)) return true;
    this.#enterException();
    if (this.#observer?.fault(page, true) === true) {
      this.#returnFromException();
      return true;
    }
    ledger.charge(P.xen_inject, 1);
    ledger.charge(P.xen_bounce_frame, 1);
    ledger.charge(P.xen_cpu_sysret, 1);
    this.#hideXen();
    return false;
  }

  /** The iret hypercall from a nested frame: the kernel returns to itself. */
  iretToKernel(): void {
    const { ledger } = this;
    ledger.charge(P.cpu_hypercall, 1);
    ledger.charge(P.xen_hypercall, 1);
    ledger.charge(P.xen_iret, 1);
    ledger.charge(P.xen_cpu_iretq, 1);
    this.#hideXen();
  }

  /** Entries, alike and in one table, of the mmu_update that `mmuUpdate` will make. */
  addEntries(first: number, end: number, flags: number): void {
    if (this.#entries === 0) this.#onEntry();
    this.#entries += end - first;
    if (this.#takesAll) {
      this.#chargeChange(this.#table.flags[first], flags, end - first);
      this.#table.setAll(first, end, flags);
      return;
    }
    for (let page = first; page < end; page++) {
      const after = this.#entryFor(page, flags);
      this.#chargeChange(this.#table.flags[page], after, 1);
      this.#writeEntry(page, after);
    }
  }

  /** The mmu_update hypercall with the entries added. */
  mmuUpdate(): void {
    this.#mmuUpdates(1, this.#entries);
  }

  /** Entries that are alike and in one table, each by an mmu_update of its own. */
  updateEntries(first: number, end: number, flags: number): void {
    // What waits in a shared page may register pages: it is served before anybody asks whether there are any.
    if (end - first > 1) this.#onEntry();
    if (this.#takesAll) {
      this.addEntries(first, end, flags);
      this.#mmuUpdates(end - first, 1);
      return;
    }
    for (let page = first; page < end; page++) {
      this.addEntries(page, page + 1, flags);
      this.mmuUpdate();
    }
  }

  /** mmuext_op, INVLPG_LOCAL. */
  invlpg(page: number): void {
    this.hypercall();
    this.ledger.charge(P.xen_mmuext_op, 1);
    this.#onShadow((shadow) => shadow.invalidate(page));
    this.flushPage();
  }

  /** mmuext_op, TLB_FLUSH_LOCAL. */
  tlbFlush(): void {
    this.hypercall();
    this.ledger.charge(P.xen_mmuext_op, 1);
    this.flushAll();
  }

  /**
   * The kernel writes to a page-table page that it may only read: Xen takes the fault, decodes and emulates the
   * instruction, and validates the entry that it would leave.
   */
  emulateTableWrite(page: number, flags: number): void {
    const { ledger } = this;
    this.#enterException();
    ledger.charge(P.xen_ptwr, 1);
    this.#writeEntry(page, this.#entryFor(page, flags));
    this.#returnFromException();
  }

  /**
   * The same for a write to each of the entries, which are alike and in one table, that changes their rights alone, by a locked
   * instruction.
   */
  emulateRightsWrites(first: number, end: number, flags: number): void {
    const { ledger } = this;
    const count = end - first;
    this.#enterException(count);
    ledger.charge(P.xen_ptwr, count);
    ledger.charge(P.xen_ptwr_rights, count);
    if (this.#takesAll) this.#table.setAll(first, end, flags);
    else for (let page = first; page < end; page++) this.#writeEntry(page, this.#entryFor(page, flags));
    this.#returnFromException(count);
  }

  /**
   * The kernel goes on with another thread: its stack and its segments' bases. On processors that do without XPTI here
   * (AMD's), loading an empty GS selector keeps its base, so that Linux loads it twice.
   */
  switchThread(): void {
    const { ledger } = this;
    this.hypercall();
    ledger.charge(P.xen_stack_switch, 1);
    this.hypercall();
    ledger.charge(P.xen_segment_base, 1);
    ledger.charge(P.xen_cpu_wrmsr, 1);
    if (this.#xpti) return;
    for (let load = 0; load < 2; load++) this.loadUserGs();
  }

  /** set_segment_base of the user's GS selector, whose base the kernel's own must not replace. */
  loadUserGs(): void {
    const { ledger } = this;
    this.hypercall();
    ledger.charge(P.xen_segment_base, 1);
    ledger.charge(P.xen_cpu_rdmsr, 1);
    ledger.charge(P.xen_cpu_swapgs, 2);
  }

  /** mmuext_op, NEW_BASEPTR and NEW_USER_BASEPTR: the page tables of another process. */
  newPageTables(): void {
    const { ledger } = this;
    this.hypercall();
    ledger.charge(P.xen_mmuext_op, 1);
    ledger.charge(P.xen_new_baseptr, 1);
    ledger.charge(P.xen_cpu_cr3_write, 1);
    this.#onShadow((shadow) => shadow.update());
    if (this.#xpti) {
      ledger.charge(P.xen_xpti, 1);
      ledger.charge(P.xen_cpu_invlpg, 1);
    }
  }

  /** The xen_version hypercall. */
  version(): void {
    this.hypercall();
    this.ledger.charge(P.xen_version, 1);
  }

  /** Entry and exit of a hypercall of the guest's kernel, or of several that are alike. */
  hypercall(times = 1): void {
    const { ledger } = this;
    ledger.charge(P.cpu_hypercall, times);
    ledger.charge(P.xen_hypercall, times);
    this.#onEntry();
    ledger.charge(P.xen_cpu_sysret, times);
    this.#hideXen(times);
  }

  /** Ring 3 enters Xen through a gate of its own and goes back. */
  userGate(): void {
    const { ledger } = this;
    ledger.charge(P.xen_cpu_gate, 1);
    ledger.charge(P.xen_exception, 1);
    this.#onEntry();
    this.#returnFromException();
  }

  /**
   * User mode executes CPUID behind UD2 and the letters "xen": an invalid opcode, which Xen recognises and emulates
   * (xen/arch/x86/pv/emul-inv-op.c), whatever privilege the guest's code has. The guest's kernel is not entered.
   */
  forcedCpuid(): void {
    const { ledger } = this;
    ledger.charge(P.xen_cpu_exception, 1);
    ledger.charge(P.xen_exception, 1);
    this.#onEntry();
    ledger.charge(P.xen_forced_cpuid, 1);
    this.#returnFromException();
  }

  /** flush_area_local of one page. */
  flushPage(): void {
    this.ledger.charge(P.xen_flush_page, 1);
    this.ledger.charge(P.xen_cpu_invlpg, 1);
  }

  /** flush_area_local of everything. */
  flushAll(): void {
    const { ledger } = this;
    ledger.charge(P.xen_flush_all, 1);
    ledger.charge(P.xen_cpu_cr3_read, 1);
    ledger.charge(P.xen_cpu_cr3_write, 1);
  }

  /** Nobody has a say in what entries get, and nothing follows from it. */
  get #takesAll(): boolean {
    return this.#shadow === undefined && this.#rewriter?.isIdle !== false && this.#observer?.isIdle !== false;
  }

  /** Hypercalls with so many entries each, which were added. */
  #mmuUpdates(times: number, entries: number): void {
    const { ledger } = this;
    this.hypercall(times);
    ledger.charge(P.xen_mmu_update, times);
    ledger.charge(this.#isPinned ? P.xen_mmu_update_entry : P.xen_mmu_update_unpinned, times * entries);
    if (this.#rights > 0) ledger.charge(P.xen_mmu_update_write, this.#rights);
    if (this.#batchSizes !== undefined) {
      this.#batchSizes[entries] += times;
      this.#table.states.once();
    }
    this.#entries = 0;
    this.#rights = 0;
  }

  /** What it takes to validate this change of so many entries. */
  #chargeChange(before: number, after: number, count: number): void {
    if (!this.#isPinned) return;
    const { ledger } = this;
    const changed = before ^ after;
    if (changed & PTE_PRESENT) {
      if (after & PTE_PRESENT) {
        ledger.charge(P.xen_mmu_update_map, count);
        if (after & PTE_WRITABLE) ledger.charge(P.xen_mmu_update_map_writable, count);
      } else ledger.charge(P.xen_mmu_update_unmap, count);
    } else if (changed & PTE_WRITABLE) this.#rights += count;
  }

  /** What an L1 entry gets when the guest writes these flags to it. */
  #entryFor(page: number, flags: number): number {
    const wanted = this.#rewriter === undefined ? flags : this.#rewriter.guestWrites(page, flags);
    return this.#observer === undefined ? wanted : this.#observer.guestWrites(page, wanted);
  }

  /** A fault on an entry that the guest's own would allow: its shadow is missing, or log-dirty mode keeps it closed. */
  #shadowFault(page: number, write: boolean): boolean {
    const shadow = this.#shadow;
    const wanted = write ? PTE_PRESENT | PTE_WRITABLE : PTE_PRESENT;
    if (shadow === undefined || (this.#table.flags[page] & wanted) !== wanted) return false;
    const before = this.ledger.enterPhase("track");
    this.#enterException();
    shadow.fault(page, write);
    this.#returnFromException();
    this.ledger.restore(before);
    return true;
  }

  /** An entry of the guest as Xen has found it valid. */
  #writeEntry(page: number, flags: number): void {
    if (this.#shadow === undefined) this.#table.set(page, flags);
    else {
      this.#shadow.write(page, page + 1, flags);
      this.#onShadow((shadow) => shadow.validate(page));
    }
  }

  /** What shadows add to the guest's operations while it has them: they are there because it is tracked. */
  #onShadow(action: (shadow: ShadowTables) => void): void {
    if (this.#shadow === undefined) return;
    const before = this.ledger.enterPhase("track");
    action(this.#shadow);
    this.ledger.restore(before);
  }

  #enterException(times = 1): void {
    const { ledger } = this;
    ledger.charge(P.xen_cpu_exception, times);
    ledger.charge(P.xen_cpu_cr2_read, times);
    ledger.charge(P.xen_exception, times);
    this.#onEntry();
  }

  #returnFromException(times = 1): void {
    const { ledger } = this;
    ledger.charge(P.xen_exception_return, times);
    ledger.charge(P.xen_cpu_iretq, times);
    this.#hideXen(times);
  }

  #bounce(): void {
    const { ledger } = this;
    this.#toggleMode();
    ledger.charge(P.xen_bounce_frame, 1);
    ledger.charge(P.xen_cpu_sysret, 1);
    this.#hideXen();
  }

  /** toggle_guest_mode: the guest's other page table, its other GS base. */
  #toggleMode(): void {
    const { ledger } = this;
    ledger.charge(P.xen_cpu_rdmsr, 1);
    ledger.charge(P.xen_cpu_swapgs, 1);
    ledger.charge(P.xen_cpu_cr3_write, 1);
    this.#onShadow((shadow) => shadow.update());
    if (this.#xpti) {
      ledger.charge(P.xen_xpti, 1);
      ledger.charge(P.xen_cpu_invlpg, 1);
    }
  }

  /** XPTI: an entry changes to Xen's full page table, the exit back to the guest's. */
  #hideXen(times = 1): void {
    if (this.#xpti) this.ledger.charge(P.xen_cpu_cr3_write, 2 * times);
  }
}
