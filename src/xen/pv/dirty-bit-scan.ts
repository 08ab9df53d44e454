import { PageBytes } from "../../machine/page-bytes.ts";
import { type PageTable, PTE_DIRTY, PTE_PRESENT, WINDOW_PAGES } from "../../machine/page-table.ts";
import { P } from "../../machine/primitives.ts";
import type { Gate, PageRange } from "../checkpoint-service.ts";
import { chargeScan, type DirtyBitScan } from "../dirty-bit-scan.ts";
import type { RequestChannel } from "../request-channel.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { L1Writes } from "./l1-observer.ts";

const REGISTERED = 1;
/** Another frame, or none, since the last scan: other bytes. */
const CHANGED = 2;
/** The D bit as the guest's kernel should find it is set. */
const GUEST_DIRTY = 4;
/** The bit that the process reads. */
const DIRTY = 8;

/**
 * Scans of the D bits in the guest's own L1 entries, which under PV are what the processor walks. Clearing a bit there takes
 * it from the guest's kernel, for which a set one means that a page must be written out before it may be dropped. Xen keeps a
 * copy, and puts it back when the guest writes the entry (as mmu_update does with MMU_PT_UPDATE_PRESERVE_AD) and when the page
 * is unregistered; in between the guest may read it as clear, which concerns nobody while the page is pinned.
 *
 * Xen sees the guest's kernel map another frame or none, and counts the page as dirty then.
 */
export class PvDirtyBitScan implements DirtyBitScan, L1Writes {
  readonly #xen: Hypervisor;
  readonly #table: PageTable;
  readonly #channel: RequestChannel;
  readonly #pages = new PageBytes(WINDOW_PAGES);
  readonly #state = this.#pages.bytes;
  /** How many pages are registered. */
  #registered = 0;

  constructor(xen: Hypervisor, table: PageTable, channel: RequestChannel) {
    this.#xen = xen;
    this.#table = table;
    this.#channel = channel;
    xen.onTableWrite(this);
  }

  get isIdle(): boolean {
    return this.#registered === 0;
  }

  register(gate: Gate, first: number, pageCount: number): void {
    this.#channel.request(gate, () => {
      this.#table.states.keep(this.#state);
      this.#xen.ledger.charge(P.xen_service_page, pageCount);
      for (let page = first, end = first + pageCount; page < end; page++) {
        if ((this.#state[page] & REGISTERED) === 0) this.#registered++;
        this.#state[page] = REGISTERED | CHANGED;
      }
    });
  }

  unregister(gate: Gate, first: number, pageCount: number): void {
    this.#channel.request(gate, () => {
      this.#chargeTables([{ first, pageCount }]);
      for (let page = first, end = first + pageCount; page < end; page++) {
        if (this.#state[page] & REGISTERED) this.#registered--;
        if (this.#state[page] & GUEST_DIRTY) this.#table.set(page, this.#table.flags[page] | PTE_DIRTY);
        this.#state[page] = 0;
      }
    });
  }

  scan(gate: Gate, ranges: readonly PageRange[]): void {
    this.#channel.request(gate, () => {
      const state = this.#state;
      const { flags } = this.#table;
      let cleared = 0;
      this.#chargeTables(ranges);
      for (const { first, pageCount } of ranges) {
        for (let page = first, end = first + pageCount; page < end; ) {
          const alike = this.#table.alikeWithUntil(this.#pages, page, end);
          const entry = flags[page];
          const dirty = (entry & PTE_DIRTY) !== 0;
          const found = dirty || (state[page] & CHANGED) !== 0;
          const bits = (found ? DIRTY : 0) | (dirty ? GUEST_DIRTY : 0);
          const after = (state[page] & ~(CHANGED | DIRTY)) | bits;
          if (after !== state[page]) this.#pages.fill(after, page, alike);
          if (dirty) {
            this.#table.setAll(page, alike, entry & ~PTE_DIRTY);
            cleared += alike - page;
          }
          page = alike;
        }
      }
      if (cleared === 1) this.#xen.flushPage();
      else if (cleared > 1) this.#xen.flushAll();
    });
  }

  dirtyPages(ranges: readonly PageRange[]): Uint32Array {
    return this.#pages.pagesWith(DIRTY, ranges);
  }

  guestWrites(page: number, flags: number): number {
    const state = this.#state[page];
    if ((state & REGISTERED) === 0) return flags;
    const kept = flags !== 0 && (state & GUEST_DIRTY) !== 0 ? PTE_DIRTY : 0;
    const changed = (this.#table.flags[page] & flags & PTE_PRESENT) === 0 ? CHANGED : 0;
    this.#state[page] = (state & ~GUEST_DIRTY) | changed;
    return flags | kept;
  }

  #chargeTables(ranges: readonly PageRange[]): void {
    chargeScan(this.#xen.ledger, ranges);
  }
}
