import {
  PageTable,
  PTE_PRESENT,
  PTE_PROT_NONE,
  PTE_SHARED,
  PTE_UFFD_WP,
  PTE_WRITABLE,
  PTE_ZERO_PAGE,
  TABLE_PAGES,
  WINDOW_PAGES,
} from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import { GuestError } from "./guest-process.ts";
import { Kernel } from "./kernel.ts";
import { countOf, pageTablePages } from "./page-table-pages.ts";
import { VMA_FILE } from "./vma-map.ts";

const MAPPED = PTE_PRESENT | PTE_PROT_NONE;

/**
 * Times that the FPU's registers are saved and loaded again because a fork takes random numbers, e.g. for the canary of the
 * child's kernel stack: as measured, whatever there is to copy.
 */
const SAVES_FOR_HASHES = 2;

/**
 * fork's body: a child with a copy of the process's memory, which has not run yet.
 * Order of steps: copy_process in kernel/fork.c.
 * @throws GuestError EAGAIN when the process is a child itself or has one that has not exited: two processes are simulated;
 * ENOSYS in an HVM guest
 */
export function fork(parent: Kernel): Kernel {
  if (parent.memory.sharer !== undefined) {
    throw new GuestError("fork", "EAGAIN", "one child at a time is simulated, and none of a child");
  }
  const { build, ledger, platform } = parent;
  const table = new PageTable();
  const child = new Kernel(build, ledger, table, platform.forked(table));
  child.inheritHandlers(parent);
  ledger.charge(P.linux_fork, 1);
  ledger.charge(P.cpu_fxsave, 1);
  if (build.hashesWithSimd) {
    ledger.charge(P.cpu_fxsave, SAVES_FOR_HASHES);
    ledger.charge(P.cpu_fxrstor, SAVES_FOR_HASHES);
  }
  duplicateMemory(parent, child);
  return child;
}

/**
 * A child's way to user mode when it runs for the first time (ret_from_fork).
 * @param idPage where its number is written to (CLONE_CHILD_SETTID)
 */
export function begin(child: Kernel, idPage: number): void {
  child.copyToUser(idPage);
  child.platform.frameExit();
}

/** exit_group's body, of a child. It does not run any more, and what it shared is its parent's alone. */
export function exit(child: Kernel): void {
  child.ledger.charge(P.linux_exit, 1);
  child.platform.dropSegments();
  exitMemory(child);
}

/**
 * The memory of a child that a process forks: its VMAs, and page tables with the same frames. Pages that the parent may write
 * are closed on both sides, so that the first of the two that writes gets a copy; what no write can have changed since it was
 * read from a file is left to the child's own faults.
 * Order of steps: dup_mmap in kernel/fork.c, copy_page_range in mm/memory.c, flush_tlb_mm last.
 */
function duplicateMemory(parent: Kernel, child: Kernel): void {
  const { ledger, memory, platform } = parent;
  const { vmas } = memory;
  child.memory.inherit(memory);
  for (let start = 0; start < WINDOW_PAGES; start = vmas.endOf(start)) {
    const flags = vmas.flagsAt(start);
    if (flags === 0) continue;
    ledger.charge(P.linux_fork_vma, 1);
    if ((flags & VMA_FILE) === 0) copyRange(parent, child, start, vmas.endOf(start));
  }
  memory.shareWith(child.memory);
  child.memory.shareWith(memory);
  const pages = pageTablePages(child.table);
  ledger.charge(P.linux_fork_table, countOf(pages));
  ledger.charge(P.linux_clear_page, countOf(pages));
  child.platform.activatePageTables(pages);
  ledger.charge(P.linux_flush_range, 1);
  platform.flushAll();
}

/** copy_page_range of one VMA, one page-table page after the other. */
function copyRange(parent: Kernel, child: Kernel, first: number, end: number): void {
  const { table } = parent;
  for (let page = table.nextWith(MAPPED, first, end); page < end; page = table.nextWith(MAPPED, page, end)) {
    const stop = Math.min(end, (page | (TABLE_PAGES - 1)) + 1);
    child.platform.enterLazyMmu();
    while (page < stop) {
      const alike = table.alikeUntil(page, stop);
      if (table.flags[page] & MAPPED) copyEntries(parent, child, page, alike);
      page = alike;
    }
    child.platform.leaveLazyMmu();
  }
}

/** copy_present_pte of entries that are alike and in one page-table page. */
function copyEntries({ ledger, table, platform }: Kernel, child: Kernel, first: number, end: number): void {
  const before = table.flags[first];
  const isShared = (before & PTE_ZERO_PAGE) === 0;
  const after = (isShared ? before | PTE_SHARED : before) & ~PTE_WRITABLE;
  ledger.charge(P.linux_fork_pte, end - first);
  if (before & PTE_WRITABLE) platform.writePtesInPlace(first, end, after);
  else table.setAll(first, end, after);
  child.platform.addPtes(first, end, after & ~PTE_UFFD_WP);
}

/**
 * A process's memory when it exits. Its page tables stop being such first, where a hypervisor knows them, so that entries are
 * cleared by plain stores.
 * Order of steps: exit_mmap in mm/mmap.c, unmap_vmas, free_pgtables.
 */
function exitMemory({ ledger, memory, table, platform }: Kernel): void {
  const { vmas } = memory;
  const pages = pageTablePages(table);
  platform.retirePageTables(pages);
  for (let start = 0; start < WINDOW_PAGES; start = vmas.endOf(start)) {
    if (vmas.flagsAt(start) === 0) continue;
    ledger.charge(P.linux_exit_vma, 1);
    zapRange(table, start, vmas.endOf(start), (first, end) => {
      ledger.charge(P.linux_exit_pte, end - first);
      platform.zapRetiredPtes(first, end);
      memory.unshare(first, end);
    });
  }
  memory.sharer?.shareWith(undefined);
  memory.shareWith(undefined);
  ledger.charge(P.linux_flush_range, 1);
}

/** Goes through the entries in use, as stretches that are alike and in one page-table page. */
function zapRange(table: PageTable, from: number, end: number, zap: (first: number, end: number) => void): void {
  for (let page = table.nextWith(MAPPED, from, end); page < end; page = table.nextWith(MAPPED, page, end)) {
    const alike = table.alikeUntil(page, Math.min(end, (page | (TABLE_PAGES - 1)) + 1));
    zap(page, alike);
    page = alike;
  }
}
