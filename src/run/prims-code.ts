import type { KernelBuildName } from "../linux/kernel-build.ts";

/** Pages that stay writable on both sides of the measured region, in the same mapping. */
export const GUARD_PAGES = 16;
/** Pages of the region in the cases of faults, and how many of them fault. */
export const FAULT_REGION_PAGES = 512;
export const FAULTS = 256;
export const CYCLE_PAGES = 4096;
/** What the trace reader has mapped above everything else while events are recorded: its index and its buffer. */
export const TRACE_PAGES = [4, 2048] as const;

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
  "cow_fault_after_fork",
  "fork_exit_wait",
  "softdirty_clear_refs",
  "softdirty_write_fault",
  "softdirty_read_pagemap",
  "softdirty_cycle_4096",
  "mmap_munmap_4pages_untouched",
  "privcmd_xen_version_hypercall",
  "privcmd_bad_ioctl",
  "uffd_wp_protect",
  "uffd_wp_unprotect",
  "uffd_wp_fault_sigbus",
  "uffd_wp_fault_thread",
  "pipe_self_write_read",
  "pipe_pingpong_2switches",
]);

/** Resident pages of the program besides its mappings: text, data, stack; with the trace reader's own when it runs. */
export const IMAGE_PAGES = 254;
export const TRACED_IMAGE_PAGES: Readonly<Record<KernelBuildName, number>> = {
  "5.10-lean": 261,
  "6.1-default": 261,
  "6.1-pti": 259,
};
export const PAGE_BYTES = 4096;
/** Where the program's array for pagemap entries, which is not aligned, begins in its first page, and how many it holds. */
export const PAGEMAP_BUFFER_OFFSET_BYTES = 0x3a0;
const PAGEMAP_BUFFER_ENTRIES = 8192;
export const PAGEMAP_ENTRY_BYTES = 8;
/** Memory of the measured guest, which has no swap. */
const GUEST_PAGES = (1 << 30) / PAGE_BYTES;
/** Primitives whose n pages are a mapping of the program. */
const OF_N_PAGES: ReadonlySet<string> = new Set([
  "mprotect_rw_to_ro",
  "mprotect_ro_to_rw",
  "mprotect_ro_to_rw_then_touch",
  "fork_exit_wait",
  "softdirty_clear_refs",
  "softdirty_write_fault",
  "softdirty_read_pagemap",
  "uffd_wp_protect",
  "uffd_wp_unprotect",
]);
/** The program keeps n in an int. */
const MOST_N = 2 ** 31 - 1;

/** Why a case cannot be simulated, or undefined when it can: what the program itself cannot do is not made up. */
export function whyNotSimulated(primitive: string, n: number): string | undefined {
  if (!MODELLED.has(primitive)) return "no such primitive is simulated";
  if (n > MOST_N) return `the measured program keeps n in an int, up to ${MOST_N}`;
  if (OF_N_PAGES.has(primitive) && n > GUEST_PAGES) return `the measured guest has ${GUEST_PAGES} pages of memory`;
  if (primitive === "copy_only" && n > CYCLE_PAGES) {
    return `the measured program copies to a buffer of ${CYCLE_PAGES} pages, and would write beyond it`;
  }
  if (primitive === "softdirty_read_pagemap" && n > PAGEMAP_BUFFER_ENTRIES) {
    return `the measured program reads into an array of ${PAGEMAP_BUFFER_ENTRIES} entries, and would write beyond it`;
  }
  return undefined;
}

/** Two marks and the call through the table of cases: in the split of instructions, but not in their total. */
export const HARNESS_INSTRUCTIONS = 5;

/** Instructions of the measured program's own code, read off the user mode's share of the cases. */
export const CODE = {
  loopSetup: 5,
  getpid: 16,
  /** mprotect through the C library, and its check. */
  mprotect: 14,
  mprotectInLoop: 10,
  /** One store of a loop over pages. */
  store: 4,
  /** The same in a loop that counts, too. */
  countedStore: 5,
  load: 5,
  /** SIGSEGV handler that notes the page and opens it, the mprotect in it and the return to the kernel. */
  handler: 28,
  emptyHandler: 6,
  tgkill: 19,
  /** Copies of a page: from the handler's list, of one that pagemap calls dirty (besides the test), in a plain loop. */
  copy: 529,
  clearRefs: 15,
  readPagemap: 25,
  softDirtyCycle: 24_625,
  softDirtyCopy: 528,
  mmapPair: 25,
  privcmd: 35,
  badIoctl: 40,
  writeProtect: 37,
  writeProtectHandler: 41,
  /** Turn of the thread that reads an event and opens the page, counted in the program's code as the same compiler makes it. */
  userfaultThread: 97,
  copyOnly: 528,
  /** Both processes' part of a fork: the call, the child's and the parent's steps in the C library, _exit and waitpid. */
  fork: 228,
  pipeLoopSetup: 13,
  /** A write to a pipe and a read from it. */
  pipePair: 24,
  /** Both processes' part of a round trip. */
  pingPong: 50,
} as const;
