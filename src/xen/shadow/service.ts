import type { Ledger } from "../../machine/ledger.ts";
import { type PageTable, PTE_PRESENT, PTE_WRITABLE } from "../../machine/page-table.ts";
import { ProtectionService } from "../protection-service.ts";
import type { RequestChannel } from "../request-channel.ts";
import type { ShadowObserver } from "./shadow-observer.ts";
import type { ShadowTables } from "./shadow-tables.ts";

const OPEN = PTE_PRESENT | PTE_WRITABLE;

/**
 * The checkpoint service of an HVM guest with shadow page tables, composed of steps that Xen has: the walk to a shadow entry
 * and its change with the type counts that go with it, one flush.
 *
 * A page is closed in its shadow entry; the guest's own entry stays as the guest wrote it, and the guest never sees that
 * anything is closed. A page whose shadow entry is absent needs nothing: when that is made, this service is asked. A write
 * that the guest's own entry allows comes to Xen as a shadow fault, as any other does. When Xen finds that the guest maps
 * another frame under a registered page or none, which it learns at the guest's flush or at the next fault on the page, the
 * content has changed and the page counts as dirty.
 *
 * A write that is to be emulated takes the way that sh_page_fault has for writes to a guest's page tables.
 */
export class ShadowCheckpointService extends ProtectionService implements ShadowObserver {
  readonly #tables: ShadowTables;
  readonly #table: PageTable;

  constructor(ledger: Ledger, tables: ShadowTables, table: PageTable, channel: RequestChannel) {
    super(ledger, table.states, channel);
    this.#tables = tables;
    this.#table = table;
  }

  writeFault(page: number): void {
    if (this.lookUp(page, true)) this.written(page);
  }

  mayWrite(page: number): boolean {
    return !this.isProtected(page);
  }

  frameChanged(page: number): void {
    this.replaced(page);
  }

  dirtyBitLost(): void {}

  protected override close(page: number): boolean {
    return this.#tables.narrow(page);
  }

  protected override open(page: number): boolean {
    return this.#tables.widen(page);
  }

  protected override guestOpens(page: number): boolean {
    return (this.#table.flags[page] & OPEN) === OPEN;
  }

  /** guest_flush_tlb_mask, which knows no single pages. */
  protected override flush(): void {
    this.#tables.flush();
  }
}
