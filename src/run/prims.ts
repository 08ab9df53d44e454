import { createGuest, type Guest, MAPPINGS_END } from "../linux/guest.ts";
import type { GuestEnvironment } from "../linux/hosts.ts";
import type { Kernel } from "../linux/kernel.ts";
import type { KernelBuildName } from "../linux/kernel-build.ts";
import { VMA_MAPPED, VMA_NO_HUGE, VMA_READ, VMA_SPECIAL, VMA_UFFD_WP, VMA_WRITE } from "../linux/vma-map.ts";
import type { Ledger } from "../machine/ledger.ts";
import { P } from "../machine/primitives.ts";
import {
  CODE,
  CYCLE_PAGES,
  FAULT_REGION_PAGES,
  FAULTS,
  GUARD_PAGES,
  HARNESS_INSTRUCTIONS,
  IMAGE_PAGES,
  PAGE_BYTES,
  PAGEMAP_BUFFER_OFFSET_BYTES,
  PAGEMAP_ENTRY_BYTES,
  TRACE_PAGES,
  TRACED_IMAGE_PAGES,
} from "./prims-code.ts";

const READ_WRITE = VMA_MAPPED | VMA_READ | VMA_WRITE;
/** Page of the image in which the array of pagemap entries begins. */
const PAGEMAP_BUFFER_PAGE = 1;

/**
 * The measured program (a C program of one process) on a simulated guest: its mappings, its handlers, and the set-up and
 * the measured run of each case. It makes the system calls and memory accesses that the program made, in its order.
 */
export class Prims {
  readonly guest: Guest;
  readonly ledger: Ledger;
  readonly #kernel: Kernel;
  /** Pages of the program's image, at the bottom of the window; the stack is the first, then the pagemap entries. */
  readonly #imagePages: number;
  #isRegistered = false;
  /** First page of the region and its pages; -1 when there is none. */
  #region = -1;
  #regionPages = 0;
  #fresh = -1;
  #buffer = -1;
  /** Pages in the list of the SIGSEGV handler. */
  #dirtyPages = 0;

