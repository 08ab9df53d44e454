import { PageBytes } from "../../machine/page-bytes.ts";
import { type PageTable, WINDOW_PAGES, WITHHELD_DIRTY } from "../../machine/page-table.ts";
import { P } from "../../machine/primitives.ts";
import type { Gate, PageRange } from "../checkpoint-service.ts";
import type { DirtyBitScan } from "../dirty-bit-scan.ts";
import type { RequestChannel } from "../request-channel.ts";
import { EntryRun } from "./entry-run.ts";
import type { HapHypervisor } from "./hypervisor.ts";
import { RegisteredFrames } from "./registered-frames.ts";

/**
 * Scans of the D bits of the second table (Intel: EPT with A and D flags, since Haswell; AMD: nested page tables, always).
 * The processor sets the bit when a store, of user mode or of the kernel, finds it clear. Entries are gone to by the frames
 * that the pages had when they were registered, each page-table page of the second table mapped when the frames change to it.
 */
export class HapDirtyBitScan implements DirtyBitScan {
  readonly tracksFrames = true;
  readonly #xen: HapHypervisor;
  readonly #channel: RequestChannel;
  readonly #registered: RegisteredFrames;
  readonly #run: EntryRun;
  readonly #pages = new PageBytes(WINDOW_PAGES);
  readonly #bitmap = this.#pages.bytes;

  constructor(xen: HapHypervisor, table: PageTable, channel: RequestChannel) {
    this.#xen = xen;
    this.#channel = channel;
    this.#registered = new RegisteredFrames(xen.ledger, table, xen.frames);
    this.#run = new EntryRun(xen.ledger, xen.frames, P.xen_dirty_entry);
  }

  register(gate: Gate, first: number, pageCount: number): void {
    this.#channel.request(gate, () => this.#registered.add(first, pageCount));
  }

  unregister(gate: Gate, first: number, pageCount: number): void {
    this.#channel.request(gate, () => {
      for (let page = first, end = first + pageCount; page < end; page++) {
        // A clear D bit that nobody reads any more costs the next store its setting, and no more.
        this.#registered.remove(page);
        this.#bitmap[page] = 0;
      }
    });
  }

  scan(gate: Gate, ranges: readonly PageRange[]): void {
    this.#channel.request(gate, () => {
      let found = false;
      for (const { first, pageCount } of ranges) {
        for (let page = first, end = first + pageCount; page < end; page++) {
          const dirty = this.#run.change(this.#registered.frameOf(page), WITHHELD_DIRTY, true);
          this.#bitmap[page] = dirty ? 1 : 0;
          found ||= dirty;
        }
      }
      this.#run.end();
      if (found) this.#xen.sync();
    });
  }

  dirtyPages(ranges: readonly PageRange[]): Uint32Array {
    return this.#pages.pagesWith(1, ranges);
  }
}
