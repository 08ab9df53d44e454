import type { GuestFrames } from "../../machine/guest-frames.ts";
import type { Ledger } from "../../machine/ledger.ts";
import { WITHHELD_DIRTY, WITHHELD_WRITE } from "../../machine/page-table.ts";
import { P } from "../../machine/primitives.ts";
import { VmExits } from "../hvm/vm-exits.ts";
import type { FrameObserver } from "./frame-observer.ts";

/**
 * Pages that the TLB is refilled with after a whole flush before the processor is back at what it was doing. The prices of
 * a write to CR3 and of INVEPT contain as many refills of one dimension; `cpu.nested_walk` is charged for the second one.
 */
export const REFILLS_AFTER_FLUSH = 8;
/** Fields of the VMCS that the handler of an EPT violation reads: event being delivered, qualification, both addresses. */
const VIOLATION_FIELDS = 4;
/** Of a full log: qualification (an NMI that was being delivered). */
const LOG_FULL_FIELDS = 1;
/** Of CPUID: the instruction's length, and whether interrupts are held off behind it. */
const CPUID_FIELDS = 2;

/**
 * Xen with one HVM or PVH guest in hardware-assisted paging on one processor with VT-x. The guest's own faults and page
 * tables are none of its business: it is entered by hypercalls, by CPUID, and where an entry of the second table (the p2m,
 * EPT) withholds something. What the guest has of memory is populated when the guest is built.
 * Order of steps: xen/arch/x86/hvm/vmx/vmx.c, hvm/hvm.c, mm/p2m.c, mm/p2m-ept.c, Xen 4.17.
 */
export class HapHypervisor {
  readonly ledger: Ledger;
  readonly frames: GuestFrames;
  readonly #exits: VmExits;
  #observer: FrameObserver | undefined;
  #onEntry: () => void = () => {};
  /** Called with each frame whose D bit the processor sets, before it does. */
  #log: (frame: number) => void = () => {};

  constructor(ledger: Ledger, frames: GuestFrames) {
    this.ledger = ledger;
    this.frames = frames;
    this.#exits = new VmExits(ledger, true);
  }

  observe(observer: FrameObserver): void {
    this.#observer = observer;
  }

  /** Has `action` done first whenever the guest exits. */
  onEntry(action: () => void): void {
    this.#onEntry = action;
  }

  /** From now on the processor tells of each D bit that it sets in the second table (PML), and before it sets it. */
  logDirtyBits(log: (frame: number) => void): void {
    this.#log = log;
  }

  /** A hypercall by VMCALL: of the guest's kernel, or of user mode where Xen lets it through. */
  hypercall(): void {
    this.#exits.beginHypercall();
    this.#onEntry();
    this.#exits.enter();
  }

  /** CPUID exits from any privilege level. */
  cpuid(): void {
    this.#exits.exit(CPUID_FIELDS);
    this.#onEntry();
    this.ledger.charge(P.xen_hvm_cpuid, 1);
    this.#exits.enter();
  }

  /** The log of D bits is full (PML): an exit before the store that found it so. @param drain what Xen does */
  logFull(drain: () => void): void {
    this.#exits.exit(LOG_FULL_FIELDS);
    this.#onEntry();
    drain();
    this.#exits.enter();
  }

  /**
   * A write that the guest's own entry allows and the second table's does not: an EPT violation. `hvm_hap_nested_page_fault`
   * looks the frame up; the guest tries its write again.
   */
  violation(frame: number): void {
    this.#exits.exit(VIOLATION_FIELDS);
    this.#onEntry();
    this.ledger.charge(P.xen_ept_violation, 1);
    // A request that was read on this exit may have opened the frame.
    if (this.frames.withheldOf(frame) & WITHHELD_WRITE) this.#observer?.write(frame);
    this.#exits.enter();
  }

  /** EPT misconfiguration: the entries of one of the second table's last tables are recalculated at the first access below it. */
  misconfiguration(): void {
    this.#exits.exit(1);
    this.ledger.charge(P.xen_ept_misconfiguration, 1);
    this.#exits.enter();
  }

  /** EPT violations by writes of the guest's kernel to so many pages of its own. */
  violations(count: number): void {
    this.#exits.exit(VIOLATION_FIELDS, count);
    this.ledger.charge(P.xen_ept_violation, count);
    this.#exits.enter(count);
  }

  /**
   * Stores to a closed frame, as far as Xen carries them out itself: each exits, is decoded and emulated
   * (hvm_emulate_one), and the guest goes on behind it.
   * @returns how many were emulated; for the others nothing has happened yet
   */
  emulateStores(frame: number, stores: number, bytes: number): number {
    const observer = this.#observer;
    if (observer === undefined) return 0;
    this.#onEntry();
    const emulated = observer.emulatedIn(frame, stores);
    if (emulated === 0) return 0;
    this.#exits.exit(VIOLATION_FIELDS, emulated);
    this.ledger.charge(P.xen_ept_violation, emulated);
    observer.emulateIn(frame, emulated, emulated === stores ? bytes : (bytes / stores) * emulated);
    this.#exits.enter(emulated);
    return emulated;
  }

  /** The processor sets the D bit of the second table's entry: it walks there again, and logs the frame where it is to. */
  setDirtyBit(frame: number): void {
    this.#log(frame);
    this.ledger.charge(P.cpu_dirty_assist, 1);
    this.ledger.charge(P.cpu_nested_walk, 1);
    this.frames.withhold(frame, this.frames.withheldOf(frame) & ~WITHHELD_DIRTY);
  }

  /**
   * ept_sync_domain: INVEPT before the guest is entered again. There is none for a single frame, and what is cached of the
   * whole guest goes.
   * @param times how often it is asked for before that entry
   */
  sync(times = 1): void {
    const { ledger } = this;
    ledger.charge(P.xen_ept_sync, times);
    ledger.charge(P.xen_cpu_invept, 1);
    ledger.charge(P.cpu_nested_walk, REFILLS_AFTER_FLUSH);
  }
}
