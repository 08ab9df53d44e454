import type { Ledger } from "../machine/ledger.ts";
import { type PageTable, PTE_DIRTY, PTE_SOFT_DIRTY } from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import { GuestError } from "./guest-process.ts";
import type { PageTablePages } from "./page-table-pages.ts";
import type { Platform } from "./platform.ts";

/** The privileged instructions about page tables: what a hypervisor wants to see when the guest's tables are not the processor's. */
export interface PagingInstructions {
  readCr3(): void;
  writeCr3(): void;
  invlpg(page: number): void;
}

/** Linux where every operation is the processor's own: on bare hardware, and under a hypervisor as far as that lets it. */
export class NativePlatform implements Platform {
  readonly flushesSoftwareBits = false;
  readonly #ledger: Ledger;
  readonly #table: PageTable;
  /** Page-table isolation: CR3 changes on each entry and exit. */
  readonly #pti: boolean;
  readonly #paging: PagingInstructions;
  readonly #isBare: boolean;

  /** @param paging left out on bare hardware, where the processor does them and nobody looks */
  constructor(ledger: Ledger, table: PageTable, pti: boolean, paging?: PagingInstructions) {
    this.#ledger = ledger;
    this.#table = table;
    this.#pti = pti;
    this.#paging = paging ?? bareInstructions(ledger);
    this.#isBare = paging === undefined;
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
    this.#ledger.charge(P.cpu_exception, 1);
    this.enterKernel();
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

  setDirty(page: number): void {
    setDirtyBit(this.#ledger, this.#table, page);
  }

  enterLazyMmu(): void {}
  leaveLazyMmu(): void {}

  modifyPtes(first: number, end: number, flags: number): void {
    this.writePtes(first, end, flags);
  }

  updatePtes(first: number, end: number, flags: number): void {
    this.writePtes(first, end, flags);
  }

  setPte(page: number, flags: number): void {
    this.writePtes(page, page + 1, flags);
  }

  clearAndFlushPte(page: number): void {
    this.writePtes(page, page + 1, 0);
    this.#ledger.charge(P.linux_flush_range, 1);
    this.flushPages(page, 1);
  }

  zapPte(page: number): void {
    this.writePtes(page, page + 1, 0);
  }

  writePtesInPlace(first: number, end: number, flags: number): void {
    this.writePtes(first, end, flags);
  }

  forked(table: PageTable): Platform {
    if (!this.#isBare) {
      throw new GuestError("fork", "ENOSYS", "a second process is simulated on bare hardware and under Xen PV only");
    }
    return new NativePlatform(this.#ledger, table, this.#pti);
  }

  addPtes(first: number, end: number, flags: number): void {
    this.writePtes(first, end, flags);
  }

  activatePageTables(_pages: PageTablePages): void {}

  /** A flush of page tables that the processor only still has loaded (lazy TLB) makes it load the kernel's. */
  retirePageTables(_pages: PageTablePages): void {
    this.#ledger.charge(P.linux_switch_mm, 1);
    this.switchPageTables();
  }

  zapRetiredPtes(first: number, end: number): void {
    this.writePtes(first, end, 0);
  }

  /** load_gs_index, whose base the kernel's own must not replace. */
  dropSegments(): void {
    this.#ledger.charge(P.cpu_swapgs, 2);
  }

  flushPages(first: number, pageCount: number): void {
    this.#ledger.charge(P.linux_flush_page, pageCount);
    for (let page = first; page < first + pageCount; page++) this.#paging.invlpg(page);
  }

  flushAll(): void {
    this.#ledger.charge(P.linux_flush_all, 1);
    this.#enterPageTables();
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
    this.#paging.writeCr3();
  }

  driverHypercall(): void {
    throw new Error("bare hardware has no hypercalls");
  }

  /** After a fault of user mode was delivered. */
  protected enterKernel(): void {
    this.#ledger.charge(P.cpu_swapgs, 1);
    this.#ledger.charge(P.cpu_cr2_read, 1);
    if (this.#pti) this.#enterPageTables();
  }

  /** The kernel stores L1 entries of the process, which are alike and in one page-table page. */
  protected writePtes(first: number, end: number, flags: number): void {
    this.#table.setAll(first, end, flags);
  }

  #enterPageTables(): void {
    this.#paging.readCr3();
    this.#paging.writeCr3();
  }
}

/** Nobody looks: the processor does them. */
function bareInstructions(ledger: Ledger): PagingInstructions {
  return {
    readCr3: () => ledger.charge(P.cpu_cr3_read, 1),
    writeCr3: () => ledger.charge(P.cpu_cr3_write, 1),
    invlpg: () => ledger.charge(P.cpu_invlpg, 1),
  };
}

/** The processor sets the D bit of the guest's own entry. */
export function setDirtyBit(ledger: Ledger, table: PageTable, page: number): void {
  ledger.charge(P.cpu_dirty_assist, 1);
  table.set(page, table.flags[page] | PTE_DIRTY | PTE_SOFT_DIRTY);
}
