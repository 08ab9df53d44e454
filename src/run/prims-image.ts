import type { AddressSpace } from "../linux/address-space.ts";
import type { Kernel } from "../linux/kernel.ts";
import type { KernelBuildName } from "../linux/kernel-build.ts";
import { BOTTOM_PAGES } from "../linux/page-table-pages.ts";
import { VMA_FILE, VMA_MAPPED, VMA_READ, VMA_WRITE } from "../linux/vma-map.ts";
import { TABLE_PAGES } from "../machine/page-table.ts";

const FILE = VMA_MAPPED | VMA_READ | VMA_FILE;
const OWN = VMA_MAPPED | VMA_READ | VMA_WRITE;

/** Resident pages of the program's zeroed data, and those that the trace reader adds. */
const BSS_PAGES = 29;
const TRACED_PAGES: Readonly<Record<KernelBuildName, number>> = { "5.10-lean": 9, "6.1-default": 9, "6.1-pti": 7 };

/**
 * The measured program's image as a fork of it finds it: a static binary, its heap and its stack. How many VMAs there are,
 * and how many pages of its own in which of them, is its layout and not simulated: the measurements have vm_area_dup 12
 * times (ten here, the region, and vvar with vdso); 49 PTEs copied besides the region's n; of Xen, put_page_from_l1e, _l2e and
 * _l3e for four, three and two page-table pages at n = 1, of which the region has one; and, where batches are counted by
 * size, runs of 4, 4, 38 (36 with 6.1-pti), 9, 2 and 1, the trace reader's buffers and a further page-table page among them.
 */
export class PrimsImage {
  /** Pages of code that a child runs through first, each in its own stretch of 16. */
  readonly code: readonly number[];
  readonly stack: number;
  /** Where the C library keeps the thread's number, and the kernel what rseq tells. */
  readonly thread: number;
  /** What a child of fork writes to in the C library: locks of its streams, lists of threads' stacks, handlers. */
  readonly library: readonly number[];
  /** What the program writes to between two runs. */
  readonly counters: readonly number[];

  /** @param traced the trace reader runs, which has pages of its own */
  constructor(kernel: Kernel, traced: boolean) {
    const { memory } = kernel;
    const text = 2;
    const data = 200;
    const bss = 220;
    const bssPages = traced ? BSS_PAGES + TRACED_PAGES[kernel.build.name] : BSS_PAGES;
    const end = traced ? TABLE_PAGES + 8 : 300;
    const heap = 4 * TABLE_PAGES;
    const stack = BOTTOM_PAGES + 8 * TABLE_PAGES;
    for (const [first, pages] of [
      [0, 1],
      [text, 120],
      [130, 40],
      [180, 1],
    ] as const) {
      memory.map(first, pages, FILE);
    }
    for (const [first, pages] of [
      [190, 4],
      [data, 4],
      [bss, bssPages],
      [end, 1],
      [heap, 9],
      [stack, 2],
    ] as const) {
      own(kernel, memory, first, pages);
    }
    this.code = [text + 20, text + 60];
    this.stack = stack + 1;
    this.thread = heap;
    this.library = [data, data + 1, bss];
    this.counters = traced ? [bss + 1, bss + 2] : [bss + 1];
  }
}

function own(kernel: Kernel, memory: AddressSpace, first: number, pages: number): void {
  memory.map(first, pages, OWN);
  for (let page = first; page < first + pages; page++) kernel.store(page);
}
