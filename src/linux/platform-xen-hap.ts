import type { Ledger } from "../machine/ledger.ts";
import type { PageTable } from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import { NativePlatform, type PagingInstructions } from "./platform-native.ts";

/**
 * Pages that the TLB is refilled with after a whole flush before the processor is back at what it was doing. The price of
 * `cpu.cr3_write` contains as many refills of one dimension.
 */
export const REFILLS_AFTER_FLUSH = 8;

/**
 * Linux in an HVM or PVH guest with hardware-assisted paging (EPT, NPT): system calls, faults, writes to page tables, INVLPG
 * and writes to CR3 are the guest's own and do not exit. What differs from bare hardware is the TLB's refill, which walks
 * through the guest's tables and, for each of their entries, through Xen's under them. A flush of everything is followed by
 * some refills, a flush of a page by one, and a fault comes at the end of such a walk.
 */
export class XenHapPlatform extends NativePlatform {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger, table: PageTable, pti: boolean) {
    super(ledger, table, pti, twoDimensional(ledger));
    this.#ledger = ledger;
  }

  override pageFault(page: number, write: boolean): boolean {
    this.#ledger.charge(P.cpu_nested_walk, 1);
    return super.pageFault(page, write);
  }

  override kernelPageFault(page: number): boolean {
    this.#ledger.charge(P.cpu_nested_walk, 1);
    return super.kernelPageFault(page);
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
