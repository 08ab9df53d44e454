import type { Ledger } from "../machine/ledger.ts";
import { PageBytes } from "../machine/page-bytes.ts";
import { ALL } from "../machine/page-states.ts";
import { type PageTable, PTE_PRESENT, TABLE_PAGES, TABLE_SHIFT, WINDOW_PAGES } from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import type { PageRange } from "./checkpoint-service.ts";

/** Pages of the guest: 1 GiB. What is not the process's and not named below lies still. */
const GUEST_PAGES = 1 << 18;
/** log2 of the pages that a word of the bitmap stands for. */
const WORD_SHIFT = 6;

/** A set of pages of the guest's kernel that it writes to together. */
export interface KernelSet {
  /** A bit of its own. */
  readonly bit: number;
  readonly count: number;
}

/** How one paging mode has a guest's first write to each page come to Xen. */
export interface LogDirtyMode {
  /** Log-dirty mode begins. */
  enable(log: LogDirty): void;
  /** The bitmap was cleared: from now on the first write to each page traps. */
  close(): void;
  /** Writes by the guest's kernel to pages of its own trap. */
  trap(count: number): void;
  /** The first write to a page-table page. @returns whether another trap than log-dirty's has told of it already */
  tellsOfTable(table: number): boolean;
  /** The guest's kernel has given a page an entry. */
  entryWritten?(page: number): void;
}

/**
 * Log-dirty mode of a guest: a bit for each of its pages, set at the first write since the bitmap was last cleared. A tool in
 * the control domain reads and clears it (paging_log_dirty_op, xen/arch/x86/mm/paging.c, Xen 4.17).
 *
 * The pages are those of the process, standing for the frames that they have; the page-table
 * pages that map them; frames that the kernel clears or copies before it maps them; and sets of the kernel's own pages.
 */
export class LogDirty {
  readonly #ledger: Ledger;
  readonly #table: PageTable;
  readonly #mode: LogDirtyMode;
  readonly #always: KernelSet;
  #isOn = false;
  #bitmap = new PageBytes(0);
  #pages = this.#bitmap.bytes;
  #tables: Uint8Array = new Uint8Array(0);
  /** 1 for page-table pages that may have pages whose bits are set. */
  #used: Uint8Array = new Uint8Array(0);
  /** Bits of the sets of the kernel that were written. */
  #sets: Uint8Array = new Uint8Array(1);
  readonly #count: Int32Array;

  /** @param always pages that the guest's kernel writes in every epoch, whatever the program does */
  constructor(ledger: Ledger, table: PageTable, mode: LogDirtyMode, always: KernelSet) {
    this.#ledger = ledger;
    this.#table = table;
    this.#mode = mode;
    this.#always = always;
    this.#count = table.states.count();
  }

  /** XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY: once. */
  enable(): void {
    const { states } = this.#table;
    this.#bitmap = states.bytes();
    this.#pages = this.#bitmap.bytes;
    this.#tables = states.bytes(TABLE_SHIFT).bytes;
    this.#used = new Uint8Array(this.#tables.length);
    const present = (from: number) => this.#table.nextWith(PTE_PRESENT, from, WINDOW_PAGES);
    for (let page = present(0); page < WINDOW_PAGES; page = present((page | (TABLE_PAGES - 1)) + 1))
      this.#used[page >> TABLE_SHIFT] = 1;
    this.#sets = states.bytes(ALL).bytes;
    this.#isOn = true;
    this.#ledger.charge(P.xen_log_dirty_op, 1);
    this.#mode.enable(this);
    this.#table.observeWrites((page) => {
      this.#tableWritten(page >> TABLE_SHIFT);
      this.#mode.entryWritten?.(page);
    });
  }

  /**
   * First half of XEN_DOMCTL_SHADOW_OP_CLEAN: the bitmap goes to the tool, which looks through it.
   * @returns how many pages of the guest were written
   */
  read(): number {
    this.kernelWrites(this.#always);
    const words = GUEST_PAGES >> WORD_SHIFT;
    this.#ledger.charge(P.xen_log_dirty_op, 1);
    this.#ledger.charge(P.xen_log_dirty_word, words);
    this.#ledger.charge(P.user_bitmap_word, words);
    return this.#count[0];
  }

  /** Its second half: the bitmap is clear, and every page is closed again. */
  clear(): void {
    for (let table = this.#used.indexOf(1); table >= 0; table = this.#used.indexOf(1, table + 1))
      this.#pages.fill(0, table << TABLE_SHIFT, (table + 1) << TABLE_SHIFT);
    this.#tables.fill(0);
    this.#sets[0] = 0;
    this.#count[0] = 0;
    this.#mode.close();
  }

  /** The pages, virtual page numbers, that were written since the bitmap was cleared. */
  dirtyPages(ranges: readonly PageRange[]): Uint32Array {
    return this.#bitmap.pagesWith(1, ranges);
  }

  /** Whether the next store to the page comes to Xen because of this mode, and for nothing else. */
  isClosed(page: number): boolean {
    return this.#isOn && this.#pages[page] === 0 && (this.#table.flags[page] & PTE_PRESENT) !== 0;
  }

  /** Whether the page may be written without a trap. */
  mayWrite(page: number): boolean {
    return !this.#isOn || this.#pages[page] === 1;
  }

  /** paging_mark_dirty of a page. */
  mark(page: number): void {
    if (!this.#isOn) return;
    this.#ledger.charge(P.xen_log_dirty_mark, 1);
    this.#count[0] += 1 - this.#pages[page];
    this.#pages[page] = 1;
  }

  /** The guest's kernel writes a frame, by its own mapping, that the page shall have. */
  frameWritten(page: number): void {
    if (!this.#isOn || this.#pages[page] === 1) return;
    this.#used[page >> TABLE_SHIFT] = 1;
    this.#pages[page] = 1;
    this.#trap(1);
  }

  /** The guest's kernel writes pages of its own. */
  kernelWrites({ bit, count }: KernelSet): void {
    if (!this.#isOn || (this.#sets[0] & bit) !== 0) return;
    this.#sets[0] |= bit;
    this.#trap(count);
  }

  #tableWritten(table: number): void {
    if (this.#tables[table] === 1) return;
    this.#tables[table] = 1;
    this.#used[table] = 1;
    if (this.#mode.tellsOfTable(table)) {
      this.#ledger.charge(P.xen_log_dirty_mark, 1);
      this.#count[0]++;
    } else this.#trap(1);
  }

  /** What the program does for itself is dearer because its guest is tracked: that is overhead. */
  #trap(count: number): void {
    const before = this.#ledger.enterPhase("track");
    this.#mode.trap(count);
    this.#ledger.charge(P.xen_log_dirty_mark, count);
    this.#count[0] += count;
    this.#ledger.restore(before);
  }
}
