import type { Ledger } from "../machine/ledger.ts";
import type { PageTable } from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import type { Hypervisor } from "../xen/pv/hypervisor.ts";
import type { Platform } from "./platform.ts";

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
    for (let page = first; page < end; ) {
      if (this.#pending === BATCH_ENTRIES) this.#flushBatch();
      const stop = Math.min(end, page + BATCH_ENTRIES - this.#pending);
      this.#xen.addEntries(page, stop, flags);
      this.#pending += stop - page;
      page = stop;
    }
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

  writePteInPlace(page: number, flags: number): void {
    this.#xen.emulateTableWrite(page, flags);
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

  #flushBatch(): void {
    this.#ledger.charge(P.linux_xen_batch, 1);
    this.#ledger.charge(P.linux_xen_entry, this.#pending);
    this.#pending = 0;
    this.#xen.mmuUpdate();
  }
}
