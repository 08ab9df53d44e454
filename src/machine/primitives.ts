import type { Layer } from "./context.ts";

/**
 * How a primitive is priced: a `step` is code of a known path length, priced by its instructions times the cycles per
 * instruction of its space; an `operation` is one privileged or special action of the processor or a device, priced on
 * its own; `byte` and `item` are data handled, each with its own price.
 */
export type PrimitiveKind = "step" | "operation" | "byte" | "item";

/** An event of the machine that the ledger counts. */
export interface Primitive {
  /** In the field's terms, e.g. `xen.mmu_update.entry`. */
  readonly name: string;
  /** What one count is. */
  readonly unit: string;
  readonly layer: Layer;
  readonly kind: PrimitiveKind;
  /** One line. */
  readonly meaning: string;
}

const table: Primitive[] = [];

function define(kind: PrimitiveKind, layer: Layer, name: string, unit: string, meaning: string): number {
  table.push({ name, unit, layer, kind, meaning });
  return table.length - 1;
}

/** Code of the process that the checkpoint library or its handler runs. */
const user = (name: string, unit: string, meaning: string) => define("step", "checkpointLibrary", name, unit, meaning);
/** A function (or a straight run of functions) of the guest's Linux. */
const linux = (name: string, unit: string, meaning: string) => define("step", "guestKernel", name, unit, meaning);
/** A function (or a straight run of functions) of Xen. */
const xen = (name: string, unit: string, meaning: string) => define("step", "hypervisor", name, unit, meaning);
/** A privileged or special instruction that the guest (its user mode or its kernel) executes. */
const guestCpu = (name: string, meaning: string) =>
  define("operation", "guestKernel", `cpu.${name}`, "execution", meaning);
/** The same, executed by Xen. */
const xenCpu = (name: string, meaning: string) =>
  define("operation", "hypervisor", `xen.cpu.${name}`, "execution", meaning);

/**
 * Every primitive by its key; the value is its number, with which the ledger is charged. Privileged operations of Xen and
 * of the guest are told apart, because they are paid in different layers.
 */
