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
   */
  exit(fields: number): void {
    const ledger = this.#ledger;
    ledger.charge(P.xen_cpu_vmexit, 1);
    ledger.charge(P.xen_vmexit, 1);
    ledger.charge(P.xen_cpu_vmread, this.#reads + fields);
  }

  /** Xen resumes the guest where it left. */
  enter(): void {
    const ledger = this.#ledger;
    ledger.charge(P.xen_vmentry, 1);
    ledger.charge(P.xen_cpu_vmwrite, WRITES);
    ledger.charge(P.xen_cpu_vmentry, 1);
  }

  /**
   * VMCALL up to the hypercall's own part; ends with `enter`. Xen refuses a hypercall of ring 3 (it reads the privilege
   * level: `hvm_hypercall`), except one that it was told to let through: the monitor's guest request, and our checkpoint
   * service's in the same way.
   */
  beginHypercall(): void {
    // Length of the instruction, interruptibility, access rights of SS.
    this.exit(3);
    this.#ledger.charge(P.xen_vmcall, 1);
  }

  /** A hypercall whose own part is charged elsewhere. */
  hypercall(): void {
    this.beginHypercall();
    this.enter();
  }
}
