import type { Ledger } from "../../machine/ledger.ts";
import { P } from "../../machine/primitives.ts";

/** Fields that Xen reads at every exit: RIP, RSP, RFLAGS, access rights of CS, the reason; and with HAP CR3 and CR4. */
const READS = 5;
const MORE_READS_WITH_HAP = 2;
/** Fields that it writes before every entry: RIP, RSP, RFLAGS. */
const WRITES = 3;

/**
 * The way from an HVM guest into Xen and back, on one processor with VT-x: what both paging modes share. With a VPID neither
 * an exit nor an entry flushes the TLB.
 * Order of steps: xen/arch/x86/hvm/vmx/{entry.S,vmx.c,intr.c}, hvm/hypercall.c, Xen 4.17.
 */
export class VmExits {
  readonly #ledger: Ledger;
  readonly #reads: number;

  /** @param hap whether the guest's own tables are the processor's (hardware-assisted paging) or shadows are */
  constructor(ledger: Ledger, hap: boolean) {
    this.#ledger = ledger;
    this.#reads = READS + (hap ? MORE_READS_WITH_HAP : 0);
  }

  /**
   * Something in the guest leaves to Xen, up to the point where Xen looks at the reason.
   * @param fields of the VMCS that the reason's handler reads on top (qualification, address ...)
   * @param times how often in a row, each with an `enter`
   */
  exit(fields: number, times = 1): void {
    const ledger = this.#ledger;
    ledger.charge(P.xen_cpu_vmexit, times);
    ledger.charge(P.xen_vmexit, times);
    ledger.charge(P.xen_cpu_vmread, times * (this.#reads + fields));
  }

  /** Xen resumes the guest where it left. */
  enter(times = 1): void {
    const ledger = this.#ledger;
    ledger.charge(P.xen_vmentry, times);
    ledger.charge(P.xen_cpu_vmwrite, times * WRITES);
    ledger.charge(P.xen_cpu_vmentry, times);
  }

  /**
   * VMCALL up to the hypercall's own part; ends with `enter`. `hvm_hypercall` reads the caller's privilege level and refuses
   * ring 3, except for the one request that a monitor may ask for (HVMOP_guest_request_vm_event): the services' own request
   * is let through in the same way, and that is the gate that ring 3 may use.
   */
  beginHypercall(): void {
    // Length of the instruction, interruptibility, access rights of SS.
    this.exit(3);
    this.#ledger.charge(P.xen_vmcall, 1);
  }
}
