import type { Ledger } from "../machine/ledger.ts";
import { P } from "../machine/primitives.ts";
import type { Hypervisor } from "../xen/pv/hypervisor.ts";
import { Pinning, TablePage } from "../xen/pv/pinning.ts";
import { countOf, type PageTablePages } from "./page-table-pages.ts";

/** Hypercalls that Linux collects into one multicall at most (arch/x86/xen/multicalls.c). */
const BATCH_CALLS = 32;
/** The top page of the kernel's and of the user's page tables, which 64-bit PV keeps apart. */
const TOPS = 2;

/**
 * xen_pgd_pin: the kernel's own mapping of each page-table page becomes read-only, and Xen is asked to take it for a
 * page-table page: those of the last level one by one, all others with the two top ones that they hang from.
 * Order of steps: __xen_pgd_pin and __xen_pgd_walk in arch/x86/xen/mmu_pv.c.
 */
export function pinPageTables(ledger: Ledger, xen: Hypervisor, pages: PageTablePages): void {
  const pinning = new Pinning(xen);
  const calls = new Multicalls(xen);
  for (let above = pages.pmd + pages.pud; above > 0; above--) {
    const page = new TablePage();
    calls.updateVaMapping(() => pinning.close(page, false));
  }
  for (let last = pages.pte; last > 0; last--) {
    const page = new TablePage();
    calls.updateVaMapping(() => pinning.close(page, false));
    calls.mmuextOp(() => pinning.pin(page));
  }
  for (let top = 0; top < TOPS; top++) {
    const page = new TablePage();
    calls.updateVaMapping(() => pinning.close(page, true));
    calls.mmuextOp(() => pinning.pin(page));
  }
  calls.flush();
  chargeWalk(ledger, pages);
  ledger.charge(P.xen_pin_table, countOf(pages) + TOPS);
  ledger.charge(P.xen_pin_entry, pages.entries);
  xen.pin(true);
}

/** xen_pgd_unpin: the other way round, the top ones first. */
export function unpinPageTables(ledger: Ledger, xen: Hypervisor, pages: PageTablePages): void {
  const pinning = new Pinning(xen);
  const calls = new Multicalls(xen);
  const kernelTop = new TablePage();
  const userTop = new TablePage();
  const above = Array.from({ length: pages.pmd + pages.pud }, () => new TablePage());
  // Two operations in a row are one mmuext_op.
  calls.mmuextOp(() => {
    pinning.unpin(kernelTop);
    pinning.unpin(userTop);
    for (const page of above) pinning.unpin(page);
  });
  calls.updateVaMapping(() => pinning.open(userTop, true));
  for (const page of above) calls.updateVaMapping(() => pinning.open(page, false));
  for (let last = pages.pte; last > 0; last--) {
    const page = new TablePage();
    calls.mmuextOp(() => pinning.unpin(page));
    calls.updateVaMapping(() => pinning.open(page, false));
  }
  calls.updateVaMapping(() => pinning.open(kernelTop, true));
  calls.flush();
  chargeWalk(ledger, pages);
  ledger.charge(P.xen_unpin_table, countOf(pages) + TOPS);
  ledger.charge(P.xen_unpin_entry, pages.entries);
  xen.pin(false);
}

function chargeWalk(ledger: Ledger, pages: PageTablePages): void {
  ledger.charge(P.linux_xen_pin, countOf(pages) + TOPS);
  ledger.charge(P.linux_xen_pin_walk, pages.pmd + pages.pud);
}

interface Call {
  /** What it is counted as when it is made by itself, and in a multicall. */
  readonly alone: number;
  readonly collected: number;
  readonly make: () => void;
}

/** Hypercalls collected until there are too many, or until they are wanted; one alone is made directly. */
class Multicalls {
  readonly #xen: Hypervisor;
  #waiting: Call[] = [];

  constructor(xen: Hypervisor) {
    this.#xen = xen;
  }

  updateVaMapping(make: () => void): void {
    this.#add({ alone: P.xen_update_va_mapping, collected: P.xen_update_va_mapping, make });
  }

  mmuextOp(make: () => void): void {
    this.#add({ alone: P.xen_mmuext_op, collected: P.xen_multicall_mmuext_op, make });
  }

  flush(): void {
    const calls = this.#waiting;
    this.#waiting = [];
    if (calls.length === 0) return;
    const { ledger } = this.#xen;
    const isMulticall = calls.length > 1;
    this.#xen.hypercall();
    if (isMulticall) {
      ledger.charge(P.xen_multicall, 1);
      ledger.charge(P.xen_multicall_entry, calls.length);
    }
    for (const { alone, collected, make } of calls) {
      ledger.charge(isMulticall ? collected : alone, 1);
      make();
    }
  }

  #add(call: Call): void {
    if (this.#waiting.length === BATCH_CALLS) this.flush();
    this.#waiting.push(call);
  }
}