export const P = {
  // The process: checkpoint library, handlers, and what they do with data.
  program_instruction: define(
    "step",
    "program",
    "program.instruction",
    "instruction",
    "one instruction of the program's own code",
  ),
  user_call: user("user.call", "call", "a call into the checkpoint library: arguments, tables, return"),
  user_handler: user(
    "user.handler",
    "signal",
    "body of a fault handler: page of the address, note it, have the kernel open it",
  ),
  user_list_entry: user("user.list.entry", "entry", "one entry of the handler's list of dirty pages, read"),
  user_shared_page: user(
    "user.shared_page",
    "request",
    "a request written to the page that Xen reads when it is entered: what, which pages, a token",
  ),
  user_bitmap_word: user(
    "user.bitmap.word",
    "word of 64 bits",
    "one word of the shared dirty bitmap, read and scanned",
  ),
  user_pagemap_entry: user(
    "user.pagemap.entry",
    "entry",
    "one entry of /proc/pid/pagemap, tested for its soft-dirty bit",
  ),
  user_touch: user(
    "user.touch",
    "page",
    "a page written with what it holds, so that it is there and stays where it is",
  ),
  user_ring_entry: user("user.ring.entry", "entry", "one entry of a ring of logged pages, copied out of it"),
  user_reverse_search: user(
    "user.reverse_map.compare",
    "comparison",
    "a logged frame compared with one entry of pagemap, in search of the page that has it",
  ),
  user_line_fill: define(
    "item",
    "checkpointLibrary",
    "user.line_fill",
    "line of 64 bytes",
    "a cache line of a long copy that comes from memory, or goes there, in a stream that the processor sees coming",
  ),
  user_memcpy_call: user("user.memcpy.call", "call", "set-up and return of one memcpy"),
  user_memcpy_byte: define("byte", "checkpointLibrary", "user.memcpy.byte", "byte", "a byte copied by the process"),
  user_compare_byte: define(
    "byte",
    "checkpointLibrary",
    "user.compare.byte",
    "byte",
    "a byte compared with a kept copy",
  ),
  user_hash_byte: define("byte", "checkpointLibrary", "user.hash.byte", "byte", "a byte hashed"),
  user_hash_entry: user("user.hash.entry", "block", "the hash of one block compared with the kept one, and kept"),
  xen_memcpy_byte: define(
    "byte",
    "hypervisor",
    "xen.memcpy.byte",
    "byte",
    "a byte copied by Xen into the backup's memory",
  ),
  wire_byte: define("byte", "wire", "wire.byte", "byte", "a byte sent to the replica"),
  wire_round_trip: define("item", "wire", "wire.round_trip", "round trip", "waiting for the replica's acknowledgement"),
  disk_byte: define("byte", "disk", "disk.byte", "byte", "a byte written to disk"),
  disk_flush: define("item", "disk", "disk.flush", "flush", "waiting until the disk has what was written"),
  image_header: user("user.image.header", "image", "header and commit mark of an image kept in memory"),

  // Privileged and special operations of the guest.
  cpu_exception: guestCpu("exception", "page fault that the processor delivers to the guest's kernel itself"),
  cpu_syscall: guestCpu("syscall", "SYSCALL of user mode: into the kernel, or under PV into Xen"),
  cpu_sysret: guestCpu("sysret", "SYSRET of the kernel to user mode"),
  cpu_iretq: guestCpu("iretq", "IRETQ of the kernel to user mode"),
  cpu_swapgs: guestCpu("swapgs", "SWAPGS"),
  cpu_cr3_write: guestCpu("cr3_write", "MOV to CR3; what the TLB has to be refilled with is part of its price"),
  cpu_cr3_read: guestCpu("cr3_read", "MOV from CR3"),
  cpu_cr2_read: guestCpu("cr2_read", "MOV from CR2"),
  cpu_invlpg: guestCpu("invlpg", "INVLPG"),
  cpu_rdmsr: guestCpu("rdmsr", "RDMSR"),
  cpu_wrmsr: guestCpu("wrmsr", "WRMSR"),
  cpu_fxsave: guestCpu("fxsave", "FXSAVE of the user's registers into a signal frame"),
  cpu_fxrstor: guestCpu("fxrstor", "FXRSTOR of the user's registers"),
  cpu_hypercall: guestCpu("hypercall", "SYSCALL of the guest's kernel: into Xen"),
  cpu_dirty_assist: guestCpu("dirty_assist", "the processor sets the D bit of an L1 entry at the first store"),
  cpu_ipi: guestCpu("ipi", "an interrupt is sent to another processor"),
  cpu_idle_exit: guestCpu("idle_exit", "an interrupt reaches a processor that idles, up to its kernel's handler"),
  cpu_interrupt: guestCpu("interrupt", "interrupt that the processor delivers to the guest's kernel itself"),
  cpu_vmread: guestCpu("vmread", "VMREAD of the guest's kernel from a shadow VMCS, which does not exit"),
  cpu_vmwrite: guestCpu("vmwrite", "VMWRITE of the guest's kernel to a shadow VMCS, which does not exit"),
  cpu_nested_walk: guestCpu(
    "nested_walk",
    "a TLB refill through the guest's tables and Xen's under them: what it costs more than through the guest's alone",
  ),

  // Privileged and special operations of Xen.
  xen_cpu_exception: xenCpu(
    "exception",
    "exception that the processor delivers to Xen: a page fault, or an invalid opcode",
  ),
  xen_cpu_gate: xenCpu("gate", "INT through a gate of the IDT that ring 3 may use"),
  xen_cpu_sysret: xenCpu("sysret", "SYSRET to the guest's kernel"),
  xen_cpu_iretq: xenCpu("iretq", "IRETQ to the guest"),
  xen_cpu_swapgs: xenCpu("swapgs", "SWAPGS when the guest changes between kernel and user mode"),
  xen_cpu_cr3_write: xenCpu("cr3_write", "MOV to CR3; what the TLB has to be refilled with is part of its price"),
  xen_cpu_cr3_read: xenCpu("cr3_read", "MOV from CR3"),
  xen_cpu_cr2_read: xenCpu("cr2_read", "MOV from CR2"),
  xen_cpu_invlpg: xenCpu("invlpg", "INVLPG"),
  xen_cpu_rdmsr: xenCpu("rdmsr", "RDMSR (the GS base, when the guest changes modes)"),
  xen_cpu_wrmsr: xenCpu("wrmsr", "WRMSR"),

  xen_cpu_vmexit: xenCpu(
    "vmexit",
    "VM exit: the guest's state is saved, Xen's loaded; what caches lose is part of its price",
  ),
  xen_cpu_vmentry: xenCpu("vmentry", "VMRESUME: Xen's state is left, the guest's loaded and checked"),
  xen_cpu_inject: xenCpu(
    "event_injection",
    "what a VM entry takes more when it delivers a page fault through the guest's IDT",
  ),
  xen_cpu_invept: xenCpu(
    "invept",
    "INVEPT of the guest's context; what the TLB has to be refilled with, in one dimension, is part of its price",
  ),
  xen_cpu_vmread: xenCpu("vmread", "VMREAD of a field of the guest's VMCS"),
  xen_cpu_vmwrite: xenCpu("vmwrite", "VMWRITE of a field of the guest's VMCS"),

  // Linux: entry and exit.
  linux_syscall: linux("linux.syscall", "system call", "entry, dispatch and exit of a system call"),
  linux_getpid: linux("linux.getpid", "call", "body of getpid"),
  linux_exception: linux("linux.exception", "exception", "entry and exit of a page fault"),

  // Linux: faults.
  linux_fault: linux("linux.fault", "fault", "find the VMA of the address, check that the access is allowed"),
  linux_fault_bad_access: linux("linux.fault.bad_access", "fault", "the access is not allowed: queue SIGSEGV"),
  linux_fault_walk: linux("linux.fault.walk", "fault", "walk the page tables to the PTE and choose what to do"),
  linux_fault_anonymous: linux("linux.fault.anonymous", "fault", "a new anonymous page: allocate, charge, map"),
  linux_fault_zero_page: linux("linux.fault.zero_page", "fault", "a read of an untouched page: map the zero page"),
  linux_fault_cow: linux("linux.fault.cow", "fault", "copy on write: allocate, clear the old PTE, map the new page"),
  linux_fault_reuse: linux(
    "linux.fault.reuse",
    "fault",
    "a write to a read-only PTE of an exclusive page: make it writable",
  ),
  linux_clear_page: linux("linux.clear_page", "page", "fill a page with zeros"),
  linux_copy_page: linux("linux.copy_page", "page", "copy a page"),

  // Linux: signals.
  linux_tgkill: linux("linux.tgkill", "call", "find the thread and check the permission to signal it"),
  linux_signal_send: linux("linux.signal.send", "signal", "allocate and queue a signal"),
  linux_signal_deliver: linux(
    "linux.signal.deliver",
    "signal",
    "dequeue a signal and build its frame on the user's stack",
  ),
  linux_sigreturn: linux("linux.sigreturn", "call", "rt_sigreturn: take the frame back"),

  // Linux: VMAs.
  linux_mmap: linux("linux.mmap", "call", "mmap of anonymous memory: find a gap, make a VMA"),
  linux_munmap: linux("linux.munmap", "call", "munmap: detach and free a VMA"),
  linux_madvise: linux("linux.madvise", "call", "madvise: change a VMA's flags"),
  linux_zap_pte: linux("linux.zap_pte", "page", "munmap: clear a PTE and free its page"),
  linux_vma_split: linux("linux.vma.split", "split", "a VMA becomes two"),
  linux_vma_shift: linux("linux.vma.shift", "shift", "the border between two VMAs moves"),
  linux_vma_merge: linux("linux.vma.merge", "merge", "a VMA is swallowed by a neighbour"),
  linux_vma_bridge: linux("linux.vma.bridge", "merge", "a VMA and its two neighbours become one"),
  linux_vma_level: linux(
    "linux.vma.level",
    "level",
    "a further level of the trees that VMAs are kept in, for a change",
  ),
  linux_vma_lookup_level: linux("linux.vma.lookup_level", "level", "a further level of the tree, for a look-up"),
  linux_vma_node_split: linux(
    "linux.vma.node_split",
    "change",
    "a full leaf of the maple tree is split, or a sparse one merged with its neighbour, and the nodes above follow",
  ),
  linux_vma_node_balance: linux(
    "linux.vma.node_balance",
    "change",
    "two leaves of the maple tree share their entries out evenly",
  ),

  linux_slab_slow: linux(
    "linux.slab.slow",
    "node",
    "a tree node that does not come from the processor's own free list, and the deferred free of the one it replaces",
  ),
  linux_slab: linux(
    "linux.slab",
    "slab",
    "a new slab of maple-tree nodes, while freed ones wait for their RCU grace period",
  ),

  // Linux: mprotect and page tables.
  linux_mprotect: linux("linux.mprotect", "call", "mprotect: checks, locks, first VMA"),
  linux_mprotect_vma: linux("linux.mprotect.vma", "VMA", "mprotect: one VMA of the range whose protection changes"),
  linux_mprotect_skip: linux(
    "linux.mprotect.skip",
    "VMA",
    "mprotect: one VMA of the range that has the protection already",
  ),
  linux_change_table: linux(
    "linux.change_protection.table",
    "page-table page",
    "change_protection: walk to one page-table page",
  ),
  linux_change_pte: linux("linux.change_protection.pte", "PTE", "change_protection: change one present PTE"),
  linux_change_none: linux("linux.change_protection.none", "PTE", "change_protection: look at a PTE and leave it"),
  linux_change_writable: linux(
    "linux.change_protection.writable",
    "PTE",
    "may the PTE become writable at once? yes (6.1)",
  ),
  linux_uffd_pte: linux("linux.uffd.pte", "PTE", "change_protection: set uffd-wp in a PTE"),
  linux_uffd_pte_clear: linux("linux.uffd.pte_clear", "PTE", "change_protection: clear uffd-wp in a PTE"),
  linux_flush_range: linux("linux.tlb.flush_range", "flush", "flush_tlb_mm_range: decide, local part"),
  linux_flush_page: linux("linux.tlb.flush_page", "page", "flush one page of the local TLB"),
  linux_flush_all: linux("linux.tlb.flush_all", "flush", "flush the whole local TLB"),

  // Linux: soft-dirty, userfaultfd, forking, ioctl.
  linux_clear_refs: linux("linux.clear_refs", "call", "write to /proc/pid/clear_refs, without its walk"),
  linux_clear_refs_vma: linux("linux.clear_refs.vma", "VMA", "clear_refs: one VMA"),
  linux_clear_refs_pte: linux("linux.clear_refs.pte", "PTE", "clear_refs: make one PTE read-only and not soft-dirty"),
  linux_clear_refs_write: linux("linux.clear_refs.write", "PTE", "clear_refs: more for a PTE that was writable"),
  linux_pagemap: linux("linux.pagemap", "call", "read of /proc/pid/pagemap, without its walk"),
  linux_pagemap_pte: linux("linux.pagemap.pte", "PTE", "pagemap: one entry of a mapped page"),
  linux_pagemap_none: linux("linux.pagemap.none", "PTE", "pagemap: one entry where nothing is mapped"),
  linux_uffd_writeprotect: linux("linux.uffd.writeprotect", "call", "UFFDIO_WRITEPROTECT, without its walk"),
  linux_uffd_fault: linux("linux.uffd.fault", "fault", "handle_userfault: SIGBUS, or queue the event and wait"),
  linux_uffd_event: linux(
    "linux.uffd.event",
    "event",
    "userfaultfd: queue the event of a fault, and copy it to who reads it",
  ),
  linux_uffd_register: linux("linux.uffd.register", "call", "UFFDIO_REGISTER and UFFDIO_UNREGISTER: flags of the VMAs"),
  linux_switch: linux(
    "linux.switch",
    "switch",
    "a thread that waited is woken, this one waits, the scheduler switches",
  ),
  linux_wake: linux("linux.wake", "thread", "a thread that waited is woken, to run on another processor, which idles"),
  linux_schedule_idle: linux(
    "linux.schedule_idle",
    "switch",
    "a processor goes from idling to a thread that was woken",
  ),
  linux_switch_mm: linux("linux.switch_mm", "switch", "more for a thread of another process: its page tables"),
  linux_pipe: linux("linux.pipe", "pair", "bodies of a write to a pipe and a read from it"),
  linux_fork: linux(
    "linux.fork",
    "call",
    "fork without its memory: task, kernel stack, files, signals, number, run queue; the child's way to user mode",
  ),
  linux_fork_vma: linux("linux.fork.vma", "VMA", "fork: duplicate one VMA"),
  linux_fork_pte: linux("linux.fork.pte", "PTE", "fork: write-protect and share one PTE"),
  linux_fork_table: linux(
    "linux.fork.table",
    "page-table page",
    "fork: a page-table page for the child, without filling it with zeros; and its end when the child exits",
  ),
  linux_exit: linux("linux.exit", "process", "exit without its memory: files, signals, the parent is told"),
  linux_exit_vma: linux("linux.exit.vma", "VMA", "exit: unlink and free one VMA"),
  linux_exit_pte: linux("linux.exit.pte", "PTE", "exit: clear one PTE and drop its page"),
  linux_wait: linux("linux.wait", "call", "waitpid: find a child that has exited, release what is left of it"),
  linux_fault_file: linux(
    "linux.fault.file",
    "fault",
    "a read of a page of a file that is in the page cache: find it and those around it",
  ),
  linux_fault_file_pte: linux("linux.fault.file.pte", "PTE", "the same: map one of these pages"),
  linux_ioctl: linux("linux.ioctl", "call", "an ioctl up to its driver"),
  linux_privcmd: linux("linux.privcmd", "call", "the privcmd driver: fetch the arguments, make the hypercall"),
  linux_epml: linux("linux.epml", "call", "the driver for logs that the guest reads itself: its part of an ioctl"),
  linux_epml_pte: linux("linux.epml.pte", "PTE", "the same driver: clear the D bit of one PTE, keep it for the kernel"),
  linux_epml_interrupt: linux("linux.epml.interrupt", "interrupt", "the log is full: entry and exit of its interrupt"),
  linux_epml_entry: linux("linux.epml.entry", "entry", "one entry moved from the log to the ring"),
  linux_log_switch: linux(
    "linux.log.switch",
    "switch",
    "another process runs, or the logged one again: the driver's notifier stops or starts the log",
  ),
  linux_copy_to_user: linux("linux.copy_to_user", "page", "copy_to_user: set-up for one page"),

  // Linux under Xen PV: what its paravirtual operations add.
  linux_xen_batch: linux("linux.xen.batch", "batch", "close a batch of page-table updates and make the hypercall"),
  linux_xen_entry: linux("linux.xen.entry", "entry", "add one update to a batch: machine address and value"),
  linux_xen_set_pte: linux("linux.xen.set_pte", "update", "one page-table update by itself"),
  linux_xen_fork_pte: linux(
    "linux.xen.fork.pte",
    "PTE",
    "fork: add one PTE of the child to a batch, read the parent's",
  ),
  linux_xen_exit_pte: linux("linux.xen.exit.pte", "PTE", "exit: read one PTE, whose frame's number is the machine's"),
  linux_xen_pin: linux(
    "linux.xen.pin",
    "page-table page",
    "pin or unpin a page-table page: lock it, add what Xen is asked for to a batch",
  ),
  linux_xen_pin_walk: linux(
    "linux.xen.pin.walk",
    "page-table page",
    "pin or unpin page tables: look through the entries of one page-table page above the last level",
  ),
  linux_xen_update: linux("linux.xen.update", "update", "one change of rights outside of a batch"),
  linux_xen_flush_page: linux("linux.xen.flush_page", "flush", "ask Xen to flush one page"),
  linux_xen_flush_all: linux("linux.xen.flush_all", "flush", "ask Xen to flush the TLB"),

  // Xen: entry and exit.
  xen_syscall: xen(
    "xen.syscall",
    "system call",
    "SYSCALL of user mode reaches Xen and is passed to the guest's kernel",
  ),
  xen_bounce_frame: xen(
    "xen.bounce_frame",
    "frame",
    "build the frame on the guest kernel's stack with which it is entered",
  ),
  xen_hypercall: xen("xen.hypercall", "hypercall", "entry, dispatch and exit of a hypercall"),
  xen_iret: xen("xen.iret", "hypercall", "the iret hypercall's own part: frame of the guest, back to user mode"),
  xen_exception: xen("xen.exception", "exception", "entry of a page fault and what Xen looks at first"),
  xen_exception_return: xen("xen.exception.return", "exception", "return from a page fault that Xen handled itself"),
  xen_inject: xen("xen.inject_page_fault", "fault", "a page fault is passed to the guest's kernel"),
  xen_xpti: xen(
    "xen.xpti",
    "mode switch",
    "XPTI: copy the guest's root page table and flush Xen's view of it, when the guest changes modes",
  ),

  // Xen: entry and exit with a hardware-assisted (HVM) guest.
  xen_vmexit: xen("xen.vmexit", "VM exit", "save the guest's registers, find out why it left"),
  xen_vmentry: xen("xen.vmentry", "VM entry", "look for interrupts and work that waits, restore the guest's registers"),
  xen_vmcall: xen("xen.vmcall", "hypercall", "VMCALL: step over the instruction, check the caller, dispatch"),

  // Xen: page tables.
  xen_mmu_update: xen("xen.mmu_update", "hypercall", "mmu_update: argument checks, table's frame and type"),
  xen_mmu_update_entry: xen(
    "xen.mmu_update.entry",
    "entry",
    "one entry of mmu_update that keeps its frame and its rights",
  ),
  xen_mmu_update_write: xen(
    "xen.mmu_update.rights",
    "entry",
    "one entry that gains or loses the right to write: type counts",
  ),
  xen_mmu_update_map: xen("xen.mmu_update.map", "entry", "one entry that maps a frame where none was"),
  xen_mmu_update_map_writable: xen(
    "xen.mmu_update.map_writable",
    "entry",
    "one entry that maps a frame for writing where none was: the type count on top",
  ),
  xen_mmu_update_unmap: xen("xen.mmu_update.unmap", "entry", "one entry that stops mapping its frame"),
  xen_mmu_update_unpinned: xen(
    "xen.mmu_update.unpinned",
    "entry",
    "one entry of a page that is no page table for Xen yet: stored without validation",
  ),
  xen_forced_cpuid: xen(
    "xen.forced_cpuid",
    "emulation",
    "CPUID with the prefix that has Xen emulate it: fetch it from user mode, look the leaf up",
  ),
  xen_ptwr: xen(
    "xen.ptwr_emulation",
    "emulation",
    "the kernel's own write to a page-table page: decode, emulate, validate",
  ),
  xen_ptwr_rights: xen(
    "xen.ptwr_emulation.rights",
    "emulation",
    "more for a write that changes rights and keeps the frame: a locked instruction, the new entry validated",
  ),
  xen_multicall: xen("xen.multicall", "hypercall", "multicall: its own part, without what it is made of"),
  xen_multicall_entry: xen(
    "xen.multicall.entry",
    "entry",
    "multicall: fetch one hypercall, dispatch it, write its result",
  ),
  xen_multicall_mmuext_op: xen(
    "xen.multicall.mmuext_op",
    "operation",
    "one operation of mmuext_op that is part of a multicall",
  ),
  xen_update_va_mapping: xen(
    "xen.update_va_mapping",
    "update",
    "update_va_mapping: a page of the kernel becomes read-only, or writable again",
  ),
  xen_pin_table: xen(
    "xen.pin.table",
    "page-table page",
    "a page becomes a page table: its type, a look at each of its 512 entries",
  ),
  xen_pin_entry: xen("xen.pin.entry", "entry", "the same: one L1 entry that is there, validated"),
  xen_unpin_table: xen(
    "xen.unpin.table",
    "page-table page",
    "a page is no page table any more: a look at each of its 512 entries",
  ),
  xen_unpin_entry: xen("xen.unpin.entry", "entry", "the same: the references of one L1 entry that is there, dropped"),
  xen_mmuext_op: xen("xen.mmuext_op", "operation", "one operation of mmuext_op"),
  xen_new_baseptr: xen("xen.new_baseptr", "operation", "mmuext_op, other page tables: check them, pin, switch"),
  xen_segment_base: xen("xen.set_segment_base", "hypercall", "set_segment_base's own part"),
  xen_stack_switch: xen("xen.stack_switch", "hypercall", "stack_switch's own part"),
  xen_flush_page: xen("xen.flush.page", "flush", "flush_area_local for one page"),
  xen_flush_all: xen("xen.flush.all", "flush", "flush_area_local for everything"),
  xen_version: xen("xen.version", "hypercall", "the xen_version hypercall's own part"),

  // Xen: shadow page tables.
  xen_shadow_walk: xen("xen.shadow.walk", "fault", "shadow fault: walk the guest's four levels, and the p2m for each"),
  xen_shadow_fault: xen(
    "xen.shadow.fault",
    "fault",
    "shadow fault that is Xen's: locks, checks of the walk, way to the shadow entry",
  ),
  xen_shadow_propagate: xen(
    "xen.shadow.propagate",
    "entry",
    "compute a shadow entry from the guest's and install it: p2m, rights, references",
  ),
  xen_shadow_prefetch: xen(
    "xen.shadow.prefetch",
    "entry",
    "look at an entry behind the one that faulted, and find nothing to shadow",
  ),
  xen_shadow_create: xen(
    "xen.shadow.create",
    "table",
    "a new shadow of a guest's page-table page: allocate, clear, hash, hang in",
  ),
  xen_shadow_destroy: xen("xen.shadow.destroy", "table", "free a shadow: hash, up-pointers, scan of its entries"),
  xen_shadow_release: xen("xen.shadow.release", "entry", "drop the references of one entry of a shadow that goes"),
  xen_shadow_unsync: xen(
    "xen.shadow.unsync",
    "table",
    "let a guest's L1 table go out of sync: flags, hash, snapshot of the page",
  ),
  xen_shadow_resync: xen(
    "xen.shadow.resync",
    "table",
    "bring an L1 table back into sync: take write access away, scan its shadow",
  ),
  xen_shadow_compare: xen("xen.shadow.compare", "entry", "resync: compare one shadowed entry with the snapshot"),
  xen_shadow_invlpg: xen("xen.shadow.invlpg", "flush", "INVLPG of the guest: find its shadow entry"),
  xen_shadow_cr3: xen("xen.shadow.update_cr3", "write", "MOV to CR3 of the guest: top-level shadow, linear maps"),
  xen_shadow_emulate: xen(
    "xen.shadow.emulate",
    "write",
    "the kernel's write to a page-table page above L1: decode, emulate, validate",
  ),
  xen_shadow_validate: xen(
    "xen.shadow.validate",
    "entry",
    "an entry that Xen wrote for the guest: find its shadow, to propagate it",
  ),
  xen_hvm_page_fault: xen(
    "xen.hvm.page_fault",
    "fault",
    "page fault that exits: vector, address, way to the paging mode's handler",
  ),
  xen_hvm_inject: xen("xen.hvm.inject_page_fault", "fault", "a page fault is passed to the guest at the next VM entry"),
  xen_hvm_cpuid: xen("xen.hvm.cpuid", "exit", "CPUID of an HVM guest: look the leaf up, step over the instruction"),
  xen_hvm_cr_access: xen("xen.hvm.cr_access", "access", "MOV to or from a control register: decode, step over it"),

  // Xen: hardware-assisted paging (HAP).
  xen_ept_violation: xen(
    "xen.ept.violation",
    "fault",
    "EPT violation: find the frame's entry and type, decide, note the frame",
  ),
  xen_ept_misconfiguration: xen(
    "xen.ept.misconfiguration",
    "table",
    "EPT misconfiguration: the 512 entries of a table get their new types",
  ),
  xen_ept_recalculate: xen(
    "xen.ept.recalculate",
    "change",
    "a change of type of all frames: the table's top is marked for it",
  ),
  xen_hvm_emulate: xen(
    "xen.hvm.emulate",
    "write",
    "what emulating a write of an HVM guest takes more than of a PV guest: its registers' state, its address",
  ),
  xen_p2m_entry: xen("xen.p2m.entry", "entry", "look one entry of the p2m up and give it another type"),
  xen_p2m_run_entry: xen("xen.p2m.run_entry", "entry", "one entry of the p2m gets another type, in a run over entries"),
  xen_ept_sync: xen("xen.ept.sync", "flush", "ask for an INVEPT on every processor that the guest runs on"),
  xen_guest_walk: xen(
    "xen.guest_walk",
    "page",
    "walk the guest's four levels to the frame of a page, and the p2m for each",
  ),
  xen_table_map: xen("xen.table.map", "page-table page", "a run over entries of tables: map one page-table page"),
  xen_dirty_entry: xen("xen.dirty_bits.entry", "entry", "scan of D bits: test and clear one, note it"),
  xen_pml_switch: xen("xen.pml.switch", "call", "start or stop the processor's log of D bits"),
  xen_pml_flush: xen("xen.pml.flush", "flush", "empty the processor's log, without its entries"),
  xen_pml_entry: xen("xen.pml.entry", "entry", "one entry of the log: note the frame as dirty, put it into the ring"),
  // Xen: log-dirty mode, and the tool that saves a whole guest.
  xen_log_dirty_mark: xen(
    "xen.log_dirty.mark",
    "page",
    "log-dirty mode: set a page's bit, through the levels of the bitmap",
  ),
  xen_log_dirty_op: xen(
    "xen.log_dirty.op",
    "operation",
    "log-dirty mode: the control domain's request to begin, or to read and clear; without the bitmap's words",
  ),
  xen_log_dirty_word: xen(
    "xen.log_dirty.word",
    "word of 64 bits",
    "log-dirty mode: one word of the bitmap copied to the control domain and cleared",
  ),
  remus_pause: define(
    "item",
    "checkpointLibrary",
    "remus.pause",
    "pause",
    "the control domain has the guest suspend itself and resumes it, by event channels",
  ),
  remus_release: define(
    "item",
    "checkpointLibrary",
    "remus.release",
    "release",
    "output that was held back in the control domain goes out: one request to its queue",
  ),

  // Xen: the checkpoint service (our reconstruction; composed from the steps above).
  xen_service_request: xen("xen.service.request", "request", "checkpoint service: fetch and check a request"),
  xen_service_page: xen("xen.service.page", "page", "checkpoint service: walk to one L1 entry and change it"),
  xen_service_word: xen(
    "xen.service.word",
    "word of 64 bits",
    "checkpoint service: one word of the bitmap, searched for pages that were opened",
  ),
  xen_service_lookup: xen("xen.service.lookup", "fault", "checkpoint service: is the page of this fault registered?"),
  xen_service_copy: xen(
    "xen.service.copy",
    "page",
    "checkpoint service: map one page and the backup's page for a copy",
  ),
  xen_service_fault: xen("xen.service.fault", "fault", "checkpoint service: recognise the page, set its bit, open it"),
  xen_service_emulate: xen(
    "xen.service.emulate",
    "write",
    "checkpoint service: decode a write, carry it out through a mapping of Xen's own, log it",
  ),
  xen_service_run: xen(
    "xen.service.run",
    "run of bytes",
    "checkpoint service: a further run of bytes to copy on a page, from a list",
  ),
} as const;

/** Every primitive by its number. */
export const PRIMITIVES: readonly Primitive[] = table;
export const PRIMITIVE_COUNT = table.length;
