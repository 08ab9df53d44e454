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
