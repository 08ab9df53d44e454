import type { Ledger } from "../machine/ledger.ts";
import { PageTable, PTE_PRESENT, PTE_WRITABLE, WINDOW_PAGES } from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import type { Hypervisor } from "../xen/pv/hypervisor.ts";
import type { XenServices } from "../xen/services.ts";
import type { GuestProcess, Protection, SignalName, Vpn } from "./guest-process.ts";
import { GuestError } from "./guest-process.ts";
import { type GuestEnvironment, HOSTS } from "./hosts.ts";
import { Kernel, PROTECTION_FLAGS, vmaFlags } from "./kernel.ts";
import { DEFAULT_BUILD, type KernelBuildName, type KernelVersion, kernelBuild } from "./kernel-build.ts";
import { pathLengths } from "./path-lengths.ts";
import { VMA_MAPPED, VMA_SPECIAL, VMA_UFFD_WP } from "./vma-map.ts";

export interface GuestOptions {
  readonly environment: GuestEnvironment;
  readonly kernel: KernelVersion;
  /** Which build of that kernel; the usual one when left out. */
  readonly build?: KernelBuildName;
}

/** A guest with one process, which may fork (`fork`), and the hypervisor under it where there is one. */
export interface Guest {
  readonly process: GuestProcess;
  /** What Xen offers to the process; undefined without a hypervisor. */
  readonly xen: XenServices | undefined;
  /** Instructions of each step, by primitive number. */
  readonly pathLengths: Float64Array;
  readonly kernel: Kernel;
  readonly hypervisor: Hypervisor | undefined;
}

/** Mappings lie below mmap_base, without randomisation 0x7ffff7fff000: the last page before the border that the window ends at. */
export const MAPPINGS_END: Vpn = WINDOW_PAGES - 1;
/** Entries of /proc/pid/pagemap that a page holds, each of 8 bytes. */
export const PAGEMAP_ENTRIES_PER_PAGE = 512;
const VVAR_PAGES = 4;
const VDSO_PAGES = 2;
/** Address space that a mapping keeps free behind it so that it can grow in place: the largest WebAssembly memory. */
const RESERVED_PAGES = 1 << 20;

export function createGuest(options: GuestOptions, ledger: Ledger): Guest {
  const build = kernelBuild(options.build ?? DEFAULT_BUILD[options.kernel]);
  const table = new PageTable();
  const { platform, hypervisor, services } = HOSTS[options.environment](ledger, table, build);
  const kernel = boot(new Kernel(build, ledger, table, platform));
  return {
    process: new Process(kernel),
    xen: services(kernel),
    pathLengths: pathLengths(build.name, options.environment),
    kernel,
    hypervisor,
  };
}

/** What the kernel maps into every process at the top: vvar and vdso. */
function boot(kernel: Kernel): Kernel {
  kernel.memory.map(MAPPINGS_END - VDSO_PAGES, VDSO_PAGES, VMA_MAPPED | VMA_SPECIAL);
  kernel.memory.map(MAPPINGS_END - VDSO_PAGES - VVAR_PAGES, VVAR_PAGES, VMA_MAPPED | VMA_SPECIAL);
  return kernel;
}

interface Mapping {
  pageCount: number;
  readonly limit: number;
}

/** System calls and memory accesses of the process, in virtual page numbers. */
class Process implements GuestProcess {
  readonly #kernel: Kernel;
  /** Mappings that may grow, by their first page. */
  readonly #mappings = new Map<Vpn, Mapping>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * Reserves address space for `mostPages` (PROT_NONE, as engines of WebAssembly do) and opens its first `pageCount` pages,
   * so that the mapping can grow without moving.
   */
  mmap(pageCount: number, protection: Protection, mostPages = RESERVED_PAGES): Vpn {
    const kernel = this.#kernel;
    const limit = Math.max(pageCount, mostPages);
    kernel.enter();
    kernel.ledger.charge(P.linux_mmap, 1);
    const first = kernel.memory.findGap(limit, MAPPINGS_END);
    kernel.memory.map(first, limit, vmaFlags("none"));
    kernel.leave();
    this.#mappings.set(first, { pageCount, limit });
    this.mprotect(first, pageCount, protection);
    return first;
  }

  munmap(first: Vpn, pageCount: number): void {
    const kernel = this.#kernel;
    kernel.enter();
    kernel.ledger.charge(P.linux_munmap, 1);
    const mapping = this.#mappings.get(first);
    const whole = mapping !== undefined && mapping.pageCount === pageCount;
    kernel.memory.unmap(first, whole ? mapping.limit : pageCount);
    if (whole) this.#mappings.delete(first);
    kernel.leave();
  }

