import { P } from "../machine/primitives.ts";

/**
 * Path lengths of Linux's steps, in instructions. Six columns: 5.10-lean, 6.1-default and 6.1-pti, each on bare hardware
 * and under Xen PV, where the same function is longer by its paravirtual calls. A length is 0 where the step does not occur.
 *
 * Instructions of the functions that make up a step, and differences between measured cases, with all cases of a build
 * reconciled by least squares; `source` says which functions or which difference. "Derived" marks what no case isolates.
 */
export const LINUX_STEPS: readonly LinuxStep[] = [
  {
    step: P.linux_syscall,
    lengths: [178, 158, 244, 227, 256, 234],
    source: "getpid less its body; PV: entered by a bounce frame, left by the iret hypercall",
  },
  {
    step: P.linux_getpid,
    lengths: [49, 49, 61, 61, 61, 61],
    source: "__task_pid_nr_ns, __x64_sys_getpid and, in 6.1, RCU read lock",
  },
  {
    step: P.linux_exception,
    lengths: [240, 243, 241, 290, 241, 350],
    source: "asm_exc_page_fault, error_entry, exc_page_fault, irqentry_exit, return by iret",
  },
  {
    step: P.linux_fault,
    lengths: [190, 190, 486, 488, 484, 488],
    source: "do_user_addr_fault with find_vma (6.1: mt_find and mtree_range_walk)",
  },
  {
    step: P.linux_fault_bad_access,
    lengths: [108, 108, 662, 682, 509, 534],
    source: "__bad_area_nosemaphore and force_sig_fault; protection fault less signal, mprotect and sigreturn",
  },
  {
    step: P.linux_fault_walk,
    lengths: [359, 1141, 460, 1244, 489, 1219],
    source: "handle_mm_fault; PV: a paravirtual call for each level read (pte_mfn_to_pfn, pmd_val, pud_val)",
  },
  {
    step: P.linux_fault_anonymous,
    lengths: [1427, 1451, 1497, 1534, 1533, 1563],
    source: "first touch less exception, VMA, walk and clear_page",
  },
  {
    step: P.linux_fault_zero_page,
    lengths: [83, 89, 152, 171, 157, 187],
    source: "first read less exception, VMA and walk",
  },
  {
    step: P.linux_fault_cow,
    lengths: [1675, 1924, 1772, 2018, 1820, 2080],
    source: "do_wp_page and wp_page_copy: copy on write of the zero page less the steps around it",
  },
  {
    step: P.linux_fault_reuse,
    lengths: [199, 166, 103, 94, 111, 96],
    source: "do_wp_page and ptep_set_access_flags: second fault of 5.10, and write after clear_refs",
  },
  {
    step: P.linux_clear_page,
    lengths: [520, 520, 520, 520, 520, 520],
    source: "clear_page_rep: 512 stores and 4 instructions, and its caller",
  },
  {
    step: P.linux_copy_page,
    lengths: [700, 700, 700, 700, 700, 700],
    source:
      "copy_page by rep movsq: 512 moves, its caller, and the mapping of the old page dropped; derived, no case isolates it",
  },
  {
    step: P.linux_tgkill,
    lengths: [590, 590, 764, 764, 782, 780],
    source: "tgkill with signal 0 less the system call",
  },
  {
    step: P.linux_signal_send,
    lengths: [670, 694, 679, 688, 688, 700],
    source:
      "__send_signal, prepare_signal, complete_signal, allocation; signal case less tgkill, shared out with delivery",
  },
  {
    step: P.linux_signal_deliver,
    lengths: [1058, 1118, 1220, 1250, 1244, 1284],
    source: "get_signal, arch_do_signal_or_restart, copy_fpstate_to_sigframe",
  },
  {
    step: P.linux_sigreturn,
    lengths: [670, 694, 679, 688, 688, 700],
    source: "rt_sigreturn, restore_sigcontext, __fpu__restore_sig",
  },
  {
    step: P.linux_mmap,
    lengths: [1726, 2056, 6198, 6545, 6108, 6596],
    source: "mmap and munmap of 4 untouched pages, shared out evenly",
  },
  {
    step: P.linux_munmap,
    lengths: [1726, 2056, 6198, 6545, 6108, 6596],
    source: "mmap and munmap of 4 untouched pages, shared out evenly",
  },
  {
    step: P.linux_madvise,
    lengths: [900, 900, 900, 900, 900, 900],
    source: "derived: as mprotect of a VMA without pages; no case measures it",
  },
  {
    step: P.linux_zap_pte,
    lengths: [350, 350, 350, 350, 350, 350],
    source: "derived: zap_pte_range and free_unref_page of one page; no case measures it",
  },
  {
    step: P.linux_vma_split,
    lengths: [1306, 1326, 4183, 4166, 4234, 4211],
    source: "mprotect RW to RO in the middle of a VMA (two splits) less the other steps: vm_area_dup, __vma_adjust",
  },
  {
    step: P.linux_vma_shift,
    lengths: [561, 579, 2939, 2757, 3135, 2857],
    source: "vma_merge and __vma_adjust of sequential protection faults and of the cycle with n = 1",
  },
  {
    step: P.linux_vma_bridge,
    lengths: [2055, 2099, 4602, 4521, 4650, 4571],
    source: "mprotect RO to RW between two RW neighbours: __vma_adjust, two VMAs freed",
  },
  {
    step: P.linux_vma_merge,
    lengths: [1300, 1300, 1300, 1300, 1300, 1300],
    source: "derived: between shift and bridge; no case isolates it",
  },
  {
    step: P.linux_vma_level,
    lengths: [83, 83, 110, 110, 110, 110],
    source:
      "interval tree of anonymous mappings, rb-tree or maple tree: entries and instructions at 256 split VMAs against few",
  },
  {
    step: P.linux_vma_lookup_level,
    lengths: [6, 6, 6, 6, 6, 6],
    source: "find_vma (5.10: rb-tree; 6.1: mtree_range_walk) at 256 split VMAs against few",
  },
  {
    step: P.linux_vma_node_split,
    lengths: [0, 0, 6710, 7677, 7277, 7465],
    source:
      "mas_split, mas_rebalance, mas_wr_bnode, mas_descend_adopt and the copies around them, in the cycle with n = 256",
  },
  {
    step: P.linux_vma_node_balance,
    lengths: [0, 0, 4651, 5348, 5058, 5194],
    source: "mas_push_data, mas_rebalance, mas_wr_bnode and the copies around them, in the cycle with n = 256",
  },
  {
    step: P.linux_slab_slow,
    lengths: [0, 0, 521, 514, 448, 446],
    source: "___slab_alloc, __slab_free, rcu_core: loop of 200 mprotect pairs against single calls",
  },
  {
    step: P.linux_slab,
    lengths: [0, 0, 10001, 10000, 10000, 10000],
    source: "new slab in the loop of 200 mprotect pairs: clear_page, shuffling (blake2s), ___slab_alloc",
  },
  {
    step: P.linux_mprotect,
    lengths: [280, 281, 1000, 982, 1000, 991],
    source: "do_mprotect_pkey, locks, find_vma, in 6.1 maple-tree state and its end",
  },
  {
    step: P.linux_mprotect_vma,
    lengths: [289, 295, 437, 432, 439, 433],
    source: "mprotect_fixup, vma_set_page_prot, start of change_protection",
  },
  {
    step: P.linux_mprotect_skip,
    lengths: [20, 20, 20, 20, 20, 20],
    source: "derived: next VMA and comparison of flags",
  },
  {
    step: P.linux_change_table,
    lengths: [490, 969, 314, 822, 355, 850],
    source: "difference between 512 and 4096 pages beyond that of the PTEs; PV: paravirtual reads of the levels",
  },
  {
    step: P.linux_change_pte,
    lengths: [82, 82, 132, 132, 135, 135],
    source: "change_protection and ptep_modify_prot_start and _commit for each page of 512 to 4096",
  },
  { step: P.linux_change_none, lengths: [9, 9, 9, 9, 9, 9], source: "derived: test of an empty PTE and loop" },
  {
    step: P.linux_change_writable,
    lengths: [0, 0, 61, 120, 62, 122],
    source: "vm_normal_page and can_change_pte_writable: RO to RW less RW to RO for each page of 4096",
  },
  { step: P.linux_flush_range, lengths: [110, 110, 119, 119, 119, 119], source: "flush_tlb_mm_range, flush_tlb_func" },
  {
    step: P.linux_flush_page,
    lengths: [23, 23, 23, 23, 24, 24],
    source: "native: flush_tlb_one_user in a loop; 1 against 8 pages",
  },
  { step: P.linux_flush_all, lengths: [69, 69, 70, 70, 70, 70], source: "native_flush_tlb_local" },
  { step: P.linux_clear_refs, lengths: [8119, 20613, 14075, 29846, 14209, 28972], source: "clear_refs less its walk" },
  {
    step: P.linux_clear_refs_vma,
    lengths: [402, 525, 404, 456, 404, 452],
    source: "clear_refs with the number of VMAs: walk_page_range, find_vma",
  },
  {
    step: P.linux_clear_refs_pte,
    lengths: [40, 40, 40, 40, 43, 43],
    source: "clear_refs_pte_range and ptep_modify_prot of the cycle, whose pages are mostly clean",
  },
  {
    step: P.linux_clear_refs_write,
    lengths: [8, 6, 9, 8, 9, 8],
    source: "clear_refs for each dirty page of 512 to 4096 against the clean ones of the cycle",
  },
  {
    step: P.linux_pagemap,
    lengths: [2660, 4000, 4691, 6091, 4741, 6173],
    source: "pagemap_read less its walk to the end of the last page-table page",
  },
  {
    step: P.linux_pagemap_pte,
    lengths: [103, 233, 109, 249, 110, 250],
    source: "pagemap_pmd_range for each page of 64 to 4096",
  },
  { step: P.linux_pagemap_none, lengths: [14, 14, 14, 14, 14, 14], source: "derived: an entry without a page" },
  {
    step: P.linux_uffd_writeprotect,
    lengths: [330, 321, 733, 751, 721, 742],
    source: "UFFDIO_WRITEPROTECT of one page less the walk",
  },
  {
    step: P.linux_uffd_pte,
    lengths: [79, 79, 130, 124, 133, 127],
    source: "UFFDIO_WRITEPROTECT for each page of 64 to 4096",
  },
  {
    step: P.linux_uffd_pte_clear,
    lengths: [82, 82, 121, 126, 124, 129],
    source: "UFFDIO_WRITEPROTECT without its mode bit, for each page of 512 to 4096",
  },
  { step: P.linux_uffd_fault, lengths: [162, 151, 0, 0, 0, 0], source: "handle_userfault with UFFD_FEATURE_SIGBUS" },
  {
    step: P.linux_uffd_event,
    lengths: [1000, 1000, 1000, 1000, 1000, 1000],
    source:
      "derived: handle_userfault's queue and userfaultfd_read; half of a pipe's write and read; no case measures it",
  },
  {
    step: P.linux_uffd_register,
    lengths: [600, 600, 600, 600, 600, 600],
    source: "derived: as madvise, less the search for its own VMA; no case measures it",
  },
  {
    step: P.linux_switch,
    lengths: [2769, 3482, 2846, 3531, 2844, 3553],
    source:
      "ping-pong between two processes less system calls, pipes and the page tables' change; try_to_wake_up, __schedule",
  },
  {
    step: P.linux_wake,
    lengths: [900, 900, 900, 900, 900, 900],
    source: "derived: try_to_wake_up's part of linux.switch; no case has a second processor",
  },
  {
    step: P.linux_schedule_idle,
    lengths: [1869, 2582, 1946, 2631, 1944, 2653],
    source: "derived: linux.switch less linux.wake; no case has a second processor",
  },
  {
    step: P.linux_switch_mm,
    lengths: [75, 260, 75, 260, 75, 260],
    source: "switch_mm_irqs_off and write of CR3; PV: xen_write_cr3, xen_mc_flush; part of the ping-pong",
  },
  {
    step: P.linux_pipe,
    lengths: [1696, 1770, 1833, 1854, 1871, 1894],
    source: "write to and read from one's own pipe less the system calls",
  },
  {
    step: P.linux_fork,
    lengths: [30000, 40000, 36000, 44000, 36000, 44000],
    source:
      "fork, exit and wait with n = 1 less the steps around them, shared out among the three (derived): copy_process, dup_task_struct, copy_files, copy_sighand, random numbers, wake_up_new_task",
  },
  {
    step: P.linux_fork_vma,
    lengths: [1100, 1100, 1500, 1500, 1500, 1500],
    source: "derived: vm_area_dup, anon_vma_fork and two to four kmem_cache_alloc, of the functions with n = 1",
  },
  {
    step: P.linux_fork_pte,
    lengths: [108, 108, 115, 115, 117, 117],
    source: "copy_page_range, vm_normal_page and set_pte for each page of 1 to 4096",
  },
  {
    step: P.linux_fork_table,
    lengths: [1600, 1800, 2200, 2400, 2200, 2400],
    source:
      "derived: pte_alloc_one, get_page_from_freelist, charging it, free_pgtables and a page for the batch of pages to free; what 1 to 4096 pages take beyond the steps for each",
  },
  {
    step: P.linux_exit,
    lengths: [18000, 22000, 24000, 28000, 24000, 28000],
    source: "as linux.fork: do_exit, exit_files, exit_signals, exit_notify",
  },
  {
    step: P.linux_exit_vma,
    lengths: [600, 600, 700, 700, 700, 700],
    source: "derived: unlink_anon_vmas, unlink_file_vma, vm_area_free, of the functions with n = 1",
  },
  {
    step: P.linux_exit_pte,
    lengths: [218, 218, 277, 277, 283, 283],
    source:
      "unmap_page_range, vm_normal_page, page_remove_rmap, lock_page_memcg, __tlb_remove_page_size, release_pages, free_swap_cache for each page of 1 to 4096",
  },
  {
    step: P.linux_wait,
    lengths: [5325, 6902, 7204, 7428, 6066, 6035],
    source: "as linux.fork: do_wait, wait_task_zombie, release_task",
  },
  {
    step: P.linux_fault_file,
    lengths: [900, 900, 900, 900, 900, 900],
    source: "derived: do_read_fault, filemap_map_pages without its turns; half of two faults of the forked child",
  },
  {
    step: P.linux_fault_file_pte,
    lengths: [230, 260, 230, 260, 230, 260],
    source: "filemap_map_pages, alloc_set_pte (6.1: next_uptodate_page, do_set_pte) for each of the child's 32 pages",
  },
  {
    step: P.linux_ioctl,
    lengths: [246, 299, 443, 334, 437, 335],
    source: "ioctl with an unknown number less the system call",
  },
  { step: P.linux_privcmd, lengths: [70, 68, 70, 74, 70, 76], source: "privcmd hypercall less the failing ioctl" },
  {
    step: P.linux_epml,
    lengths: [120, 0, 120, 0, 120, 0],
    source:
      "estimate (half to twice): lookup of the tracked process, begin and end of a loop; the processor does not exist, nor does the driver",
  },
  {
    step: P.linux_epml_pte,
    lengths: [45, 0, 45, 0, 45, 0],
    source: "estimate (half to twice): a walk's turn as in clear_refs, pte_mkclean, SetPageDirty",
  },
  {
    step: P.linux_epml_interrupt,
    lengths: [330, 0, 330, 0, 330, 0],
    source: "estimate (half to twice): asm_sysvec entry and exit, irq_enter and irq_exit, end of interrupt",
  },
  {
    step: P.linux_epml_entry,
    lengths: [10, 0, 10, 0, 10, 0],
    source: "estimate (half to twice): one turn of a copying loop",
  },
  {
    step: P.linux_log_switch,
    lengths: [70, 0, 70, 0, 70, 0],
    source: "estimate (half to twice): preempt notifier's sched_out or sched_in",
  },
  {
    step: P.linux_copy_to_user,
    lengths: [40, 40, 40, 40, 40, 40],
    source: "derived: copy_user_generic_string for a page without its moves",
  },
  {
    step: P.linux_xen_batch,
    lengths: [0, 197, 0, 375, 0, 400],
    source: "xen_mc_flush, xen_leave_lazy_mmu, xen_mc_issue",
  },
  {
    step: P.linux_xen_entry,
    lengths: [0, 247, 0, 398, 0, 407],
    source: "xen_ptep_modify_prot_commit, xen_extend_mmu_update, pte_val for each page of a batch",
  },
  { step: P.linux_xen_set_pte, lengths: [0, 227, 0, 214, 0, 229], source: "xen_set_pte with its hypercall" },
  {
    step: P.linux_xen_fork_pte,
    lengths: [0, 221, 0, 247, 0, 256],
    source:
      "xen_set_pte in lazy mode, xen_extend_mmu_update, pte_mfn_to_pfn: fork for each page of 1 to 4096, against the same on bare hardware",
  },
  {
    step: P.linux_xen_exit_pte,
    lengths: [0, 62, 0, 62, 0, 62],
    source: "pte_mfn_to_pfn (6.1: xen_pte_val, mfn_to_pfn) for each page of 1 to 4096",
  },
  {
    step: P.linux_xen_pin,
    lengths: [0, 300, 0, 320, 0, 320],
    source: "derived: xen_pin_page or xen_unpin_page with two entries of a multicall; no case isolates it",
  },
  {
    step: P.linux_xen_pin_walk,
    lengths: [0, 4100, 0, 4000, 0, 4000],
    source: "__xen_pgd_walk of a fork and an exit, over five page-table pages above the last level each",
  },
  {
    step: P.linux_xen_update,
    lengths: [0, 239, 0, 243, 0, 250],
    source: "xen_ptep_modify_prot_commit and xen_mc_flush of one entry: clear_refs for each page",
  },
  {
    step: P.linux_xen_flush_page,
    lengths: [0, 149, 0, 163, 0, 166],
    source: "xen_flush_tlb_one_user with its multicall entry",
  },
  { step: P.linux_xen_flush_all, lengths: [0, 163, 0, 188, 0, 177], source: "xen_flush_tlb with its multicall entry" },
];

export interface LinuxStep {
  readonly step: number;
  readonly lengths: readonly [number, number, number, number, number, number];
  readonly source: string;
}
