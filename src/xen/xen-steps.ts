import { P } from "../machine/primitives.ts";

/**
 * Path lengths of Xen 4.17's steps, in instructions. Three columns: without speculation control and XPTI (under
 * 5.10-lean), with the defaults on a processor that needs no XPTI, and with XPTI and clearing of the branch history.
 *
 * Instructions of the functions that make up a step, and differences between measured cases, reconciled by least
 * squares. The checkpoint service has no measurement: its steps are composed of those of functions that it would run.
 */
export const XEN_STEPS: readonly XenStep[] = [
  {
    step: P.xen_syscall,
    lengths: [243, 293, 281],
    source: "lstar_enter from user mode, switch_to_kernel, toggle_guest_mode, make_cr3, restore_all_guest",
  },
  {
    step: P.xen_bounce_frame,
    lengths: [72, 72, 72],
    source: "create_bounce_frame: 71 for a system call, 74 for a fault",
  },
  {
    step: P.xen_hypercall,
    lengths: [234, 288, 297],
    source:
      "xen_version hypercall of the privcmd case less do_xen_version: lstar_enter, pv_hypercall, test_all_events, restore_all_guest",
  },
  {
    step: P.xen_iret,
    lengths: [130, 133, 130],
    source: "do_iret, copy_from_guest_pv, toggle_guest_mode, iret_exit_to_guest; getpid less the steps around it",
  },
  { step: P.xen_exception, lengths: [145, 200, 200], source: "handle_exception and do_page_fault" },
  { step: P.xen_exception_return, lengths: [60, 60, 60], source: "test_all_events and restore_all_guest" },
  {
    step: P.xen_inject,
    lengths: [233, 246, 244],
    source: "pv_inject_event, toggle_guest_mode, restore_all_guest; protection fault less the steps around it",
  },
  {
    step: P.xen_xpti,
    lengths: [0, 0, 606],
    source: "restore_all_guest copies the root page table, toggle_guest_mode flushes: getpid with XPTI against without",
  },
  {
    step: P.xen_mmu_update,
    lengths: [165, 174, 173],
    source: "do_mmu_update, get_pg_owner, page_lock, map_domain_page: mprotect of 1 against 8 and 64 pages",
  },
  {
    step: P.xen_mmu_update_entry,
    lengths: [366, 366, 366],
    source: "do_mmu_update's loop, copy_from_guest_ll, mod_l1_entry: mprotect RO to RW of 64 to 4096 pages in 5.10",
  },
  {
    step: P.xen_mmu_update_write,
    lengths: [285, 282, 282],
    source: "get_page_from_l1e, put_page_from_l1e, _put_page_type: mprotect RW to RO against RO to RW in 5.10",
  },
  {
    step: P.xen_mmu_update_map,
    lengths: [147, 120, 123],
    source: "get_page_from_l1e: first read of a page less the steps around it",
  },
  {
    step: P.xen_mmu_update_map_writable,
    lengths: [52, 52, 52],
    source: "get_page_type: first write of a page against first read",
  },
  {
    step: P.xen_mmu_update_unmap,
    lengths: [150, 125, 125],
    source: "put_page_from_l1e; derived from the entry that maps",
  },
  {
    step: P.xen_mmu_update_unpinned,
    lengths: [270, 270, 270],
    source:
      "do_mmu_update's loop, copy_from_guest_ll, get_page, __mfn_valid: fork for each page of 1 to 4096; derived, shared out with the validation of the same entries",
  },
  {
    step: P.xen_ptwr_rights,
    lengths: [224, 380, 404],
    source:
      "x86_decode, ptwr_emulated_insn_fetch and get_page_from_l1e beyond those of a cleared entry: fork for each page of 1 to 4096 less the other steps",
  },
  { step: P.xen_multicall, lengths: [60, 60, 60], source: "derived: do_multicall without its loop" },
  {
    step: P.xen_multicall_entry,
    lengths: [110, 110, 110],
    source: "derived: do_multicall's loop, copy_from_guest_ll and copy_to_guest_ll, arch_do_multicall_call",
  },
  {
    step: P.xen_multicall_mmuext_op,
    lengths: [170, 168, 169],
    source: "as xen.mmuext_op: do_mmuext_op does not know that it is part of a multicall",
  },
  {
    step: P.xen_update_va_mapping,
    lengths: [500, 500, 500],
    source:
      "derived: do_update_va_mapping, guest_get_eff_kern_l1e and what xen.mmu_update takes for an entry whose rights change",
  },
  {
    step: P.xen_pin_table,
    lengths: [15550, 15600, 15600],
    source: "_get_page_type over eleven page-table pages of a fork with n = 1: 27 for an entry, 512 of them",
  },
  {
    step: P.xen_pin_entry,
    lengths: [200, 200, 200],
    source:
      "get_page_from_l1e, __mfn_valid, get_page, is_iomem_page, and _get_page_type's loop: fork for each page of 1 to 4096",
  },
  {
    step: P.xen_unpin_table,
    lengths: [15050, 15050, 15050],
    source: "devalidate_page, put_page_from_l1e to _l4e over eleven page-table pages of an exit with n = 1",
  },
  {
    step: P.xen_unpin_entry,
    lengths: [90, 90, 90],
    source: "put_page_from_l1e, __mfn_valid: exit for each page of 1 to 4096",
  },
  {
    step: P.xen_ptwr,
    lengths: [1477, 1506, 1493],
    source: "pv_ro_page_fault, x86_decode, x86_emulate, ptwr_emulated_update: copy on write less the steps around it",
  },
  {
    step: P.xen_forced_cpuid,
    lengths: [330, 330, 330],
    source:
      "an estimate, unmeasured (200 to 600): do_invalid_op, emulate_forced_invalid_op with two copy_from_guest_pv, guest_cpuid, " +
      "in xen/arch/x86/pv/emul-inv-op.c and cpuid.c",
  },
  {
    step: P.xen_mmuext_op,
    lengths: [170, 168, 169],
    source: "do_mmuext_op, copy_from_guest_ll, get_pg_owner: mprotect of 1 against 8 pages",
  },
  { step: P.xen_flush_page, lengths: [68, 68, 68], source: "flush_area_local with INVLPG" },
  {
    step: P.xen_flush_all,
    lengths: [82, 76, 76],
    source: "flush_area_local with a write to CR3: mprotect of 64 pages less the steps around it",
  },
  {
    step: P.xen_new_baseptr,
    lengths: [860, 860, 860],
    source: "do_mmuext_op with NEW_BASEPTR, new_guest_cr3, get_page_and_type, pv_destroy_ldt: ping-pong less the rest",
  },
  { step: P.xen_segment_base, lengths: [33, 33, 33], source: "do_set_segment_base" },
  { step: P.xen_stack_switch, lengths: [28, 28, 28], source: "do_stack_switch" },
  { step: P.xen_version, lengths: [34, 34, 34], source: "do_xen_version" },
  {
    step: P.xen_vmexit,
    lengths: [130, 230, 230],
    source:
      "estimate, read not measured: vmx_asm_vmexit_handler (SAVE_ALL, CR2; defaults: RSB overwrite, SPEC_CTRL), vmx_vmexit_handler up to its switch",
  },
  {
    step: P.xen_vmentry,
    lengths: [220, 240, 240],
    source:
      "estimate, read not measured: vmx_intr_assist without an interrupt, nvmx_switch_guest, vmx_vmenter_helper, registers; defaults: VERW",
  },
  {
    step: P.xen_vmcall,
    lengths: [140, 150, 150],
    source: "estimate, read not measured: update_guest_eip, hvm_hypercall, hvm_guest_x86_mode, hvm_get_cpl",
  },
  {
    step: P.xen_shadow_walk,
    lengths: [1100, 1150, 1150],
    source:
      "estimate, read not measured: guest_walk_tables with four levels, each looked up in the p2m (get_page_from_gfn_p2m, p2m_pt_get_entry) and its frame referenced; sh_walk_guest_tables",
  },
  {
    step: P.xen_shadow_fault,
    lengths: [620, 660, 660],
    source:
      "estimate, read not measured: sh_page_fault less walk and propagation: hvm_get_cpl, get_gfn, paging_lock, shadow_prealloc, gw_remove_write_accesses of three levels, shadow_check_gl1e, linear maps",
  },
  {
    step: P.xen_shadow_propagate,
    lengths: [430, 440, 440],
    source:
      "estimate, read not measured: _sh_propagate with hvm_get_mem_pinned_cacheattr and iomem_access_permitted, get_gfn_query, shadow_set_l1e with shadow_get_page_from_l1e and the reference put",
  },
  {
    step: P.xen_shadow_prefetch,
    lengths: [60, 60, 60],
    source: "estimate, read not measured: sh_prefetch's loop with l1e_propagate_from_guest of an absent entry",
  },
  {
    step: P.xen_shadow_create,
    lengths: [1500, 1540, 1540],
    source:
      "estimate, read not measured: sh_make_shadow, shadow_alloc with clear_domain_page (512 stores), shadow_hash_insert, shadow_promote, sh_remove_write_access by its guess, propagation and shadow_set of the entry above",
  },
  {
    step: P.xen_shadow_destroy,
    lengths: [2300, 2320, 2320],
    source:
      "estimate, read not measured: sh_destroy_l1_shadow: delete_shadow_status, shadow_demote, SHADOW_FOREACH_L1E over 512 entries, shadow_free; sh_put_ref",
  },
  {
    step: P.xen_shadow_release,
    lengths: [70, 75, 75],
    source: "estimate, read not measured: shadow_put_page_from_l1e: put_page_from_l1e and the type count",
  },
  {
    step: P.xen_shadow_unsync,
    lengths: [760, 770, 770],
    source:
      "estimate, read not measured: sh_unsync, oos_hash_add with its memcpy of the page (512 moves), oos_fixup_add",
  },
  {
    step: P.xen_shadow_resync,
    lengths: [2250, 2280, 2280],
    source:
      "estimate, read not measured: _sh_resync: sh_remove_write_access_from_sl1p, guest_flush_tlb_mask, shadow_hash_lookup, SHADOW_FOREACH_L1E over 512 entries less those present",
  },
  {
    step: P.xen_shadow_compare,
    lengths: [8, 8, 8],
    source: "estimate, read not measured: sh_resync_l1: one entry against its snapshot",
  },
  {
    step: P.xen_shadow_invlpg,
    lengths: [190, 195, 195],
    source:
      "estimate, read not measured: vmx_invlpg_intercept, paging_invlpg, sh_invlpg through the linear maps; shadow_set_l1e of an empty entry",
  },
  {
    step: P.xen_shadow_cr3,
    lengths: [900, 930, 930],
    source:
      "estimate, read not measured: sh_update_cr3: paging_lock, sh_remove_write_access, sh_set_toplevel_shadow, hvm_update_guest_cr3, sh_update_linear_entries, vtlb_flush",
  },
  {
    step: P.xen_shadow_emulate,
    lengths: [2400, 2450, 2450],
    source:
      "estimate, read not measured: shadow_init_emulation, x86_emulate, sh_x86_emulate_write, validate_gl2e; as xen.ptwr_emulation, with the instruction fetched through the guest's tables",
  },
  {
    step: P.xen_shadow_validate,
    lengths: [220, 230, 230],
    source:
      "estimate, read not measured: sh_write_guest_entry: paging_lock, sh_validate_guest_entry, sh_map_and_validate, shadow_hash_lookup",
  },
  {
    step: P.xen_hvm_page_fault,
    lengths: [45, 50, 50],
    source: "estimate, read not measured: vmx_vmexit_handler's case of a page fault, paging_fault",
  },
  {
    step: P.xen_hvm_inject,
    lengths: [130, 135, 135],
    source:
      "estimate, read not measured: hvm_inject_page_fault, hvm_inject_event, vmx_inject_event; __vmx_inject_exception",
  },
  {
    step: P.xen_hvm_cpuid,
    lengths: [260, 260, 260],
    source: "estimate, read not measured: vmx_do_cpuid, hvm_check_cpuid_faulting, guest_cpuid, update_guest_eip",
  },
  {
    step: P.xen_hvm_cr_access,
    lengths: [110, 115, 115],
    source:
      "estimate, read not measured: vmx_cr_access, hvm_mov_to_cr or mov_from_cr, decode of the register, hvm_set_cr3, update_guest_eip",
  },
  {
    step: P.xen_ept_violation,
    lengths: [430, 430, 430],
    source:
      "estimate, read not measured (half to twice): ept_handle_violation, hvm_hap_nested_page_fault, get_gfn_type_access with ept_get_entry, put_gfn; a bit set",
  },
  {
    step: P.xen_ept_misconfiguration,
    lengths: [11000, 11000, 11000],
    source:
      "estimate, read not measured (half to twice): resolve_misconfig: its walk, and 512 entries with p2m_recalc_type and epte_get_entry_emt",
  },
  {
    step: P.xen_ept_recalculate,
    lengths: [1500, 1500, 1500],
    source:
      "estimate, read not measured (half to twice): p2m_change_entry_type_global, ept_invalidate_emt over the top's entries",
  },
  {
    step: P.xen_hvm_emulate,
    lengths: [900, 900, 900],
    source:
      "estimate, read not measured (half to twice): hvm_emulate_init_once and _per_insn, hvmemul_virtual_to_linear, hvmemul_map_linear_addr with its guest walk, writeback",
  },
  {
    step: P.xen_p2m_entry,
    lengths: [560, 560, 560],
    source:
      "estimate, read not measured (half to twice): p2m_change_type_one: ept_get_entry, p2m_set_entry, ept_set_entry with resolve_misconfig, its walk and epte_get_entry_emt",
  },
  {
    step: P.xen_p2m_run_entry,
    lengths: [130, 130, 130],
    source:
      "estimate, read not measured (half to twice): one turn of resolve_misconfig's loop over a page of the EPT, by which Xen makes a guest's frames log-dirty: p2m_recalc_type, epte_get_entry_emt, ept_p2m_type_to_flags, atomic_write_ept_entry",
  },
  {
    step: P.xen_ept_sync,
    lengths: [140, 140, 140],
    source:
      "estimate, read not measured (half to twice): ept_sync_domain, on_selected_cpus for this processor alone; vmx_vmenter_helper's part",
  },
  {
    step: P.xen_guest_walk,
    lengths: [950, 950, 950],
    source:
      "estimate, read not measured (half to twice): hap_gva_to_gfn, guest_walk_tables of four levels, p2m_get_page_from_gfn and map_domain_page for each",
  },
  {
    step: P.xen_table_map,
    lengths: [70, 70, 70],
    source:
      "estimate, read not measured (half to twice): map_domain_page, unmap_domain_page, the way through the levels above",
  },
  {
    step: P.xen_dirty_entry,
    lengths: [12, 12, 12],
    source:
      "estimate, read not measured (half to twice): one turn of a loop: locked test and clear, a bit of the bitmap; Xen has no such scan",
  },
  {
    step: P.xen_pml_switch,
    lengths: [90, 90, 90],
    source:
      "estimate, read not measured (half to twice): vmx_vcpu_enable_pml or _disable_pml with vmx_update_secondary_exec_control",
  },
  {
    step: P.xen_pml_flush,
    lengths: [90, 90, 90],
    source: "estimate, read not measured (half to twice): vmx_vcpu_flush_pml_buffer without its loop",
  },
  {
    step: P.xen_pml_entry,
    lengths: [260, 260, 260],
    source:
      "estimate, read not measured (half to twice): vmx_vcpu_flush_pml_buffer's loop with paging_mark_pfn_dirty of four levels, and a store into the ring",
  },
  {
    step: P.xen_log_dirty_mark,
    lengths: [170, 175, 175],
    source:
      "estimate, read not measured: paging_mark_dirty, paging_mark_pfn_dirty through four levels of map_domain_page",
  },
  {
    step: P.xen_log_dirty_op,
    lengths: [2600, 2700, 2700],
    source:
      "estimate, read not measured: do_domctl, paging_domctl, domain_pause and unpause, paging_log_dirty_op less its words, copy_to_guest of the counts",
  },
  {
    step: P.xen_log_dirty_word,
    lengths: [3, 3, 3],
    source: "estimate, read not measured: copy_to_guest_offset and clear_page, each one store of a string for a word",
  },
  {
    step: P.xen_service_request,
    lengths: [130, 130, 130],
    source: "composed: copy_from_guest_ll of the request and its checks, as do_mmuext_op without its operation",
  },
  {
    step: P.xen_service_page,
    lengths: [250, 250, 250],
    source: "composed: do_mmu_update's loop and mod_l1_entry without copy_from_guest_ll",
  },
  {
    step: P.xen_service_word,
    lengths: [6, 6, 6],
    source: "composed: find_next_bit over a word",
  },
  {
    step: P.xen_service_lookup,
    lengths: [40, 40, 40],
    source: "composed: guest_walk of four levels is not needed, one lookup in the table of registered pages",
  },
  {
    step: P.xen_service_fault,
    lengths: [290, 290, 290],
    source: "composed: page_lock, map_domain_page, mod_l1_entry, and the bit of the shared bitmap",
  },
  {
    step: P.xen_service_emulate,
    lengths: [1230, 1260, 1250],
    source:
      "estimate: xen.ptwr_emulation, which is measured, less get_page_from_l1e and put_page_from_l1e of the entry written " +
      "(245 to 297), and with map_domain_page of the log and its bits and count (40)",
  },
  {
    step: P.xen_service_run,
    lengths: [24, 24, 24],
    source: "composed: one turn of a loop over copy_from_guest_ll's buffer, bounds of the run",
  },
  {
    step: P.xen_service_copy,
    lengths: [160, 160, 160],
    source: "composed: get_page_from_gfn and map_domain_page for both pages, without the bytes",
  },
];

export interface XenStep {
  readonly step: number;
  readonly lengths: readonly [number, number, number];
  readonly source: string;
}