  extend(first: Vpn, newPageCount: number): void {
    const mapping = this.#mappings.get(first);
    if (mapping === undefined) throw new GuestError("mremap", "EINVAL", `no mapping starts at page ${first}`);
    if (newPageCount > mapping.limit) {
      throw new GuestError("mremap", "ENOMEM", `${newPageCount} pages are more than the ${mapping.limit} reserved`);
    }
    if (newPageCount <= mapping.pageCount) return;
    const added = newPageCount - mapping.pageCount;
    this.mprotect(first + mapping.pageCount, added, "rw");
    mapping.pageCount = newPageCount;
  }

  mprotect(first: Vpn, pageCount: number, protection: Protection): void {
    if (pageCount === 0) return;
    const kernel = this.#kernel;
    kernel.enter();
    kernel.memory.protect(first, pageCount, vmaFlags(protection) & PROTECTION_FLAGS, kernel.isHandlingFault);
    kernel.leave();
  }

  sigaction(signal: SignalName, handler: ((fault: Vpn) => void) | undefined): void {
    this.#kernel.setHandler(signal, handler);
  }

  store(page: Vpn, bytes?: number, stores?: number): void {
    this.#kernel.store(page, bytes, stores);
  }

  aroundFirstTouches(around: (page: Vpn, fault: () => void) => void): void {
    this.#kernel.aroundFirstTouches(around);
  }

  completesStore(page: Vpn): boolean {
    return this.#kernel.table.completesStore(page);
  }

  load(page: Vpn): void {
    this.#kernel.load(page);
  }

  copyToUser(first: Vpn, pageCount: number): void {
    for (let page = first; page < first + pageCount; page++) this.#kernel.copyToUser(page);
  }

  clearRefs(): void {
    const kernel = this.#kernel;
    kernel.enter();
    kernel.memory.clearRefs();
    kernel.leave();
  }

  readPagemap(first: Vpn, pageCount: number, buffer: Vpn): Uint32Array {
    const kernel = this.#kernel;
    kernel.enter();
    const softDirty = kernel.memory.readPagemap(first, pageCount);
    const written = Math.ceil(pageCount / PAGEMAP_ENTRIES_PER_PAGE);
    for (let i = 0; i < written; i++) kernel.copyToUser(buffer + i);
    kernel.leave();
    return softDirty;
  }

  readFrames(first: Vpn, pageCount: number, buffer: Vpn): Int32Array {
    this.readPagemap(first, pageCount, buffer);
    const { platform } = this.#kernel;
    const frames = new Int32Array(pageCount);
    for (let i = 0; i < pageCount; i++) frames[i] = platform.frameOf?.(first + i) ?? first + i;
    return frames;
  }

  setUserfaultThread(handler: ((fault: Vpn) => void) | undefined): void {
    this.#kernel.setUserfaultThread(handler);
  }

  userfaultRegister(first: Vpn, pageCount: number): void {
    this.#setUserfault(first, pageCount, VMA_UFFD_WP, 0);
  }

  userfaultUnregister(first: Vpn, pageCount: number): void {
    this.#setUserfault(first, pageCount, 0, VMA_UFFD_WP);
  }

  userfaultWriteProtect(first: Vpn, pageCount: number, protect: boolean): void {
    const kernel = this.#kernel;
    kernel.enter();
    kernel.ledger.charge(P.linux_ioctl, 1);
    if ((kernel.memory.vmas.flagsOf(first) & VMA_UFFD_WP) === 0) {
      throw new GuestError("UFFDIO_WRITEPROTECT", "ENOENT", `page ${first} is not registered`);
    }
    kernel.userfaultWriteProtect(first, pageCount, protect);
    kernel.leave();
  }

  #setUserfault(first: Vpn, pageCount: number, set: number, clear: number): void {
    const kernel = this.#kernel;
    const { vmas } = kernel.memory;
    kernel.enter();
    kernel.ledger.charge(P.linux_ioctl, 1);
    kernel.ledger.charge(P.linux_uffd_register, 1);
    const before = vmas.count;
    kernel.memory.changeFlags(first, pageCount, set, clear);
    const more = vmas.count - before;
    if (more > 0) kernel.ledger.charge(P.linux_vma_split, more);
    else if (more < 0) kernel.ledger.charge(P.linux_vma_merge, -more);
    kernel.leave();
  }

  isWriteProtected(page: Vpn): boolean {
    const flags = this.#kernel.table.flags[page];
    return (flags & PTE_PRESENT) !== 0 && (flags & PTE_WRITABLE) === 0;
  }

  nullSystemCall(): void {
    const kernel = this.#kernel;
    kernel.enter();
    kernel.ledger.charge(P.linux_getpid, 1);
    kernel.leave();
  }

  watchStores(first: Vpn, table: Uint8Array, bit: number): void {
    this.#kernel.table.watch(first, table, bit);
  }
}
