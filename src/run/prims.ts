import { createGuest, type Guest, type GuestEnvironment, MAPPINGS_END } from "../linux/guest.ts";
import type { Kernel } from "../linux/kernel.ts";
import type { KernelBuildName } from "../linux/kernel-build.ts";
import { VMA_MAPPED, VMA_NO_HUGE, VMA_READ, VMA_SPECIAL, VMA_WRITE } from "../linux/vma-map.ts";
import type { Ledger } from "../machine/ledger.ts";
import { P } from "../machine/primitives.ts";

const READ_WRITE = VMA_MAPPED | VMA_READ | VMA_WRITE;

/** Pages that stay writable on both sides of the measured region, in the same mapping. */
const GUARD_PAGES = 16;
/** Pages of the region in the cases of faults, and how many of them fault. */
const FAULT_REGION_PAGES = 512;
const FAULTS = 256;
const CYCLE_PAGES = 4096;
/** What the trace reader has mapped above everything else while events are recorded: its index and its buffer. */
const TRACE_PAGES = [4, 2048] as const;

const MODELLED: ReadonlySet<string> = new Set([
  "empty",
  "getpid",
  "mprotect_pair_1page",
  "mprotect_rw_to_ro",
  "mprotect_ro_to_rw",
  "mprotect_ro_to_rw_then_touch",
  "prot_fault_segv_mprotect_sequential",
  "prot_fault_segv_mprotect_strided2",
  "minor_fault_first_touch_write",
  "minor_fault_first_touch_read_zeropage",
  "cow_fault_from_zeropage",
  "signal_tgkill_self",
  "tgkill_sig0",
  "ckpt_cycle_4096",
  "copy_only",
]);

/** Two marks and the call through the table of cases: in the split of instructions, but not in their total. */
export const HARNESS_INSTRUCTIONS = 5;

/** Instructions of the measured program's own code, read off the user mode's share of the cases. */
const CODE = {
  loopSetup: 5,
  getpid: 16,
  /** mprotect through the C library, and its check. */
  mprotect: 14,
  mprotectInLoop: 10,
  /** One store of a loop over pages. */
  store: 4,
  load: 5,
  /** SIGSEGV handler that notes the page and opens it, the mprotect in it and the return to the kernel. */
  handler: 28,
  emptyHandler: 6,
  tgkill: 19,
  copy: 530,
  copyOnly: 528,
} as const;

/**
 * The measured program (a C program of one process) on a simulated guest: its mappings, its handlers, and the set-up and
 * the measured run of each case. It makes the system calls and memory accesses that the program made, in its order.
 */
export class Prims {
  readonly guest: Guest;
  readonly ledger: Ledger;
  readonly #kernel: Kernel;
  /** First page of the region and its pages; -1 when there is none. */
  #region = -1;
  #regionPages = 0;
  #fresh = -1;
  #buffer = -1;

