import { exit, fork } from "../linux/fork.ts";
import { createGuest, type Guest, MAPPINGS_END } from "../linux/guest.ts";
import type { GuestEnvironment } from "../linux/hosts.ts";
import type { Kernel } from "../linux/kernel.ts";
import type { KernelBuildName } from "../linux/kernel-build.ts";
import { VMA_READ, VMA_SPECIAL, VMA_UFFD_WP, VMA_WRITE } from "../linux/vma-map.ts";
import type { Ledger } from "../machine/ledger.ts";
import {
  CODE,
  CYCLE_PAGES,
  FAULT_REGION_PAGES,
  FAULTS,
  GUARD_PAGES,
  HARNESS_INSTRUCTIONS,
  IMAGE_PAGES,
  TRACE_PAGES,
  TRACED_IMAGE_PAGES,
} from "./prims-code.ts";
import { PrimsImage } from "./prims-image.ts";
import { MeasuredProcess, READ_WRITE } from "./prims-process.ts";

/**
 * The measured program (a C program, which forks in two of its cases) on a simulated guest: its mappings, its handlers, and the set-up and
 * the measured run of each case. It makes the system calls and memory accesses that the program made, in its order.
 */
export class Prims {
  readonly guest: Guest;
  readonly #kernel: Kernel;
  readonly #process: MeasuredProcess;
  #isRegistered = false;
  /** First page of the region and its pages; -1 when there is none. */
  #region = -1;
  #regionPages = 0;
  #fresh = -1;
  #buffer = -1;
  /** Pages in the list of the SIGSEGV handler. */
  #dirtyPages = 0;
  /** Pages of the image while it is one stretch, and the image where its parts matter. */
  readonly #imagePages: number;
  #image: PrimsImage | undefined;
  readonly #isTraced: boolean;
  /** A child that waits. */
  #child: Kernel | undefined;

