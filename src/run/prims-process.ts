import { begin, exit, fork } from "../linux/fork.ts";
import { MAPPINGS_END } from "../linux/guest.ts";
import type { Kernel } from "../linux/kernel.ts";
import { VMA_MAPPED, VMA_NO_HUGE, VMA_READ, VMA_WRITE } from "../linux/vma-map.ts";
import type { Ledger } from "../machine/ledger.ts";
import { P } from "../machine/primitives.ts";
import { CODE, PAGE_BYTES, PAGEMAP_BUFFER_OFFSET_BYTES, PAGEMAP_ENTRY_BYTES } from "./prims-code.ts";
import type { PrimsImage } from "./prims-image.ts";

export const READ_WRITE = VMA_MAPPED | VMA_READ | VMA_WRITE;
/** Pages of the program's image: its stack is the first, then comes the array of pagemap entries. */
const STACK_PAGE = 0;
const PAGEMAP_BUFFER_PAGE = 1;

/** The measured program's process: its own instructions, its loops over pages and its system calls. */
export class MeasuredProcess {
  readonly #kernel: Kernel;
  readonly #ledger: Ledger;

  constructor(kernel: Kernel, ledger: Ledger) {
    this.#kernel = kernel;
    this.#ledger = ledger;
  }

  /** Instructions of its own code. */
  code(instructions: number): void {
    this.#ledger.charge(P.program_instruction, instructions);
  }

  /** A loop of stores. An instruction that faults is begun once more for each fault. */
  stores(first: number, count: number, stride: number): void {
    this.code(count * CODE.store);
    this.storesWithRetries(first, count, stride);
  }

  /** The same, of which the instructions that are begun once more are all that is charged. */
  storesWithRetries(first: number, count: number, stride: number): void {
    const kernel = this.#kernel;
    const before = kernel.userFaults;
    for (let i = 0; i < count; i++) kernel.store(first + i * stride);
    this.code(kernel.userFaults - before);
  }

  getpid(): void {
    this.code(CODE.getpid);
    this.#kernel.enter();
    this.#ledger.charge(P.linux_getpid, 1);
    this.#kernel.leave();
  }

  /** A write to a pipe and a read from one. @param wait what the read does before there is something to read */
  pipePair(wait: () => void): void {
    const kernel = this.#kernel;
    kernel.enter();
    kernel.leave();
    kernel.enter();
    this.#ledger.charge(P.linux_pipe, 1);
    wait();
    kernel.leave();
  }

  mprotect(first: number, pageCount: number, rights: number): void {
    this.#kernel.enter();
    this.#kernel.memory.protect(first, pageCount, rights);
    this.#kernel.leave();
  }

  /** Memory of its own at the top of what is free. @returns its first page */
  mapPlain(pageCount: number): number {
    const kernel = this.#kernel;
    kernel.enter();
    this.#ledger.charge(P.linux_mmap, 1);
    const first = kernel.memory.findGap(pageCount, MAPPINGS_END);
    kernel.memory.map(first, pageCount, READ_WRITE);
    kernel.leave();
    return first;
  }

  /** The same without huge pages. */
  map(pageCount: number): number {
    const kernel = this.#kernel;
    const first = this.mapPlain(pageCount);
    kernel.enter();
    this.#ledger.charge(P.linux_madvise, 1);
    kernel.memory.changeFlags(first, pageCount, VMA_NO_HUGE, 0);
    kernel.leave();
    return first;
  }

  unmap(first: number, pageCount: number): void {
    this.#kernel.enter();
    this.#ledger.charge(P.linux_munmap, 1);
    this.#kernel.memory.unmap(first, pageCount);
    this.#kernel.leave();
  }

  /** Writes to clear_refs; the first store after it, to the stack, faults. */
  clearRefs(): void {
    const kernel = this.#kernel;
    kernel.enter();
    kernel.memory.clearRefs();
    kernel.leave();
    const before = kernel.userFaults;
    kernel.store(STACK_PAGE);
    this.code(kernel.userFaults - before);
  }

  /** pread of pagemap into the program's array. @returns the pages that are soft-dirty */
  readPagemap(first: number, pages: number): Uint32Array {
    const kernel = this.#kernel;
    kernel.enter();
    const softDirty = kernel.memory.readPagemap(first, pages);
    const endBytes = PAGEMAP_BUFFER_OFFSET_BYTES + pages * PAGEMAP_ENTRY_BYTES;
    for (let page = 0; page * PAGE_BYTES < endBytes; page++) kernel.copyToUser(PAGEMAP_BUFFER_PAGE + page);
    kernel.leave();
    return softDirty;
  }

  /**
   * fork, _exit in the child, waitpid: the parent goes on first until it waits; the child runs through its first steps in the
   * C library and exits; by then what it shared is the parent's alone.
   */
  forkExitWait(image: PrimsImage): void {
    const kernel = this.#kernel;
    this.code(CODE.fork);
    kernel.enter();
    const child = new MeasuredProcess(fork(kernel), this.#ledger);
    kernel.leave();
    this.storesWithRetries(image.stack, 1, 1);
    kernel.enter();
    kernel.switchProcess();
    child.#beginAndExit(image);
    kernel.switchProcess();
    this.#ledger.charge(P.linux_wait, 1);
    // The thread was switched from: rseq is told where it runs, before user mode goes on.
    kernel.copyToUser(image.thread);
    kernel.leave();
  }

  #beginAndExit(image: PrimsImage): void {
    const kernel = this.#kernel;
    begin(kernel, image.thread);
    const before = kernel.userFaults;
    for (const page of image.code) kernel.load(page);
    for (const page of [image.stack, ...image.library]) kernel.store(page);
    this.code(kernel.userFaults - before);
    // set_robust_list
    kernel.enter();
    kernel.leave();
    kernel.enter();
    exit(kernel);
  }

  /** ioctl of the privcmd driver. @param known the hypercall xen_version, else a number that the driver does not know */
  ioctl(known: boolean): void {
    const kernel = this.#kernel;
    this.code(known ? CODE.privcmd : CODE.badIoctl);
    kernel.enter();
    this.#ledger.charge(P.linux_ioctl, 1);
    if (known) {
      this.#ledger.charge(P.linux_privcmd, 1);
      kernel.platform.driverHypercall();
    }
    kernel.leave();
  }

  /** UFFDIO_WRITEPROTECT. */
  writeProtect(first: number, pages: number, protect: boolean): void {
    const kernel = this.#kernel;
    kernel.enter();
    this.#ledger.charge(P.linux_ioctl, 1);
    kernel.userfaultWriteProtect(first, pages, protect);
    kernel.leave();
  }
}
