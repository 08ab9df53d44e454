import type { Hypervisor } from "./hypervisor.ts";

/** A frame that is, or will be, a page-table page. */
export class TablePage {
  /** Flushes that there had been when it was last of some type; -1 when that was long ago. */
  droppedAt = -1;
}

/**
 * Types of frames as Xen keeps them: a frame is a page table or may be written, never both. A frame that takes on another type
 * may still be in the TLB as what it was, unless there was a flush since it stopped being that.
 * Order of steps: _get_page_type in xen/arch/x86/mm.c, do_update_va_mapping.
 */
export class Pinning {
  readonly #xen: Hypervisor;
  #flushes = 0;

  constructor(xen: Hypervisor) {
    this.#xen = xen;
  }

  /** update_va_mapping to read-only. @param flushes UVMF_TLB_FLUSH */
  close(page: TablePage, flushes: boolean): void {
    page.droppedAt = this.#flushes;
    if (flushes) this.#flush();
  }

  /** update_va_mapping to writable. */
  open(page: TablePage, flushes: boolean): void {
    this.#changeType(page);
    if (flushes) this.#flush();
  }

  /** MMUEXT_PIN_L1_TABLE and the others. */
  pin(page: TablePage): void {
    this.#changeType(page);
  }

  /** MMUEXT_UNPIN_TABLE. */
  unpin(page: TablePage): void {
    page.droppedAt = this.#flushes;
  }

  #changeType(page: TablePage): void {
    if (page.droppedAt === this.#flushes) this.#flush();
  }

  #flush(): void {
    this.#flushes++;
    this.#xen.flushAll();
  }
}