  /** @param traced the program reads Xen's trace buffers, which it has mapped */
  constructor(build: KernelBuildName, environment: GuestEnvironment, ledger: Ledger, traced: boolean) {
    this.guest = createGuest({ environment, kernel: build.startsWith("5.10") ? "5.10" : "6.1", build }, ledger);
    this.#kernel = this.guest.kernel;
    this.#process = new MeasuredProcess(this.#kernel, ledger);
    // The program's image is at the bottom of the window.
    this.#imagePages = traced ? TRACED_IMAGE_PAGES[build] : IMAGE_PAGES;
    this.#isTraced = traced;
    this.#kernel.memory.map(0, this.#imagePages, READ_WRITE);
    for (let page = 0; page < this.#imagePages; page++) this.#kernel.store(page);
    if (traced) {
      for (const pages of TRACE_PAGES) {
        const { memory } = this.#kernel;
        memory.map(memory.findGap(pages, MAPPINGS_END), pages, READ_WRITE | VMA_SPECIAL);
      }
    }
    this.#kernel.setHandler("SIGSEGV", (page) => {
      this.#process.code(CODE.handler);
      this.#dirtyPages++;
      this.#process.mprotect(page, 1, VMA_READ | VMA_WRITE);
    });
    this.#kernel.setHandler("SIGBUS", (page) => {
      this.#process.code(CODE.writeProtectHandler);
      this.#process.writeProtect(page, 1, false);
    });
    this.#kernel.setHandler("SIGUSR1", () => this.#process.code(CODE.emptyHandler));
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
        this.#process.mprotect(this.#region, n, VMA_READ);
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
        if (this.#child !== undefined) exit(this.#child);
        this.#dropBuffer();
        this.#freshMapping();
        for (let i = 0; i < FAULTS; i++) this.#kernel.store(this.#fresh + GUARD_PAGES + i);
        // The child waits until the run is over.
        this.#child = fork(this.#kernel);
        this.#kernel.store(this.#fresh);
        this.#kernel.store(this.#fresh + GUARD_PAGES - 1);
        return;
      case "fork_exit_wait":
        this.#dropBuffer();
        if (this.#region < 0 || this.#regionPages !== n) this.#newRegion(n);
        this.#dirtyAll();
        for (const page of this.#imageInParts().counters) this.#kernel.store(page);
        return;
      case "softdirty_clear_refs":
      case "softdirty_read_pagemap":
        this.#softDirtyRegion(n);
        return;
      case "softdirty_write_fault":
        this.#softDirtyRegion(n);
        this.#process.clearRefs();
        return;
      case "softdirty_cycle_4096":
        this.#needBuffer();
        if (this.#regionPages !== CYCLE_PAGES) this.#newRegion(CYCLE_PAGES);
        this.#process.mprotect(this.#region, CYCLE_PAGES, VMA_READ | VMA_WRITE);
        this.#dirtyAll();
        this.#process.clearRefs();
        this.#kernel.store(this.#region);
        return;
      case "uffd_wp_protect":
      case "uffd_wp_unprotect":
        this.#registeredRegion(n);
        this.#process.writeProtect(this.#region, n, false);
        this.#dirtyAll();
        if (primitive === "uffd_wp_unprotect") this.#process.writeProtect(this.#region, n, true);
        return;
      case "uffd_wp_fault_thread":
        this.#kernel.setUserfaultThread((page) => {
          this.#process.code(CODE.userfaultThread);
          this.#process.writeProtect(page, 1, false);
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
    this.#process.code(HARNESS_INSTRUCTIONS);
    switch (primitive) {
      case "empty":
        return;
      case "getpid":
        this.#process.code(CODE.loopSetup);
        for (let i = 0; i < 1000; i++) this.#process.getpid();
        return;
      case "signal_tgkill_self":
      case "tgkill_sig0":
        this.#process.code(CODE.loopSetup + 2);
        this.#process.getpid();
        for (let i = 0; i < 200; i++) {
          this.#process.code(CODE.tgkill);
          kernel.tgkill(primitive === "tgkill_sig0" ? 0 : "SIGUSR1");
        }
        return;
      case "mprotect_pair_1page":
        this.#process.code(CODE.loopSetup + 4);
        for (let i = 0; i < 200; i++) {
          this.#process.code(2 * CODE.mprotectInLoop);
          this.#process.mprotect(this.#region, 1, VMA_READ);
          this.#process.mprotect(this.#region, 1, VMA_READ | VMA_WRITE);
        }
        return;
      case "mprotect_rw_to_ro":
        this.#process.code(CODE.mprotect);
        this.#process.mprotect(this.#region, n, VMA_READ);
        return;
      case "mprotect_ro_to_rw":
        this.#process.code(CODE.mprotect);
        this.#process.mprotect(this.#region, n, VMA_READ | VMA_WRITE);
        return;
      case "mprotect_ro_to_rw_then_touch":
        this.#process.code(CODE.mprotect + 13);
        this.#process.mprotect(this.#region, n, VMA_READ | VMA_WRITE);
        this.#process.stores(this.#region, n, 1);
        return;
      case "prot_fault_segv_mprotect_sequential":
        this.#process.code(CODE.loopSetup);
        this.#process.stores(this.#region, FAULTS, 1);
        return;
      case "prot_fault_segv_mprotect_strided2":
        this.#process.code(CODE.loopSetup);
        this.#process.stores(this.#region, FAULTS, 2);
        return;
      case "minor_fault_first_touch_write":
      case "cow_fault_from_zeropage":
      case "cow_fault_after_fork":
        this.#process.code(CODE.loopSetup);
        this.#process.stores(this.#fresh + GUARD_PAGES, FAULTS, 1);
        return;
      case "minor_fault_first_touch_read_zeropage":
        this.#process.code(CODE.loopSetup);
        for (let i = 0; i < FAULTS; i++) {
          this.#process.code(CODE.load + 1);
          kernel.load(this.#fresh + GUARD_PAGES + i);
        }
        return;
      case "ckpt_cycle_4096":
        this.#process.code(CODE.loopSetup + CODE.mprotect + 15);
        this.#dirtyPages = 0;
        this.#dirtySpread(n);
        this.#process.code(this.#dirtyPages * CODE.copy);
        this.#process.mprotect(this.#region, CYCLE_PAGES, VMA_READ);
        return;
      case "copy_only":
        this.#process.code(13 + n * CODE.copyOnly);
        return;
      case "softdirty_clear_refs":
        this.#process.code(CODE.clearRefs);
        this.#process.clearRefs();
        return;
      case "softdirty_write_fault":
        this.#process.code(CODE.loopSetup);
        this.#process.stores(this.#region, n, 1);
        return;
      case "softdirty_read_pagemap":
        this.#process.code(CODE.readPagemap);
        this.#process.readPagemap(this.#region, n);
        return;
      case "softdirty_cycle_4096":
        this.#softDirtyCycle(n);
        return;
      case "fork_exit_wait":
        this.#process.forkExitWait(this.#imageInParts());
        return;
      case "pipe_self_write_read":
        this.#process.code(CODE.pipeLoopSetup);
        for (let i = 0; i < 100; i++) {
          this.#process.code(CODE.pipePair);
          this.#process.pipePair(() => {});
        }
        return;
      case "pipe_pingpong_2switches":
        this.#process.code(CODE.pipeLoopSetup);
        for (let i = 0; i < 100; i++) {
          this.#process.code(CODE.pingPong);
          // Each process writes what the other one waits for, and then waits itself.
          this.#process.pipePair(() => kernel.switchProcess());
          this.#process.pipePair(() => kernel.switchProcess());
        }
        return;
      case "mmap_munmap_4pages_untouched":
        this.#process.code(4);
        for (let i = 0; i < 100; i++) {
          this.#process.code(CODE.mmapPair);
          this.#process.unmap(this.#process.mapPlain(4), 4);
        }
        return;
      case "privcmd_xen_version_hypercall":
      case "privcmd_bad_ioctl":
        this.#process.code(15);
        for (let i = 0; i < 1000; i++) this.#process.ioctl(primitive === "privcmd_xen_version_hypercall");
        return;
      case "uffd_wp_protect":
      case "uffd_wp_unprotect":
        this.#process.code(CODE.writeProtect);
        this.#process.writeProtect(this.#region, n, primitive === "uffd_wp_protect");
        return;
      case "uffd_wp_fault_sigbus":
      case "uffd_wp_fault_thread":
        this.#process.code(CODE.loopSetup - 2);
        this.#process.stores(this.#region, FAULTS, 2);
        return;
    }
  }

  /**
   * A cycle's stores, spread evenly over its region. The program divides whole numbers: where there are more stores than
   * pages, all of them are to the first.
   */
  #dirtySpread(count: number): void {
    this.#process.code(count * CODE.countedStore);
    const stride = Math.floor(CYCLE_PAGES / count);
    this.#process.storesWithRetries(this.#region, stride === 0 ? 1 : count, stride);
  }

  /** The image as what it consists of, and no longer as one stretch of pages. */
  #imageInParts(): PrimsImage {
    if (this.#image === undefined) {
      this.#kernel.memory.unmap(0, this.#imagePages);
      this.#image = new PrimsImage(this.#kernel, this.#isTraced);
    }
    return this.#image;
  }

  #newRegion(pages: number): void {
    if (this.#region >= 0) this.#process.unmap(this.#region - GUARD_PAGES, this.#regionPages + 2 * GUARD_PAGES);
    this.#regionPages = pages;
    this.#region = this.#process.map(pages + 2 * GUARD_PAGES) + GUARD_PAGES;
    this.#dirtyAll();
  }

  #dirtyAll(): void {
    for (let i = 0; i < this.#regionPages; i++) this.#kernel.store(this.#region + i);
  }

  #writableRegion(pages: number): void {
    if (this.#region < 0 || this.#regionPages !== pages) this.#newRegion(pages);
    else this.#process.mprotect(this.#region, pages, VMA_READ | VMA_WRITE);
    this.#dirtyAll();
  }

  #protectedRegion(pages: number): void {
    if (this.#region < 0 || this.#regionPages !== pages) this.#newRegion(pages);
    this.#process.mprotect(this.#region, pages, VMA_READ | VMA_WRITE);
    this.#dirtyAll();
    this.#process.mprotect(this.#region, pages, VMA_READ);
  }

  #freshMapping(): void {
    const pages = FAULTS + 2 * GUARD_PAGES;
    if (this.#fresh >= 0) this.#process.unmap(this.#fresh, pages);
    this.#fresh = this.#process.map(pages);
    this.#kernel.store(this.#fresh);
    this.#kernel.store(this.#fresh + pages - 1);
    this.#kernel.store(this.#fresh + GUARD_PAGES - 1);
  }

  #needBuffer(): void {
    if (this.#buffer >= 0) return;
    this.#buffer = this.#process.map(CYCLE_PAGES);
    for (let i = 0; i < CYCLE_PAGES; i++) this.#kernel.store(this.#buffer + i);
  }

  #dropBuffer(): void {
    if (this.#buffer >= 0) this.#process.unmap(this.#buffer, CYCLE_PAGES);
    this.#buffer = -1;
  }

  #softDirtyRegion(pages: number): void {
    this.#dropBuffer();
    if (this.#fresh >= 0) this.#process.unmap(this.#fresh, FAULTS + 2 * GUARD_PAGES);
    this.#fresh = -1;
    if (this.#region < 0 || this.#regionPages !== pages) this.#newRegion(pages);
    this.#dirtyAll();
  }

  #softDirtyCycle(n: number): void {
    this.#process.code(CODE.softDirtyCycle);
    this.#dirtySpread(n);
    const softDirty = this.#process.readPagemap(this.#region, CYCLE_PAGES);
    this.#process.code(softDirty.length * CODE.softDirtyCopy);
    this.#process.storesWithRetries(this.#buffer, softDirty.length, 1);
    this.#process.clearRefs();
  }

  #protectFaultRegion(): void {
    this.#registeredRegion(FAULT_REGION_PAGES);
    this.#process.writeProtect(this.#region, FAULT_REGION_PAGES, false);
    this.#dirtyAll();
    this.#process.writeProtect(this.#region, FAULT_REGION_PAGES, true);
  }

  #registeredRegion(pages: number): void {
    if (this.#isRegistered && this.#regionPages === pages) return;
    this.#newRegion(pages);
    this.#kernel.memory.changeFlags(this.#region, pages, VMA_UFFD_WP, 0);
    this.#isRegistered = true;
  }
}
