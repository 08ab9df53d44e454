import { NONE } from "../../machine/guest-frames.ts";
import type { Ledger } from "../../machine/ledger.ts";
import { PageBytes } from "../../machine/page-bytes.ts";
import type { PageStates } from "../../machine/page-states.ts";
import { type PageTable, WINDOW_PAGES, WITHHELD_DIRTY } from "../../machine/page-table.ts";
import { PmlBuffer } from "../../machine/pml-buffer.ts";
import { P } from "../../machine/primitives.ts";
import type { PageRange } from "../checkpoint-service.ts";
import type { PageLog } from "../page-log.ts";
import type { RequestChannel } from "../request-channel.ts";
import { EntryRun } from "./entry-run.ts";
import type { HapHypervisor } from "./hypervisor.ts";
import { RegisteredFrames } from "./registered-frames.ts";

/**
 * Xen's page-modification log (PML: Intel, since Broadwell) for one process of the guest, SPML in OoH (Bitchebe and Tchana,
 * SC 2022). The process reaches it through a driver of its kernel, which also stops it while another process runs.
 *
 * A registered page whose next write is to be logged has its frame's entry as a log-dirty guest's frames have it: writable,
 * with a clear D bit (ept_p2m_type_to_flags). The processor sets the bit at a store and logs the frame. When the log is full,
 * and when logging stops, Xen empties it as vmx_vcpu_flush_pml_buffer does, which gives each logged frame its ordinary type
 * back; here it also puts the frame into a ring that the guest reads. The ring has room for every registered page, and no page
 * is logged twice before it is armed again: it cannot overflow.
 */
export class HapPageLog implements PageLog {
  readonly #ledger: Ledger;
  readonly #states: PageStates;
  readonly #xen: HapHypervisor;
  readonly #channel: RequestChannel;
  readonly #registered: RegisteredFrames;
  readonly #run: EntryRun;
  /** 1 where the entry of the page's frame is as for a log-dirty guest. */
  readonly #armed = new PageBytes(WINDOW_PAGES).bytes;
  readonly #buffer = new PmlBuffer();
  #ring: number[] = [];
  #logging = false;
  /** Another process runs, and logging goes on when this one runs again. */
  #paused = false;

  constructor(xen: HapHypervisor, table: PageTable, channel: RequestChannel) {
    this.#ledger = xen.ledger;
    this.#states = table.states;
    this.#xen = xen;
    this.#channel = channel;
    this.#registered = new RegisteredFrames(xen.ledger, table, xen.frames);
    this.#run = new EntryRun(xen.ledger, xen.frames, P.xen_p2m_run_entry);
    xen.logDirtyBits((frame) => this.#log(frame));
  }

  register(first: number, pageCount: number): void {
    this.#channel.request("privcmd", () => this.#registered.add(first, pageCount));
  }

  unregister(first: number, pageCount: number): void {
    this.#channel.request("privcmd", () => {
      // Entries of the log that are not in the ring yet may be of these pages.
      if (this.#logging) this.#empty();
      let changed = false;
      for (let page = first, end = first + pageCount; page < end; page++) {
        if (this.#armed[page] === 1) {
          changed = this.#run.change(this.#registered.frameOf(page), WITHHELD_DIRTY, false) || changed;
        }
        this.#armed[page] = 0;
        this.#registered.remove(page);
      }
      this.#run.end();
      if (changed) this.#xen.sync();
    });
  }

  start(ranges: readonly PageRange[]): void {
    this.#channel.request("privcmd", () => {
      let changed = false;
      for (const { first, pageCount } of ranges) {
        for (let page = first, end = first + pageCount; page < end; page++) {
          if (this.#armed[page] === 1) continue;
          this.#armed[page] = 1;
          changed = this.#run.change(this.#registered.frameOf(page), WITHHELD_DIRTY, true) || changed;
        }
      }
      this.#run.end();
      if (changed) this.#xen.sync();
      this.#switch(true);
    });
  }

  stop(): void {
    this.#channel.request("privcmd", () => {
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

  /** The guest's kernel goes on with another process, or with this one again: its driver stops the log, or starts it. */
  processSwitched(): void {
    if (!this.#logging && !this.#paused) return;
    this.#ledger.charge(P.linux_log_switch, 1);
    this.#xen.hypercall();
    this.#paused = this.#logging;
    if (this.#paused) this.#empty();
    this.#switch(!this.#paused);
  }

  #log(frame: number): void {
    if (!this.#logging) return;
    this.#states.once();
    if (this.#buffer.isFull) this.#xen.logFull(() => this.#empty());
    this.#buffer.push(frame);
  }

  #empty(): void {
    const frames = this.#buffer.drain();
    this.#ledger.charge(P.xen_pml_flush, 1);
    this.#ledger.charge(P.xen_cpu_vmread, 1);
    if (frames.length === 0) return;
    this.#ledger.charge(P.xen_pml_entry, frames.length);
    this.#ledger.charge(P.xen_p2m_entry, frames.length);
    for (const frame of frames) {
      const page = this.#registered.pageOf(frame);
      if (page === NONE) continue;
      this.#armed[page] = 0;
      this.#ring.push(frame);
    }
    this.#ledger.charge(P.xen_cpu_vmwrite, 1);
    // Every change of type asks for a flush; there is one, when the guest is entered again.
    this.#xen.sync(frames.length);
  }

  #switch(logging: boolean): void {
    this.#logging = logging;
    this.#ledger.charge(P.xen_pml_switch, 1);
    this.#ledger.charge(P.xen_cpu_vmwrite, 1);
  }
}
