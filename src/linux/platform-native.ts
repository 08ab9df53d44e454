import type { Ledger } from "../machine/ledger.ts";
import type { PageTable } from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import type { Platform } from "./platform.ts";

/** Linux on bare hardware: every operation is the processor's own. */
export class NativePlatform implements Platform {
  readonly flushesSoftwareBits = false;
  readonly #ledger: Ledger;
  readonly #table: PageTable;
  /** Page-table isolation: CR3 changes on each entry and exit. */
  readonly #pti: boolean;

  constructor(ledger: Ledger, table: PageTable, pti: boolean) {
    this.#ledger = ledger;
    this.#table = table;
    this.#pti = pti;
  }

  systemCallEntry(): void {
    const ledger = this.#ledger;
    ledger.charge(P.cpu_syscall, 1);
    ledger.charge(P.cpu_swapgs, 1);
    if (this.#pti) this.#enterPageTables();
  }

  systemCallExit(): void {
    const ledger = this.#ledger;
    ledger.charge(P.cpu_swapgs, 1);
    ledger.charge(P.cpu_sysret, 1);
    if (this.#pti) this.#enterPageTables();
  }

  frameExit(): void {
    const ledger = this.#ledger;
    ledger.charge(P.cpu_swapgs, 1);
    ledger.charge(P.cpu_iretq, 1);
    if (this.#pti) this.#enterPageTables();
  }

  pageFault(_page: number, _write: boolean): boolean {
    const ledger = this.#ledger;
    ledger.charge(P.cpu_exception, 1);
    ledger.charge(P.cpu_swapgs, 1);
    ledger.charge(P.cpu_cr2_read, 1);
    if (this.#pti) this.#enterPageTables();
    return false;
  }

  kernelPageFault(_page: number): boolean {
    this.#ledger.charge(P.cpu_exception, 1);
    this.#ledger.charge(P.cpu_cr2_read, 1);
    return false;
  }

  kernelFaultExit(): void {
    this.#ledger.charge(P.cpu_iretq, 1);
  }

  enterLazyMmu(): void {}
  leaveLazyMmu(): void {}

  modifyPte(page: number, flags: number): void {
    this.#table.set(page, flags);
  }

  updatePte(page: number, flags: number): void {
    this.#table.set(page, flags);
  }

  setPte(page: number, flags: number): void {
    this.#table.set(page, flags);
  }

  clearAndFlushPte(page: number): void {
    this.#table.set(page, 0);
    this.#ledger.charge(P.linux_flush_range, 1);
    this.flushPages(1);
  }

  writePteInPlace(page: number, flags: number): void {
    this.#table.set(page, flags);
  }

  flushPages(pageCount: number): void {
    this.#ledger.charge(P.linux_flush_page, pageCount);
    this.#ledger.charge(P.cpu_invlpg, pageCount);
  }

  flushAll(): void {
    const ledger = this.#ledger;
    ledger.charge(P.linux_flush_all, 1);
    ledger.charge(P.cpu_cr3_read, 1);
    ledger.charge(P.cpu_cr3_write, 1);
  }

  /** On processors that do without PTI here (AMD's), loading an empty GS selector keeps its base: it is loaded twice. */
  switchThread(): void {
    const ledger = this.#ledger;
    ledger.charge(P.cpu_fxsave, 1);
    ledger.charge(P.cpu_fxrstor, 1);
    ledger.charge(P.cpu_wrmsr, 1);
    if (!this.#pti) ledger.charge(P.cpu_swapgs, 4);
  }

  switchPageTables(): void {
    this.#ledger.charge(P.cpu_cr3_write, 1);
  }

  driverHypercall(): void {
    throw new Error("bare hardware has no hypercalls");
  }

  #enterPageTables(): void {
    this.#ledger.charge(P.cpu_cr3_read, 1);
    this.#ledger.charge(P.cpu_cr3_write, 1);
  }
}
