import { PageBytes } from "../machine/page-bytes.ts";
import { PTE_DIRTY, PTE_PRESENT, PTE_WRITABLE, WINDOW_PAGES } from "../machine/page-table.ts";
import { PmlBuffer } from "../machine/pml-buffer.ts";
import { P } from "../machine/primitives.ts";
import type { PageRange } from "../xen/checkpoint-service.ts";
import type { PageLog } from "../xen/page-log.ts";
import type { Kernel } from "./kernel.ts";
import type { XenHapPlatform } from "./platform-xen-hap.ts";

const OPEN = PTE_PRESENT | PTE_WRITABLE;

/**
 * EPML of OoH (Bitchebe and Tchana, SC 2022): a processor that does not exist. It has a second log, the guest's own, and writes
 * to it the virtual address of each page whose D bit it sets in the guest's tables. The guest's kernel starts, stops and empties
 * it by VMREAD and VMWRITE of a shadow VMCS; when it is full, the processor posts an interrupt to the guest instead of exiting.
 *
 * The driver of this class belongs to the guest's kernel. It arms a page by clearing the D bit of its entry, after it has noted
 * it for the kernel (as a page that is dirty), and flushes. That the guest's D bits are what is logged is our reading of "the
 * guest's log holds virtual addresses"; the paper's text is not available to us. A kernel sets the D bit itself in entries
 * that it makes, which no processor logs: so pages are there for writing when they are registered.
 */
export class GuestLog implements PageLog {
  readonly #kernel: Kernel;
  readonly #armed = new PageBytes(WINDOW_PAGES).bytes;
  readonly #buffer = new PmlBuffer();
  #ring: number[] = [];
  #logging = false;
  #paused = false;

  constructor(kernel: Kernel, platform: XenHapPlatform) {
    this.#kernel = kernel;
    platform.logDirtyBits((page) => this.#log(page));
  }

  register(first: number, pageCount: number): void {
    this.#call(() => {
      const { flags } = this.#kernel.table;
      for (let page = first, end = first + pageCount; page < end; page++) {
        if ((flags[page] & OPEN) !== OPEN) throw new Error(`page ${page} has to be written to before it is registered`);
      }
    });
  }

  unregister(first: number, pageCount: number): void {
    this.#call(() => {
      if (this.#logging) this.#empty();
      this.#armed.fill(0, first, first + pageCount);
    });
  }

  start(ranges: readonly PageRange[]): void {
    this.#call(() => {
      const { ledger, memory, platform, table } = this.#kernel;
      for (const { first, pageCount } of ranges) {
        let start = -1;
        let end = -1;
        for (let page = first; page < first + pageCount; page++) {
          if (this.#armed[page] === 1) continue;
          this.#armed[page] = 1;
          ledger.charge(P.linux_epml_pte, 1);
          platform.modifyPtes(page, page + 1, table.flags[page] & ~PTE_DIRTY);
          if (start < 0) start = page;
          end = page + 1;
        }
        if (start >= 0) memory.flush(start, end);
      }
      this.#switch(true);
    });
  }

  stop(): void {
    this.#call(() => {
      if (!this.#logging) return;
      this.#empty();
      this.#switch(false);
    });
  }

  take(): number[] {
    const ring = this.#ring;
    this.#ring = [];
    return ring;
  }

  /** The kernel goes on with another process, or with this one again. */
  processSwitched(): void {
    if (!this.#logging && !this.#paused) return;
    this.#kernel.ledger.charge(P.linux_log_switch, 1);
    this.#paused = this.#logging;
    if (this.#paused) this.#empty();
    this.#switch(!this.#paused);
  }

  #log(page: number): void {
    if (!this.#logging) return;
    this.#kernel.table.states.once();
    if (this.#buffer.isFull) this.#interrupt();
    this.#buffer.push(page);
  }

  /** Posted to the processor that the guest runs on: delivered without an exit, on the stack of whoever runs. */
  #interrupt(): void {
    const { ledger } = this.#kernel;
    ledger.charge(P.cpu_interrupt, 1);
    ledger.charge(P.linux_epml_interrupt, 1);
    this.#empty();
    ledger.charge(P.cpu_iretq, 1);
  }

  #empty(): void {
    const { ledger } = this.#kernel;
    const pages = this.#buffer.drain();
    ledger.charge(P.cpu_vmread, 1);
    if (pages.length === 0) return;
    ledger.charge(P.linux_epml_entry, pages.length);
    for (const page of pages) {
      // Pages that were taken out again are logged until their D bit is set.
      if (this.#armed[page] === 0) continue;
      this.#armed[page] = 0;
      this.#ring.push(page);
    }
    ledger.charge(P.cpu_vmwrite, 1);
  }

  #switch(logging: boolean): void {
    this.#logging = logging;
    this.#kernel.ledger.charge(P.cpu_vmwrite, 1);
  }

  /** The process's way into the driver and back. */
  #call(body: () => void): void {
    const kernel = this.#kernel;
    kernel.enter();
    kernel.ledger.charge(P.linux_ioctl, 1);
    kernel.ledger.charge(P.linux_epml, 1);
    body();
    kernel.leave();
  }
}