  /** @param traced the program reads Xen's trace buffers, which it has mapped */
  constructor(build: KernelBuildName, environment: GuestEnvironment, ledger: Ledger, traced: boolean) {
    this.guest = createGuest({ environment, kernel: build.startsWith("5.10") ? "5.10" : "6.1", build }, ledger);
    this.ledger = ledger;
    this.#kernel = this.guest.kernel;
    this.#imagePages = traced ? TRACED_IMAGE_PAGES[build] : IMAGE_PAGES;
    this.#kernel.memory.map(0, this.#imagePages, READ_WRITE);
    for (let page = 0; page < this.#imagePages; page++) this.#kernel.store(page);
    if (traced) {
      for (const pages of TRACE_PAGES) {
        const { memory } = this.#kernel;
        memory.map(memory.findGap(pages, MAPPINGS_END), pages, READ_WRITE | VMA_SPECIAL);
      }
    }
    this.#kernel.setHandler("SIGSEGV", (page) => {
      this.#code(CODE.handler);
      this.#dirtyPages++;
      this.#mprotect(page, 1, VMA_READ | VMA_WRITE);
    });
    this.#kernel.setHandler("SIGBUS", (page) => {
      this.#code(CODE.writeProtectHandler);
      this.#writeProtect(page, 1, false);
    });
    this.#kernel.setHandler("SIGUSR1", () => this.#code(CODE.emptyHandler));
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
      case "cow_fault_after_fork":
        this.#dropBuffer();
        this.#freshMapping();
        for (let i = 0; i < FAULTS; i++) this.#kernel.store(this.#fresh + GUARD_PAGES + i);
        this.#kernel.memory.share(this.#fresh, FAULTS + 2 * GUARD_PAGES);
        this.#kernel.store(this.#fresh);
        this.#kernel.store(this.#fresh + GUARD_PAGES - 1);
        return;
      case "softdirty_clear_refs":
      case "softdirty_read_pagemap":
        this.#softDirtyRegion(n);
        return;
      case "softdirty_write_fault":
        this.#softDirtyRegion(n);
        this.#clearRefs();
        return;
      case "softdirty_cycle_4096":
        this.#needBuffer();
        if (this.#regionPages !== CYCLE_PAGES) this.#newRegion(CYCLE_PAGES);
        this.#mprotect(this.#region, CYCLE_PAGES, VMA_READ | VMA_WRITE);
        this.#dirtyAll();
        this.#clearRefs();
        this.#kernel.store(this.#region);
        return;
      case "uffd_wp_protect":
      case "uffd_wp_unprotect":
        this.#registeredRegion(n);
        this.#writeProtect(this.#region, n, false);
        this.#dirtyAll();
        if (primitive === "uffd_wp_unprotect") this.#writeProtect(this.#region, n, true);
        return;
      case "uffd_wp_fault_thread":
        this.#kernel.setUserfaultThread((page) => {
          this.#code(CODE.userfaultThread);
          this.#writeProtect(page, 1, false);
        });
        this.#protectFaultRegion();
        return;
      case "uffd_wp_fault_sigbus":
        this.#protectFaultRegion();
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
      case "cow_fault_after_fork":
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
        this.#dirtyPages = 0;
        this.#dirtySpread(n);
        this.#code(this.#dirtyPages * CODE.copy);
        this.#mprotect(this.#region, CYCLE_PAGES, VMA_READ);
        return;
      case "copy_only":
        this.#code(13 + n * CODE.copyOnly);
        return;
      case "softdirty_clear_refs":
        this.#code(CODE.clearRefs);
        this.#clearRefs();
        return;
      case "softdirty_write_fault":
        this.#code(CODE.loopSetup);
        this.#stores(this.#region, n, 1);
        return;
      case "softdirty_read_pagemap":
        this.#code(CODE.readPagemap);
        this.#readPagemap(n);
        return;
      case "softdirty_cycle_4096":
        this.#softDirtyCycle(n);
        return;
      case "pipe_self_write_read":
        this.#code(CODE.pipeLoopSetup);
        for (let i = 0; i < 100; i++) {
          this.#code(CODE.pipePair);
          this.#pipePair(() => {});
        }
        return;
      case "pipe_pingpong_2switches":
        this.#code(CODE.pipeLoopSetup);
        for (let i = 0; i < 100; i++) {
          this.#code(CODE.pingPong);
          // Each process writes what the other one waits for, and then waits itself.
          this.#pipePair(() => kernel.switchProcess());
          this.#pipePair(() => kernel.switchProcess());
        }
        return;
      case "mmap_munmap_4pages_untouched":
        this.#code(4);
        for (let i = 0; i < 100; i++) {
          this.#code(CODE.mmapPair);
          this.#unmap(this.#mapPlain(4), 4);
        }
        return;
      case "privcmd_xen_version_hypercall":
      case "privcmd_bad_ioctl":
        this.#code(15);
        for (let i = 0; i < 1000; i++) this.#ioctl(primitive === "privcmd_xen_version_hypercall");
        return;
      case "uffd_wp_protect":
      case "uffd_wp_unprotect":
        this.#code(CODE.writeProtect);
        this.#writeProtect(this.#region, n, primitive === "uffd_wp_protect");
        return;
      case "uffd_wp_fault_sigbus":
      case "uffd_wp_fault_thread":
        this.#code(CODE.loopSetup - 2);
        this.#stores(this.#region, FAULTS, 2);
        return;
    }
  }

  #code(instructions: number): void {
    this.ledger.charge(P.program_instruction, instructions);
  }

  /** A loop of stores. An instruction that faults is begun once more for each fault. */
  #stores(first: number, count: number, stride: number): void {
    this.#code(count * CODE.store);
    this.#storesWithRetries(first, count, stride);
  }

  /**
   * A cycle's stores, spread evenly over its region. The program divides whole numbers: where there are more stores than
   * pages, all of them are to the first.
   */
  #dirtySpread(count: number): void {
    this.#code(count * CODE.countedStore);
    const stride = Math.floor(CYCLE_PAGES / count);
    this.#storesWithRetries(this.#region, stride === 0 ? 1 : count, stride);
  }

  #storesWithRetries(first: number, count: number, stride: number): void {
    const kernel = this.#kernel;
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

  /** A write to a pipe and a read from one. @param wait what the read does before there is something to read */
  #pipePair(wait: () => void): void {
    const kernel = this.#kernel;
    kernel.enter();
    kernel.leave();
    kernel.enter();
    this.ledger.charge(P.linux_pipe, 1);
    wait();
    kernel.leave();
  }

  #mprotect(first: number, pageCount: number, rights: number): void {
    this.#kernel.enter();
    this.#kernel.memory.protect(first, pageCount, rights);
    this.#kernel.leave();
  }

  #mapPlain(pageCount: number): number {
    const kernel = this.#kernel;
    kernel.enter();
    this.ledger.charge(P.linux_mmap, 1);
    const first = kernel.memory.findGap(pageCount, MAPPINGS_END);
    kernel.memory.map(first, pageCount, READ_WRITE);
    kernel.leave();
    return first;
  }

  #map(pageCount: number): number {
    const kernel = this.#kernel;
    const first = this.#mapPlain(pageCount);
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

  #dropBuffer(): void {
    if (this.#buffer >= 0) this.#unmap(this.#buffer, CYCLE_PAGES);
    this.#buffer = -1;
  }

  #softDirtyRegion(pages: number): void {
    this.#dropBuffer();
    if (this.#fresh >= 0) this.#unmap(this.#fresh, FAULTS + 2 * GUARD_PAGES);
    this.#fresh = -1;
    if (this.#region < 0 || this.#regionPages !== pages) this.#newRegion(pages);
    this.#dirtyAll();
  }

  /** Writes to clear_refs; the first store after it, to the stack, faults. */
  #clearRefs(): void {
    const kernel = this.#kernel;
    kernel.enter();
    kernel.memory.clearRefs();
    kernel.leave();
    const before = kernel.userFaults;
    kernel.store(0);
    this.#code(kernel.userFaults - before);
  }

  #readPagemap(pages: number): Uint32Array {
    const kernel = this.#kernel;
    kernel.enter();
    const softDirty = kernel.memory.readPagemap(this.#region, pages);
    const endBytes = PAGEMAP_BUFFER_OFFSET_BYTES + pages * PAGEMAP_ENTRY_BYTES;
    for (let page = 0; page * PAGE_BYTES < endBytes; page++) kernel.copyToUser(PAGEMAP_BUFFER_PAGE + page);
    kernel.leave();
    return softDirty;
  }

  #softDirtyCycle(n: number): void {
    this.#code(CODE.softDirtyCycle);
    this.#dirtySpread(n);
    const softDirty = this.#readPagemap(CYCLE_PAGES);
    this.#code(softDirty.length * CODE.softDirtyCopy);
    const kernel = this.#kernel;
    const before = kernel.userFaults;
    for (const copied of softDirty.keys()) kernel.store(this.#buffer + copied);
    this.#code(kernel.userFaults - before);
    this.#clearRefs();
  }

  #ioctl(known: boolean): void {
    const kernel = this.#kernel;
    this.#code(known ? CODE.privcmd : CODE.badIoctl);
    kernel.enter();
    this.ledger.charge(P.linux_ioctl, 1);
    if (known) {
      this.ledger.charge(P.linux_privcmd, 1);
      kernel.platform.driverHypercall();
    }
    kernel.leave();
  }

  #protectFaultRegion(): void {
    this.#registeredRegion(FAULT_REGION_PAGES);
    this.#writeProtect(this.#region, FAULT_REGION_PAGES, false);
    this.#dirtyAll();
    this.#writeProtect(this.#region, FAULT_REGION_PAGES, true);
  }

  #registeredRegion(pages: number): void {
    if (this.#isRegistered && this.#regionPages === pages) return;
    this.#newRegion(pages);
    this.#kernel.memory.changeFlags(this.#region, pages, VMA_UFFD_WP, 0);
    this.#isRegistered = true;
  }

  #writeProtect(first: number, pages: number, protect: boolean): void {
    const kernel = this.#kernel;
    kernel.enter();
    this.ledger.charge(P.linux_ioctl, 1);
    kernel.userfaultWriteProtect(first, pages, protect);
    kernel.leave();
  }
}
