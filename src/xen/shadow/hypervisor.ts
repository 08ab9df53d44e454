import type { Ledger } from "../../machine/ledger.ts";
import { type PageTable, TABLE_SHIFT } from "../../machine/page-table.ts";
import { P } from "../../machine/primitives.ts";
import { VmExits } from "../hvm/vm-exits.ts";
import type { ProtectionService } from "../protection-service.ts";
import { ShadowTables } from "./shadow-tables.ts";

/** Fields that the handler of a page fault reads: vectoring, address, error code. */
const FAULT_FIELDS = 3;
/** Fields that handlers of instructions read: what it was about, its length, whether interrupts are held off. */
const INSTRUCTION_FIELDS = 3;
/** Fields that deliver a page fault at the next entry: what, error code. */
const INJECT_FIELDS = 2;

/**
 * Xen with one HVM guest whose page tables it shadows, on one processor, as the guest's kernel meets it. Page faults,
 * INVLPG and both directions of MOV CR3 exit; so do stores to page-table pages that are in sync with their shadows.
 * Order of steps: xen/arch/x86/hvm/vmx/vmx.c, hvm/hvm.c, mm/shadow/{multi,common}.c, Xen 4.17.
 */
export class ShadowHypervisor {
  readonly ledger: Ledger;
  readonly tables: ShadowTables;
  readonly #exits: VmExits;
  #service: Pick<ProtectionService, "emulatedOf" | "emulate"> | undefined;
  #onEntry: () => void = () => {};
  /** L1 tables that the guest's kernel has hung into its L2 tables. */
  readonly #hung: Uint8Array;

  constructor(ledger: Ledger, table: PageTable) {
    this.ledger = ledger;
    this.tables = new ShadowTables(ledger, table, true);
    this.#exits = new VmExits(ledger, false);
    this.#hung = table.states.bytes(TABLE_SHIFT).bytes;
  }

  /** The service that has writes emulated. */
  emulateFor(service: Pick<ProtectionService, "emulatedOf" | "emulate">): void {
    this.#service = service;
  }

  /** Has `action` done first whenever the guest exits. */
  onEntry(action: () => void): void {
    this.#onEntry = action;
  }

  /**
   * The guest faults on a page of its process.
   * @returns whether the access may be tried again; else its kernel's handler is entered
   */
  pageFault(page: number, write: boolean): boolean {
    this.#faultExit();
    const fixed = this.tables.fault(page, write);
    if (!fixed) this.#inject();
    this.#exits.enter();
    return fixed;
  }

  /**
   * Stores to one page, of user mode or of the kernel, as far as Xen carries them out itself: each faults, its instruction is
   * decoded and emulated, and the guest goes on behind it.
   * @param bytes written by all of them together; where only some are emulated, all are of one size
   * @returns how many were emulated; for the others nothing has happened yet
   */
  emulateStores(page: number, stores: number, bytes: number): number {
    const service = this.#service;
    if (service === undefined) return 0;
    // The fault is an entry, whatever comes of it: what it finds waiting in a shared page may decide.
    this.#onEntry();
    // So does the guest's own entry, which Xen walks to at every fault.
    this.tables.noticeFrame(page);
    const emulated = service.emulatedOf(page, stores);
    if (emulated === 0) return 0;
    this.#faultExit(emulated);
    this.ledger.charge(P.xen_shadow_walk, emulated);
    this.ledger.charge(P.xen_shadow_fault, emulated);
    service.emulate(page, emulated, emulated === stores ? bytes : (bytes / stores) * emulated);
    this.#exits.enter(emulated);
    return emulated;
  }

  /** A hypercall by VMCALL, whose own part is charged elsewhere. */
  hypercall(): void {
    this.#exits.beginHypercall();
    this.#onEntry();
    this.#exits.enter();
  }

  /** User mode executes CPUID, which exits whoever executes it. */
  cpuid(): void {
    this.#exit(INSTRUCTION_FIELDS);
    this.ledger.charge(P.xen_hvm_cpuid, 1);
    this.#exits.enter();
  }

  /** The guest's kernel stores L1 entries of its process, which are alike and in one table: the first store lets that go out of sync. */
  writeEntries(first: number, end: number, flags: number): void {
    const { tables } = this;
    const table = first >> TABLE_SHIFT;
    if (this.#hung[table] === 0) {
      this.#hung[table] = 1;
      if (tables.hasDirectory(first)) this.#emulateWrite();
    }
    if (tables.isWriteProtected(first)) this.#unsync(first);
    tables.write(first, end, flags);
  }

  readCr3(): void {
    this.#exit(INSTRUCTION_FIELDS);
    this.ledger.charge(P.xen_hvm_cr_access, 1);
    this.#exits.enter();
  }

  writeCr3(): void {
    const { ledger } = this;
    this.#exit(INSTRUCTION_FIELDS);
    ledger.charge(P.xen_hvm_cr_access, 1);
    this.tables.update();
    ledger.charge(P.xen_cpu_vmwrite, 1);
    this.#exits.enter();
  }

  invlpg(page: number): void {
    this.#exit(INSTRUCTION_FIELDS);
    // INVVPID of one address.
    if (this.tables.invalidate(page)) this.ledger.charge(P.xen_cpu_invlpg, 1);
    this.#exits.enter();
  }

  #exit(fields: number, times = 1): void {
    this.#exits.exit(fields, times);
    this.#onEntry();
  }

  #faultExit(times = 1): void {
    this.#exit(FAULT_FIELDS, times);
    this.ledger.charge(P.xen_hvm_page_fault, times);
  }

  #inject(): void {
    const { ledger } = this;
    ledger.charge(P.xen_hvm_inject, 1);
    ledger.charge(P.xen_cpu_vmwrite, INJECT_FIELDS);
    ledger.charge(P.xen_cpu_inject, 1);
  }

  /** Log-dirty mode: the guest's kernel writes to so many pages of its own, whose shadow entries let nobody write. */
  trapKernelWrites(count: number): void {
    const { ledger } = this;
    for (let i = 0; i < count; i++) {
      this.#faultExit();
      ledger.charge(P.xen_shadow_walk, 1);
      ledger.charge(P.xen_shadow_fault, 1);
      ledger.charge(P.xen_shadow_propagate, 1);
      this.#exits.enter();
    }
  }

  /** A store through the kernel's direct map to a table that is in sync: a shadow fault on the direct map's entry. */
  #unsync(page: number): void {
    const { ledger } = this;
    this.#faultExit();
    ledger.charge(P.xen_shadow_walk, 1);
    ledger.charge(P.xen_shadow_fault, 1);
    this.tables.unsync(page);
    ledger.charge(P.xen_shadow_propagate, 1);
    this.#exits.enter();
  }

  /** A store to an L2 table, which is never out of sync. */
  #emulateWrite(): void {
    const { ledger } = this;
    this.#faultExit();
    ledger.charge(P.xen_shadow_walk, 1);
    ledger.charge(P.xen_shadow_fault, 1);
    ledger.charge(P.xen_shadow_emulate, 1);
    this.#exits.enter();
  }
}