  constructor(build: KernelBuildName, environment: GuestEnvironment, ledger: Ledger) {
    this.guest = createGuest({ environment, kernel: build.startsWith("5.10") ? "5.10" : "6.1", build }, ledger);
    this.ledger = ledger;
    this.#kernel = this.guest.kernel;
    if (environment !== "native") {
      for (const pages of TRACE_PAGES) {
        const { memory } = this.#kernel;
        memory.map(memory.findGap(pages, MAPPINGS_END), pages, READ_WRITE | VMA_SPECIAL);
      }
    }
    this.#kernel.setHandler("SIGSEGV", (page) => {
      this.#code(CODE.handler);
      this.#mprotect(page, 1, VMA_READ | VMA_WRITE);
    });
    this.#kernel.setHandler("SIGUSR1", () => this.#code(CODE.emptyHandler));
  }

  /** Whether a primitive is one of those that `setUp` and `run` know. */
  static models(primitive: string): boolean {
    return MODELLED.has(primitive);
  }

  /** The case's set-up. */
  setUp(primitive: string, n: number): void {
    switch (primitive) {
      case "mprotect_pair_1page":
        this.#newRegion(1);
        return;
      case "mprotect_rw_to_ro":
        this.#writableRegion(n);
        return;
      case "mprotect_ro_to_rw":
      case "mprotect_ro_to_rw_then_touch":
        this.#writableRegion(n);
        this.#mprotect(this.#region, n, VMA_READ);
        return;
      case "prot_fault_segv_mprotect_sequential":
      case "prot_fault_segv_mprotect_strided2":
        this.#protectedRegion(FAULT_REGION_PAGES);
        return;
      case "minor_fault_first_touch_write":
      case "minor_fault_first_touch_read_zeropage":
        this.#freshMapping();
        return;
      case "cow_fault_from_zeropage":
        this.#freshMapping();
        for (let i = 0; i < FAULTS; i++) this.#kernel.load(this.#fresh + GUARD_PAGES + i);
        return;
      case "ckpt_cycle_4096":
      case "copy_only":
        this.#needBuffer();
        this.#protectedRegion(CYCLE_PAGES);
        return;
    }
  }

  /** What is measured. */
  run(primitive: string, n: number): void {
    const kernel = this.#kernel;
    kernel.memory.rest();
    this.#code(HARNESS_INSTRUCTIONS);
    switch (primitive) {
      case "empty":
        return;
      case "getpid":
        this.#code(CODE.loopSetup);
        for (let i = 0; i < 1000; i++) this.#getpid();
        return;
      case "signal_tgkill_self":
      case "tgkill_sig0":
        this.#code(CODE.loopSetup + 2);
        this.#getpid();
        for (let i = 0; i < 200; i++) {
          this.#code(CODE.tgkill);
          kernel.tgkill(primitive === "tgkill_sig0" ? 0 : "SIGUSR1");
        }
        return;
      case "mprotect_pair_1page":
        this.#code(CODE.loopSetup + 4);
        for (let i = 0; i < 200; i++) {
          this.#code(2 * CODE.mprotectInLoop);
          this.#mprotect(this.#region, 1, VMA_READ);
          this.#mprotect(this.#region, 1, VMA_READ | VMA_WRITE);
        }
        return;
      case "mprotect_rw_to_ro":
        this.#code(CODE.mprotect);
        this.#mprotect(this.#region, n, VMA_READ);
        return;
      case "mprotect_ro_to_rw":
        this.#code(CODE.mprotect);
        this.#mprotect(this.#region, n, VMA_READ | VMA_WRITE);
        return;
      case "mprotect_ro_to_rw_then_touch":
        this.#code(CODE.mprotect + 13);
        this.#mprotect(this.#region, n, VMA_READ | VMA_WRITE);
        this.#stores(this.#region, n, 1);
        return;
      case "prot_fault_segv_mprotect_sequential":
        this.#code(CODE.loopSetup);
        this.#stores(this.#region, FAULTS, 1);
        return;
      case "prot_fault_segv_mprotect_strided2":
        this.#code(CODE.loopSetup);
        this.#stores(this.#region, FAULTS, 2);
        return;
      case "minor_fault_first_touch_write":
      case "cow_fault_from_zeropage":
        this.#code(CODE.loopSetup);
        this.#stores(this.#fresh + GUARD_PAGES, FAULTS, 1);
        return;
      case "minor_fault_first_touch_read_zeropage":
        this.#code(CODE.loopSetup);
        for (let i = 0; i < FAULTS; i++) {
          this.#code(CODE.load + 1);
          kernel.load(this.#fresh + GUARD_PAGES + i);
        }
        return;
      case "ckpt_cycle_4096":
        this.#code(CODE.loopSetup + CODE.mprotect + 15);
        this.#stores(this.#region, n, Math.floor(CYCLE_PAGES / n));
        this.#code(n * CODE.copy);
        this.#mprotect(this.#region, CYCLE_PAGES, VMA_READ);
        return;
      case "copy_only":
        this.#code(13 + n * CODE.copyOnly);
        return;
    }
  }

  #code(instructions: number): void {
    this.ledger.charge(P.program_instruction, instructions);
  }

  /** A loop of stores. An instruction that faults is begun once more for each fault. */
  #stores(first: number, count: number, stride: number): void {
    const kernel = this.#kernel;
    this.#code(count * CODE.store);
    const before = kernel.userFaults;
    for (let i = 0; i < count; i++) kernel.store(first + i * stride);
    this.#code(kernel.userFaults - before);
  }

  #getpid(): void {
    this.#code(CODE.getpid);
    this.#kernel.enter();
    this.ledger.charge(P.linux_getpid, 1);
    this.#kernel.leave();
  }

  #mprotect(first: number, pageCount: number, rights: number): void {
    this.#kernel.enter();
    this.#kernel.memory.protect(first, pageCount, rights);
    this.#kernel.leave();
  }

  #map(pageCount: number): number {
    const kernel = this.#kernel;
    kernel.enter();
    this.ledger.charge(P.linux_mmap, 1);
    const first = kernel.memory.findGap(pageCount, MAPPINGS_END);
    kernel.memory.map(first, pageCount, READ_WRITE);
    kernel.leave();
    kernel.enter();
    this.ledger.charge(P.linux_madvise, 1);
    kernel.memory.changeFlags(first, pageCount, VMA_NO_HUGE, 0);
    kernel.leave();
    return first;
  }

  #unmap(first: number, pageCount: number): void {
    this.#kernel.enter();
    this.ledger.charge(P.linux_munmap, 1);
    this.#kernel.memory.unmap(first, pageCount);
    this.#kernel.leave();
  }

  #newRegion(pages: number): void {
    if (this.#region >= 0) this.#unmap(this.#region - GUARD_PAGES, this.#regionPages + 2 * GUARD_PAGES);
    this.#regionPages = pages;
    this.#region = this.#map(pages + 2 * GUARD_PAGES) + GUARD_PAGES;
    this.#dirtyAll();
  }

  #dirtyAll(): void {
    for (let i = 0; i < this.#regionPages; i++) this.#kernel.store(this.#region + i);
  }

  #writableRegion(pages: number): void {
    if (this.#region < 0 || this.#regionPages !== pages) this.#newRegion(pages);
    else this.#mprotect(this.#region, pages, VMA_READ | VMA_WRITE);
    this.#dirtyAll();
  }

  #protectedRegion(pages: number): void {
    if (this.#region < 0 || this.#regionPages !== pages) this.#newRegion(pages);
    this.#mprotect(this.#region, pages, VMA_READ | VMA_WRITE);
    this.#dirtyAll();
    this.#mprotect(this.#region, pages, VMA_READ);
  }

  #freshMapping(): void {
    const pages = FAULTS + 2 * GUARD_PAGES;
    if (this.#fresh >= 0) this.#unmap(this.#fresh, pages);
    this.#fresh = this.#map(pages);
    this.#kernel.store(this.#fresh);
    this.#kernel.store(this.#fresh + pages - 1);
    this.#kernel.store(this.#fresh + GUARD_PAGES - 1);
  }

  #needBuffer(): void {
    if (this.#buffer >= 0) return;
    this.#buffer = this.#map(CYCLE_PAGES);
    for (let i = 0; i < CYCLE_PAGES; i++) this.#kernel.store(this.#buffer + i);
  }
}
