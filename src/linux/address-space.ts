import type { Ledger } from "../machine/ledger.ts";
import { PageList } from "../machine/page-list.ts";
import {
  type PageTable,
  PTE_PRESENT,
  PTE_PROT_NONE,
  PTE_SHARED,
  PTE_SOFT_DIRTY,
  PTE_UFFD_WP,
  PTE_WRITABLE,
  PTE_ZERO_PAGE,
  TABLE_PAGES,
  WINDOW_PAGES,
} from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import { GuestError } from "./guest-process.ts";
import type { KernelBuild } from "./kernel-build.ts";
import type { Platform } from "./platform.ts";
import { VMA_READ, VMA_SPECIAL, VMA_UFFD_WP, VMA_WRITE, VmaMap } from "./vma-map.ts";
import { VmaTree } from "./vma-tree.ts";

/** Pages up to which Linux flushes them one by one (tlb_single_page_flush_ceiling). */
export const FLUSH_CEILING_PAGES = 33;

const RIGHTS = VMA_READ | VMA_WRITE;
const ANY_FLAG = 0xff;
/** Above the flags of a VMA. */
const CHANGES_LEVELS = 256;

/** How a stretch lies in its VMA, and which of the neighbours it joins. */
const AT_START = 1;
const AT_END = 2;
const JOINS_BEFORE = 4;
const JOINS_AFTER = 8;

/**
 * Address space of one process: its VMAs, and mprotect over them.
 * Order of steps: mm/mprotect.c, mm/mmap.c, arch/x86/mm/tlb.c.
 */
export class AddressSpace {
  readonly vmas = new VmaMap();
  readonly #build: KernelBuild;
  readonly #ledger: Ledger;
  readonly #table: PageTable;
  readonly #platform: Platform;
  readonly #tree: VmaTree;
  /** clear_refs has run: from then on a PTE that is not soft-dirty must fault at the next store. */
  #tracksSoftDirty = false;
  #sharer: AddressSpace | undefined;
  /** The rights that handlers of faults give pages; undefined while none does. */
  #rightsByFaults: number | undefined;
  /** Pages changed since the last flush: from #gatheredFirst to before #gatheredEnd (6.1). */
  #gatheredFirst = 0;
  #gatheredEnd = 0;

  constructor(build: KernelBuild, ledger: Ledger, table: PageTable, platform: Platform) {
    this.#build = build;
    this.#ledger = ledger;
    this.#table = table;
    this.#platform = platform;
    this.#tree = new VmaTree(ledger, this.vmas, build.mapleTree);
  }

  /** Time goes by without system calls of this process. */
  rest(): void {
    this.#tree.rest();
  }

