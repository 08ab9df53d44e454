import { NONE } from "../../machine/guest-frames.ts";
import { type PageTable, WITHHELD_WRITE } from "../../machine/page-table.ts";
import { P } from "../../machine/primitives.ts";
import { ProtectionService } from "../protection-service.ts";
import type { RequestChannel } from "../request-channel.ts";
import { EntryRun } from "./entry-run.ts";
import type { FrameObserver } from "./frame-observer.ts";
import type { HapHypervisor } from "./hypervisor.ts";
import { RegisteredFrames } from "./registered-frames.ts";

/**
 * The checkpoint service of a guest in hardware-assisted paging. Pages are closed in the second table, whose entries belong
 * to frames: the guest's own entries stay as they are, and neither its kernel nor its other processes can tell. A write of
 * user mode or of the kernel to a closed frame exits as an EPT violation; Xen sets the page's bit, gives the frame its rights
 * back as for any frame of a log-dirty guest (p2m_change_type_one, which flushes by INVEPT), and the write is tried again.
 *
 * What the guest does to its own tables does not exit. A page that is not there yet, maps the page of zeros or is shared after
 * a fork gets another frame at its first write, and Xen would watch the old one: so pages are registered only when they can
 * be written (`RegisteredFrames`), and whoever registers them writes to them first.
 *
 * A write that is to be emulated takes the way of writes to emulated devices (hvm_emulate_one).
 */
export class HapCheckpointService extends ProtectionService implements FrameObserver {
  readonly tracksFrames = true;
  readonly #xen: HapHypervisor;
  readonly #registered: RegisteredFrames;
  readonly #run: EntryRun;

  constructor(xen: HapHypervisor, table: PageTable, channel: RequestChannel) {
    super(xen.ledger, table.states, channel);
    this.#xen = xen;
    this.#registered = new RegisteredFrames(xen.ledger, table, xen.frames);
    this.#run = new EntryRun(xen.ledger, xen.frames, P.xen_p2m_run_entry);
  }

  write(frame: number): void {
    const { frames } = this.#xen;
    const page = this.#registered.pageOf(frame);
    if (page === NONE || !this.lookUp(page, true)) throw new Error(`nobody protects frame ${frame}, and it is closed`);
    this.markDirty(page);
    this.ledger.charge(P.xen_p2m_entry, 1);
    frames.withhold(frame, frames.withheldOf(frame) & ~WITHHELD_WRITE);
    this.flush();
  }

  emulatedIn(frame: number, stores: number): number {
    const page = this.#registered.pageOf(frame);
    return page === NONE ? 0 : this.emulatedOf(page, stores);
  }

  emulateIn(frame: number, stores: number, bytes: number): void {
    const page = this.#registered.pageOf(frame);
    if (page === NONE) return;
    this.ledger.charge(P.xen_hvm_emulate, stores);
    this.emulate(page, stores, bytes);
  }

  protected override declare(first: number, pageCount: number): void {
    this.#registered.add(first, pageCount);
  }

  protected override forget(first: number, pageCount: number): void {
    for (let page = first; page < first + pageCount; page++) this.#registered.remove(page);
  }

  protected override close(page: number): boolean {
    return this.#run.change(this.#registered.frameOf(page), WITHHELD_WRITE, true);
  }

  protected override open(page: number): boolean {
    return this.#run.change(this.#registered.frameOf(page), WITHHELD_WRITE, false);
  }

  /** The guest's own entry is held against a write before Xen's is. */
  protected override guestOpens(): boolean {
    return true;
  }

  protected override flush(): void {
    this.#xen.sync();
  }

  protected override chargePages(): void {
    this.#run.end();
  }
}
