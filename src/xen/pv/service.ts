import type { Ledger } from "../../machine/ledger.ts";
import { PageBytes } from "../../machine/page-bytes.ts";
import { type PageTable, PTE_PRESENT, PTE_WRITABLE, WINDOW_PAGES } from "../../machine/page-table.ts";
import { P } from "../../machine/primitives.ts";
import { ProtectionService } from "../protection-service.ts";
import type { RequestChannel } from "../request-channel.ts";
import type { Hypervisor } from "./hypervisor.ts";
import type { L1Observer } from "./l1-observer.ts";

const OPEN = PTE_PRESENT | PTE_WRITABLE;

/**
 * The checkpoint service of a PV guest, composed of steps that Xen has: the
 * entry of an exception or a hypercall, the walk to an L1 entry and its change with the type counts that go with it, one
 * flush.
 *
 * The guest's kernel is not changed and not told. It reads its L1 entries itself, so it sees a protected page as
 * read-only; Linux keeps rights in VMAs and takes such an entry for a page that it has not made writable yet. When it
 * writes an entry of a protected page, Xen notes what the guest wants and keeps the page closed; when it maps another
 * frame there or none, the content has changed and the page counts as dirty. A fault on a page that the guest itself wants
 * closed is the guest's.
 *
 * A write that is to be emulated takes the way of a write to a page table (pv_ro_page_fault, ro-page-fault.c): the
 * instruction is fetched from the guest and decoded, its store is done through a mapping of Xen's own, and the guest's RIP
 * moves behind it. What ptwr_emulated_update does for a page table's sake, the validation of the new entry, falls away; the
 * log's bits and count come on top. A store into two pages is two writes, each of its part. String instructions are emulated
 * up to the page's end at once, as hvmemul_rep_movs does for HVM (Xen has no such operation for PV: each turn would fault).
 */
export class XenCheckpointService extends ProtectionService implements L1Observer {
  readonly #xen: Hypervisor;
  readonly #table: PageTable;
  /** Protected pages that the guest's kernel itself wants writable. */
  readonly #guestOpens = new PageBytes(WINDOW_PAGES).bytes;

  constructor(ledger: Ledger, xen: Hypervisor, table: PageTable, channel: RequestChannel) {
    super(ledger, table.states, channel);
    this.#xen = xen;
    this.#table = table;
  }

  protected override declare(first: number, pageCount: number): void {
    super.declare(first, pageCount);
    this.#table.states.keep(this.#guestOpens);
  }

  guestWrites(page: number, flags: number): number {
    const before = this.#table.flags[page];
    if ((before & flags & PTE_PRESENT) === 0) {
      this.replaced(page);
      this.#guestOpens[page] = 0;
      return flags;
    }
    if (!this.isProtected(page)) return flags;
    this.#guestOpens[page] = flags & PTE_WRITABLE ? 1 : 0;
    return flags & ~PTE_WRITABLE;
  }

  fault(page: number, write: boolean): boolean {
    // A request that Xen has just read in the shared page, on this entry, may have opened it.
    if (write && (this.#table.flags[page] & OPEN) === OPEN) return true;
    if (!this.lookUp(page, write)) return false;
    this.written(page);
    this.ledger.charge(P.xen_mmu_update_write, 1);
    this.open(page);
    this.#xen.flushPage();
    return true;
  }

  protected override close(page: number): boolean {
    const entry = this.#table.flags[page];
    if ((entry & OPEN) !== OPEN) return false;
    this.#table.set(page, entry & ~PTE_WRITABLE);
    this.#guestOpens[page] = 1;
    return true;
  }

  protected override open(page: number): boolean {
    if (this.#guestOpens[page] === 0) return false;
    this.#guestOpens[page] = 0;
    this.#table.set(page, this.#table.flags[page] | PTE_WRITABLE);
    return true;
  }

  protected override guestOpens(page: number): boolean {
    return this.#guestOpens[page] !== 0;
  }

  protected override flush(changed: number): void {
    if (changed === 1) this.#xen.flushPage();
    else this.#xen.flushAll();
  }
}