  /** find_vma, and whether the VMA allows the access. */
  allows(page: number, write: boolean): boolean {
    this.#tree.lookUp();
    const start = this.vmas.startOf(page);
    const { states } = this.#table;
    if (states.isAsked && this.#rightsByFaults === undefined) states.within(start, this.vmas.endOf(start));
    return (this.vmas.flagsAt(start) & (write ? VMA_WRITE : VMA_READ)) !== 0;
  }

  /** The highest hole below `end` that fits. @returns its last `pageCount` pages' first */
  findGap(pageCount: number, end: number): number {
    const { vmas } = this;
    let top = end;
    while (top > 0) {
      const start = vmas.startOf(top - 1);
      if (vmas.flagsAt(start) === 0 && top - start >= pageCount) return top - pageCount;
      top = start;
    }
    throw new GuestError("mmap", "ENOMEM", `no hole of ${pageCount} pages is left in the address space`);
  }

  /** Makes a VMA of a hole, joined to neighbours with the same flags. */
  map(first: number, pageCount: number, flags: number): void {
    this.#table.states.changed();
    const { vmas } = this;
    vmas.split(first);
    vmas.split(first + pageCount);
    vmas.setFlags(first, flags);
    this.#joinAround(first, first + pageCount);
    this.#tree.layOut();
  }

  /** Takes VMAs and their pages away. */
  unmap(first: number, pageCount: number): void {
    this.#table.states.changed();
    const { vmas } = this;
    const end = first + pageCount;
    this.#gatheredEnd = 0;
    vmas.split(first);
    vmas.split(end);
    for (let start = first; start < end; ) {
      const next = vmas.endOf(start);
      if (vmas.flagsAt(start) !== 0) {
        vmas.setFlags(start, 0);
        for (let page = start; page < next; page++) {
          page = this.#table.nextWith(ANY_FLAG, page, next);
          if (page === next) break;
          this.#ledger.charge(P.linux_zap_pte, 1);
          this.unshare(page, page + 1);
          this.#platform.zapPte(page);
          this.#gather(page, page + 1);
        }
      }
      start = next;
    }
    this.#flushGathered();
    this.#joinAround(first, end);
    this.#tree.layOut();
  }

  /** Changes flags that do not concern rights (madvise, userfaultfd registration, soft-dirty tracking). */
  changeFlags(first: number, pageCount: number, set: number, clear: number): void {
    this.#table.states.changed();
    const { vmas } = this;
    const end = first + pageCount;
    vmas.split(first);
    vmas.split(end);
    for (let start = first; start < end; start = vmas.endOf(start)) {
      const flags = vmas.flagsAt(start);
      if (flags !== 0) vmas.setFlags(start, (flags | set) & ~clear);
    }
    this.#joinAround(first, end);
    this.#tree.layOut();
  }

  /**
   * mprotect's body.
   * @param rights VMA_READ and VMA_WRITE as they shall be
   * @param isByHandler whether a handler of a fault asks for it
   * @throws GuestError ENOMEM when a page of the range is not mapped
   */
  protect(first: number, pageCount: number, rights: number, isByHandler = false): void {
    const { vmas } = this;
    const ledger = this.#ledger;
    const end = first + pageCount;
    ledger.charge(P.linux_mprotect, 1);
    this.#tree.lookUp();
    this.#gatheredEnd = 0;
    let page = first;
    while (page < end) {
      const start = vmas.startOf(page);
      const next = vmas.endOf(page);
      const flags = vmas.flagsAt(start);
      if (flags === 0) {
        throw new GuestError("mprotect", "ENOMEM", `page ${page} is not mapped`);
      }
      const stop = Math.min(next, end);
      const wanted = (flags & ~RIGHTS) | rights;
      if (wanted === flags) ledger.charge(P.linux_mprotect_skip, 1);
      else {
        ledger.charge(P.linux_mprotect_vma, 1);
        if (isByHandler && pageCount === 1) this.#reshapeOne(page, rights);
        else {
          this.#table.states.changed();
          this.#reshape(start, next, page, stop, flags, wanted);
        }
        this.#changeProtection(page, stop, rights);
      }
      page = stop;
    }
    this.#flushGathered();
  }

  /** clear_refs 4: every present PTE of the process loses its soft-dirty bit and the right to write. */
  clearRefs(): void {
    const { vmas } = this;
    const ledger = this.#ledger;
    const table = this.#table;
    const { flags } = table;
    table.states.changed();
    ledger.charge(P.linux_clear_refs, 1);
    this.#tracksSoftDirty = true;
    for (let start = 0; start < WINDOW_PAGES; ) {
      const next = vmas.endOf(start);
      const vma = vmas.flagsAt(start);
      if (vma !== 0 && (vma & VMA_SPECIAL) === 0) {
        let present = 0;
        let writable = 0;
        // Reserved address space holds no present page.
        for (let page = (vma & RIGHTS) === 0 ? next : start; page < next; ) {
          const alike = table.alikeUntil(page, Math.min(next, tableEnd(page)));
          if (flags[page] & PTE_PRESENT) {
            present += alike - page;
            if (flags[page] & PTE_WRITABLE) writable += alike - page;
            this.#platform.updatePtes(page, alike, flags[page] & ~(PTE_SOFT_DIRTY | PTE_WRITABLE));
          }
          page = alike;
        }
        ledger.charge(P.linux_clear_refs_vma, 1);
        ledger.charge(P.linux_clear_refs_pte, present);
        ledger.charge(P.linux_clear_refs_write, writable);
      }
      start = next;
    }
    ledger.charge(P.linux_flush_range, 1);
    this.#platform.flushAll();
  }

  /**
   * Reads a range of /proc/pid/pagemap. The kernel walks page-table page by page-table page and copies out what was asked
   * for, so a read also pays for the entries from its end to the end of their page-table page.
   * @returns the pages that are soft-dirty, ascending
   */
  readPagemap(first: number, pageCount: number): Uint32Array {
    const ledger = this.#ledger;
    const table = this.#table;
    const softDirty = new PageList();
    const end = first + pageCount;
    const walkEnd = Math.ceil(end / TABLE_PAGES) * TABLE_PAGES;
    let present = 0;
    for (let page = first; page < walkEnd; ) {
      const alike = table.alikeUntil(page, walkEnd);
      const entry = table.flags[page];
      if (entry & PTE_PRESENT) {
        present += alike - page;
        if (entry & PTE_SOFT_DIRTY) softDirty.addAll(page, Math.max(page, Math.min(alike, end)));
      }
      page = alike;
    }
    ledger.charge(P.linux_pagemap, 1);
    ledger.charge(P.linux_pagemap_pte, present);
    if (present < walkEnd - first) ledger.charge(P.linux_pagemap_none, walkEnd - first - present);
    return softDirty.take();
  }

  /** UFFDIO_WRITEPROTECT of a registered range: sets or clears uffd-wp in its PTEs. */
  writeProtect(first: number, pageCount: number, protect: boolean): void {
    const ledger = this.#ledger;
    const platform = this.#platform;
    const table = this.#table;
    const end = first + pageCount;
    ledger.charge(P.linux_uffd_writeprotect, 1);
    this.#gatheredEnd = 0;
    let changed = 0;
    for (let page = first; page < end; ) {
      const stop = Math.min(end, tableEnd(page));
      platform.enterLazyMmu();
      let changedHere = 0;
      while (page < stop) {
        const alike = table.alikeUntil(page, stop);
        const entry = table.flags[page];
        if ((entry & PTE_PRESENT) !== 0) {
          const after = protect ? (entry | PTE_UFFD_WP) & ~PTE_WRITABLE : entry & ~PTE_UFFD_WP;
          changedHere += alike - page;
          if (((entry ^ after) & PTE_WRITABLE) !== 0 || platform.flushesSoftwareBits) this.#gather(page, alike);
          platform.modifyPtes(page, alike, after);
        }
        page = alike;
      }
      platform.leaveLazyMmu();
      ledger.charge(P.linux_change_table, 1);
      ledger.charge(protect ? P.linux_uffd_pte : P.linux_uffd_pte_clear, changedHere);
      changed += changedHere;
    }
    if (this.#build.gathersFlushes) this.#flushGathered();
    else if (changed > 0) this.flush(first, end);
  }

  /** Takes on the VMAs of a process that forks; its userfaultfd is not the child's. */
  inherit(parent: AddressSpace): void {
    this.vmas.copy(parent.vmas, VMA_UFFD_WP);
    this.#tree.copied();
    this.#tracksSoftDirty = parent.#tracksSoftDirty;
  }

  /** The other process that frames are shared with after a fork: the child that has not exited, or of a child its parent. */
  get sharer(): AddressSpace | undefined {
    return this.#sharer;
  }

  shareWith(other: AddressSpace | undefined): void {
    this.#sharer = other;
    this.#table.states.changed();
  }

  /** This process lets go of pages' frames, from `first` to before `end`: who shared them has them alone. */
  unshare(first: number, end: number): void {
    if (this.#sharer === undefined) return;
    const other = this.#sharer.#table;
    this.#table.states.once();
    for (let page = first; page < end; ) {
      const alike = other.alikeUntil(page, end);
      if (other.flags[page] & PTE_SHARED) other.setAll(page, alike, other.flags[page] & ~PTE_SHARED);
      page = alike;
    }
  }

  /** flush_tlb_mm_range of the running process. */
  flush(first: number, end: number): void {
    this.#ledger.charge(P.linux_flush_range, 1);
    if (end - first <= FLUSH_CEILING_PAGES) this.#platform.flushPages(first, end - first);
    else this.#platform.flushAll();
  }

  #gather(first: number, end: number): void {
    if (this.#gatheredEnd === 0) this.#gatheredFirst = first;
    this.#gatheredEnd = end;
  }

  #flushGathered(): void {
    if (this.#gatheredEnd > 0) this.flush(this.#gatheredFirst, this.#gatheredEnd);
  }

  /** Gives one page other rights: what handlers of faults do to one page after the other. */
  #reshapeOne(page: number, rights: number): void {
    const { vmas } = this;
    const { states } = this.#table;
    if (this.#rightsByFaults === undefined) states.find((other) => this.#foundAt(other));
    if (this.#rightsByFaults !== rights) {
      this.#rightsByFaults = rights;
      states.changed();
    }
    states.apart(page, (other) => {
      const start = vmas.startOf(other);
      const flags = vmas.flagsAt(start);
      const { levels } = this.#tree;
      this.#reshape(start, vmas.endOf(start), other, other + 1, flags, (flags & ~RIGHTS) | rights);
      // Every look at the tree takes longer, or less long, from now on.
      if (this.#tree.levels !== levels) states.changed();
    });
  }

  /**
   * What a store to a page depends on that no state tells: its VMA's flags, and whether its handler changes the levels of the trees, so
   * that the store looks at others when it comes again.
   */
  #foundAt(page: number): number {
    const { vmas } = this;
    const start = vmas.startOf(page);
    const flags = vmas.flagsAt(start);
    if (!this.#tree.mayChangeLevels || this.#rightsByFaults === undefined) return flags;
    const wanted = (flags & ~RIGHTS) | this.#rightsByFaults;
    if (wanted === flags) return flags;
    const further = furtherVmas(this.#placeOf(start, vmas.endOf(start), page, page + 1, wanted));
    return this.#tree.changesLevels(further) ? flags | CHANGES_LEVELS : flags;
  }

  /** How [page, stop) lies in the VMA [start, next), when it gets the flags `wanted`: bits above. */
  #placeOf(start: number, next: number, page: number, stop: number, wanted: number): number {
    const { vmas } = this;
    let place = 0;
    if (page === start) {
      place |= AT_START;
      if (start > 0 && vmas.flagsOf(start - 1) === wanted) place |= JOINS_BEFORE;
    }
    if (stop === next) {
      place |= AT_END;
      if (next < WINDOW_PAGES && vmas.flagsAt(next) === wanted) place |= JOINS_AFTER;
    }
    return place;
  }

  /** Gives [page, stop) of the VMA [start, next) the flags `wanted`: vma_merge, or else splits. */
  #reshape(start: number, next: number, page: number, stop: number, flags: number, wanted: number): void {
    const { vmas } = this;
    const ledger = this.#ledger;
    const place = this.#placeOf(start, next, page, stop, wanted);
    const atStart = (place & AT_START) !== 0;
    const atEnd = (place & AT_END) !== 0;
    const joinsBefore = (place & JOINS_BEFORE) !== 0;
    const joinsAfter = (place & JOINS_AFTER) !== 0;
    if (joinsBefore && joinsAfter) {
      ledger.charge(P.linux_vma_bridge, 1);
      vmas.join(next);
      vmas.join(start);
      this.#tree.bridge(start, next);
    } else if (joinsBefore && atEnd) {
      ledger.charge(P.linux_vma_merge, 1);
      vmas.join(start);
      this.#tree.merge(start);
    } else if (joinsBefore) {
      ledger.charge(P.linux_vma_shift, 1);
      vmas.shift(start, stop, next);
      this.#tree.shift(start, stop);
    } else if (joinsAfter && atStart) {
      ledger.charge(P.linux_vma_merge, 1);
      vmas.join(next);
      vmas.setFlags(page, wanted);
      this.#tree.merge(next);
    } else if (joinsAfter) {
      ledger.charge(P.linux_vma_shift, 1);
      vmas.shift(next, page, start);
      this.#tree.shift(next, page);
    } else {
      if (!atStart) {
        ledger.charge(P.linux_vma_split, 1);
        vmas.split(page);
        this.#tree.split(page);
      }
      if (!atEnd) {
        ledger.charge(P.linux_vma_split, 1);
        vmas.split(stop);
        vmas.setFlags(stop, flags);
        this.#tree.split(stop);
      }
      vmas.setFlags(page, wanted);
    }
  }

  /** change_protection over [first, end), one page-table page after the other. */
  #changeProtection(first: number, end: number, rights: number): void {
    const ledger = this.#ledger;
    const platform = this.#platform;
    const { upgradesPtes, gathersFlushes } = this.#build;
    const table = this.#table;
    const tracked = this.#tracksSoftDirty;
    let changed = 0;
    for (let page = first; page < end; ) {
      const stop = Math.min(end, tableEnd(page));
      let changedHere = 0;
      let empty = 0;
      let upgraded = 0;
      platform.enterLazyMmu();
      for (let alike = page; page < stop; page = alike) {
        alike = table.alikeUntil(page, stop);
        const entry = table.flags[page];
        if ((entry & (PTE_PRESENT | PTE_PROT_NONE)) === 0) {
          empty += alike - page;
          continue;
        }
        let after = entry & ~(PTE_WRITABLE | PTE_PROT_NONE | PTE_PRESENT);
        after |= rights === 0 ? PTE_PROT_NONE : PTE_PRESENT;
        if (upgradesPtes && rights & VMA_WRITE) {
          const may =
            (entry & (PTE_ZERO_PAGE | PTE_SHARED | PTE_UFFD_WP)) === 0 && (!tracked || (entry & PTE_SOFT_DIRTY) !== 0);
          if (may) {
            after |= PTE_WRITABLE;
            upgraded += alike - page;
          }
        }
        changedHere += alike - page;
        if (gathersFlushes && ((entry ^ after) & (PTE_PRESENT | PTE_WRITABLE)) !== 0) this.#gather(page, alike);
        platform.modifyPtes(page, alike, after);
      }
      platform.leaveLazyMmu();
      ledger.charge(P.linux_change_table, 1);
      if (changedHere > 0) ledger.charge(P.linux_change_pte, changedHere);
      if (empty > 0) ledger.charge(P.linux_change_none, empty);
      if (upgraded > 0) ledger.charge(P.linux_change_writable, upgraded);
      changed += changedHere;
    }
    if (changed > 0 && !gathersFlushes) this.flush(first, end);
  }

  /** Joins borders inside and at both ends of [first, end) between stretches with the same flags. */
  #joinAround(first: number, end: number): void {
    const { vmas } = this;
    for (let border = first; border <= end; ) {
      const next = vmas.endOf(border);
      if (border > 0 && vmas.isStart(border) && vmas.flagsOf(border - 1) === vmas.flagsAt(border)) vmas.join(border);
      border = next;
    }
  }
}

/** VMAs that there are more, or less, when the flags of a stretch that lies so have changed. */
function furtherVmas(place: number): number {
  const ofEnd = (at: number, joins: number) => (place & at ? 0 : 1) - (place & joins ? 1 : 0);
  return ofEnd(AT_START, JOINS_BEFORE) + ofEnd(AT_END, JOINS_AFTER);
}

/** The first page behind those whose entries are in one page-table page with a page's. */
function tableEnd(page: number): number {
  return (page | (TABLE_PAGES - 1)) + 1;
}
