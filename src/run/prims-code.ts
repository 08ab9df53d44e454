import type { KernelBuildName } from "../linux/kernel-build.ts";

/** Pages that stay writable on both sides of the measured region, in the same mapping. */
export const GUARD_PAGES = 16;
/** Pages of the region in the cases of faults, and how many of them fault. */
export const FAULT_REGION_PAGES = 512;
export const FAULTS = 256;
export const CYCLE_PAGES = 4096;
/** What the trace reader has mapped above everything else while events are recorded: its index and its buffer. */
export const TRACE_PAGES = [4, 2048] as const;

export const MODELLED: ReadonlySet<string> = new Set([
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
/** Pages of the program's array for pagemap entries, which is not aligned. */
export const PAGEMAP_BUFFER_PAGES = 9;
export const PAGEMAP_ENTRIES_PER_PAGE = 512;

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
  load: 5,
  /** SIGSEGV handler that notes the page and opens it, the mprotect in it and the return to the kernel. */
  handler: 28,
  emptyHandler: 6,
  tgkill: 19,
  copy: 530,
  clearRefs: 15,
  readPagemap: 25,
  softDirtyCycle: 24_625,
  softDirtyCopy: 529,
  mmapPair: 25,
  privcmd: 35,
  badIoctl: 40,
  writeProtect: 37,
  writeProtectHandler: 41,
  copyOnly: 528,
  pipeLoopSetup: 13,
  /** A write to a pipe and a read from it. */
  pipePair: 24,
  /** Both processes' part of a round trip. */
  pingPong: 50,
} as const;
