import type { Ledger } from "../machine/ledger.ts";
import type { PageTable } from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import type { Hypervisor } from "../xen/pv/hypervisor.ts";
import type { PageTablePages } from "./page-table-pages.ts";
import type { Platform } from "./platform.ts";
import { pinPageTables, unpinPageTables } from "./xen-pin.ts";

/**
 * Updates that Linux collects into one hypercall: its multicall buffer has 512 bytes for arguments, an update takes 16,
 * and the buffer counts as full when the next one would reach its end (arch/x86/xen/multicalls.c).
 */
export const BATCH_ENTRIES = 31;

/** Linux as a 64-bit PV guest of Xen: arch/x86/xen/{enlighten_pv,mmu_pv,multicalls}.c. */
export class XenPvPlatform implements Platform {
  readonly flushesSoftwareBits = true;
  readonly #ledger: Ledger;
  readonly #xen: Hypervisor;
  readonly #table: PageTable;
  #pending = 0;
  /** What each of them takes. */
  #entryStep: number = P.linux_xen_entry;

  constructor(ledger: Ledger, table: PageTable, xen: Hypervisor) {
    this.#ledger = ledger;
    this.#table = table;
    this.#xen = xen;
  }

  systemCallEntry(): void {
    this.#xen.systemCallFromUser();
  }

  systemCallExit(): void {
    this.#xen.iret();
  }

  frameExit(): void {
    this.#xen.iret();
  }

  pageFault(page: number, write: boolean): boolean {
    return this.#xen.pageFault(page, write);
  }

  emulateStores(page: number, stores: number, bytes: number): number {
    return this.#xen.emulateStores(page, stores, bytes);
  }

  kernelPageFault(page: number): boolean {
    return this.#xen.kernelPageFault(page);
  }

  kernelFaultExit(): void {
    this.#xen.iretToKernel();
  }

  setDirty(page: number): void {
    this.#ledger.charge(P.cpu_dirty_assist, 1);
    this.#xen.setDirty(page);
  }

  enterLazyMmu(): void {}

  leaveLazyMmu(): void {
    if (this.#pending > 0) this.#flushBatch();
  }

  modifyPtes(first: number, end: number, flags: number): void {
    this.#collect(first, end, flags, P.linux_xen_entry);
  }

  updatePtes(first: number, end: number, flags: number): void {
    this.#ledger.charge(P.linux_xen_update, end - first);
    this.#xen.updateEntries(first, end, flags);
  }

  setPte(page: number, flags: number): void {
    this.#ledger.charge(P.linux_xen_set_pte, 1);
    this.#xen.updateEntries(page, page + 1, flags);
  }

  clearAndFlushPte(page: number): void {
    this.#xen.emulateTableWrite(page, 0);
    this.#ledger.charge(P.linux_flush_range, 1);
    this.flushPages(page, 1);
  }

  zapPte(page: number): void {
    this.#table.set(page, 0);
  }

  writePtesInPlace(first: number, end: number, flags: number): void {
    this.#xen.emulateRightsWrites(first, end, flags);
  }

  forked(table: PageTable): Platform {
    return new XenPvPlatform(this.#ledger, table, this.#xen.forked(table));
  }

  /** xen_set_pte in lazy mode: by hypercall, though Xen does not know yet that this is a page table. */
  addPtes(first: number, end: number, flags: number): void {
    this.#collect(first, end, flags, P.linux_xen_fork_pte);
  }

  activatePageTables(pages: PageTablePages): void {
    pinPageTables(this.#ledger, this.#xen, pages);
  }

  /** xen_drop_mm_ref and xen_pgd_unpin. */
  retirePageTables(pages: PageTablePages): void {
    this.#ledger.charge(P.linux_switch_mm, 1);
    this.switchPageTables();
    unpinPageTables(this.#ledger, this.#xen, pages);
  }

  zapRetiredPtes(first: number, end: number): void {
    this.#ledger.charge(P.linux_xen_exit_pte, end - first);
    this.#table.setAll(first, end, 0);
  }

  dropSegments(): void {
    this.#xen.loadUserGs();
  }

  flushPages(first: number, pageCount: number): void {
    this.#ledger.charge(P.linux_flush_page, pageCount);
    this.#ledger.charge(P.linux_xen_flush_page, pageCount);
    for (let page = first; page < first + pageCount; page++) this.#xen.invlpg(page);
  }

  flushAll(): void {
    this.#ledger.charge(P.linux_xen_flush_all, 1);
    this.#xen.tlbFlush();
  }

  switchThread(): void {
    this.#ledger.charge(P.cpu_fxsave, 1);
    this.#ledger.charge(P.cpu_fxrstor, 1);
    this.#xen.switchThread();
  }

  switchPageTables(): void {
    this.#xen.newPageTables();
  }

  driverHypercall(): void {
    this.#xen.version();
  }

  /** @param step what it takes Linux to add one of them to a batch, all of which are of one kind */
  #collect(first: number, end: number, flags: number, step: number): void {
    for (let page = first; page < end; ) {
      if (this.#pending === BATCH_ENTRIES) this.#flushBatch();
      const stop = Math.min(end, page + BATCH_ENTRIES - this.#pending);
      this.#xen.addEntries(page, stop, flags);
      this.#entryStep = step;
      this.#pending += stop - page;
      page = stop;
    }
  }

  #flushBatch(): void {
    this.#ledger.charge(P.linux_xen_batch, 1);
    this.#ledger.charge(this.#entryStep, this.#pending);
    this.#pending = 0;
    this.#xen.mmuUpdate();
  }
}
