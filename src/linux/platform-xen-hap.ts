import type { Ledger } from "../machine/ledger.ts";
import {
  type PageTable,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_PROT_NONE,
  PTE_SHARED,
  PTE_WRITABLE,
  PTE_ZERO_PAGE,
  WITHHELD_DIRTY,
  WITHHELD_WRITE,
} from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import { type HapHypervisor, REFILLS_AFTER_FLUSH } from "../xen/hap/hypervisor.ts";
import { NativePlatform, type PagingInstructions } from "./platform-native.ts";

const OPEN = PTE_PRESENT | PTE_WRITABLE;
const MAPPED = PTE_PRESENT | PTE_PROT_NONE;

/**
 * Linux in an HVM or PVH guest with hardware-assisted paging (EPT, NPT): system calls, faults, writes to page tables, INVLPG
 * and writes to CR3 are the guest's own and do not exit.
 *
 * What differs from bare hardware is the walk to a page, through the guest's tables and, for each of their entries, through
 * Xen's under them. A flush of everything is followed by some refills of the TLB, a flush of a page by one, and a fault comes
 * at the end of such a walk. An access is held against the guest's own entry first: where that refuses, the fault is the
 * guest's and Xen is not asked; where it allows, Xen's may still withhold the right to write, or its D bit may be clear.
 */
export class XenHapPlatform extends NativePlatform {
  readonly #ledger: Ledger;
  readonly #table: PageTable;
  readonly #xen: HapHypervisor;
  /** Called with each page whose D bit the processor sets in the guest's own tables, before it does. */
  #log: (page: number) => void = () => {};
  #onProcessSwitch: () => void = () => {};

  constructor(ledger: Ledger, table: PageTable, pti: boolean, xen: HapHypervisor) {
    super(ledger, table, pti, twoDimensional(ledger));
    this.#ledger = ledger;
    this.#table = table;
    this.#xen = xen;
  }

  /** From now on the processor tells of each D bit that it sets in the guest's own tables, and before it sets it. */
  logDirtyBits(log: (page: number) => void): void {
    this.#log = log;
  }

  /** From now on `action` is done whenever another process is switched to. */
  onProcessSwitch(action: () => void): void {
    this.#onProcessSwitch = action;
  }

  override switchPageTables(): void {
    super.switchPageTables();
    this.#onProcessSwitch();
  }

  override pageFault(page: number, write: boolean): boolean {
    return this.#violation(page, write) || super.pageFault(page, write);
  }

  override kernelPageFault(page: number): boolean {
    return this.#violation(page, true) || super.kernelPageFault(page);
  }

  emulateStores(page: number, stores: number, bytes: number): number {
    return this.#isClosed(page) ? this.#xen.emulateStores(this.#xen.frames.frameOf(page), stores, bytes) : 0;
  }

  override setDirty(page: number): void {
    if ((this.#table.flags[page] & PTE_DIRTY) === 0) {
      this.#log(page);
      super.setDirty(page);
    }
    if (this.#table.withheld[page] & WITHHELD_DIRTY) this.#xen.setDirtyBit(this.#xen.frames.frameOf(page));
  }

  frameOf(page: number): number {
    return this.#xen.frames.frameOf(page);
  }

  override driverHypercall(): void {
    this.#xen.hypercall();
    this.#ledger.charge(P.xen_version, 1);
  }

  /** A page that gets an entry gets a frame with it, one that loses it gives its frame back. */
  protected override writePtes(first: number, end: number, flags: number): void {
    const { frames } = this.#xen;
    const before = this.#table.flags[first];
    const takes = (flags & MAPPED) === 0;
    const gives = !takes && (before & MAPPED) === 0 && (flags & PTE_ZERO_PAGE) === 0;
    for (let page = first; takes && page < end; page++) frames.take(page, (before & PTE_SHARED) !== 0);
    for (let page = first; gives && page < end; page++) frames.give(page);
    super.writePtes(first, end, flags);
  }

  /** The walk's end: an exit where the guest's own entry allows what Xen's does not. */
  #violation(page: number, write: boolean): boolean {
    this.#ledger.charge(P.cpu_nested_walk, 1);
    if (!write || !this.#isClosed(page)) return false;
    this.#xen.violation(this.#xen.frames.frameOf(page));
    return true;
  }

  #isClosed(page: number): boolean {
    return (this.#table.flags[page] & OPEN) === OPEN && (this.#table.withheld[page] & WITHHELD_WRITE) !== 0;
  }
}

function twoDimensional(ledger: Ledger): PagingInstructions {
  return {
    readCr3: () => ledger.charge(P.cpu_cr3_read, 1),
    writeCr3() {
      ledger.charge(P.cpu_cr3_write, 1);
      ledger.charge(P.cpu_nested_walk, REFILLS_AFTER_FLUSH);
    },
    invlpg() {
      ledger.charge(P.cpu_invlpg, 1);
      ledger.charge(P.cpu_nested_walk, 1);
    },
  };
}
