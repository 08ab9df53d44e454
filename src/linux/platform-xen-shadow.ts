import type { Ledger } from "../machine/ledger.ts";
import type { PageTable } from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import type { ShadowHypervisor } from "../xen/shadow/hypervisor.ts";
import { NativePlatform } from "./platform-native.ts";

/**
 * Linux in an HVM guest with shadow page tables: it runs the code that it runs on bare hardware, and system calls and returns
 * are the processor's. Its page faults come to Xen first, and so do its flushes and the first store to a page-table page that
 * Xen holds in sync.
 */
export class XenShadowPlatform extends NativePlatform {
  readonly #ledger: Ledger;
  readonly #xen: ShadowHypervisor;

  constructor(ledger: Ledger, table: PageTable, pti: boolean, xen: ShadowHypervisor) {
    super(ledger, table, pti, xen);
    this.#ledger = ledger;
    this.#xen = xen;
  }

  override pageFault(page: number, write: boolean): boolean {
    if (this.#xen.pageFault(page, write)) return true;
    this.enterKernel();
    return false;
  }

  override kernelPageFault(page: number): boolean {
    if (this.#xen.pageFault(page, true)) return true;
    this.#ledger.charge(P.cpu_cr2_read, 1);
    return false;
  }

  emulateStores(page: number, stores: number, bytes: number): number {
    return this.#xen.emulateStores(page, stores, bytes);
  }

  isNewFrame(page: number): boolean {
    return this.#xen.tables.isNewFrame(page);
  }

  /** The processor sets the D bit of the shadow entry; the guest's was set when that was made. */
  override setDirty(page: number): void {
    this.#ledger.charge(P.cpu_dirty_assist, 1);
    this.#xen.tables.setDirty(page);
  }

  protected override writePtes(first: number, end: number, flags: number): void {
    this.#xen.writeEntries(first, end, flags);
  }
}
