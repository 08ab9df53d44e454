import type { InstrumentedModule } from "../program/instrument/types.ts";

/** Site of a write that an imported function did on the program's behalf. */
export const HOST_SITE = -1;

/** What the software MMU tells its owner. Never called before `attach`. */
export interface MmuHandlers {
  /**
   * A store needs a protected page. Called once for each page, before the store is done, and again for the second page
   * of a store that straddles two. The handler opens the page (`mmu.protection[page] = 0`), or throws to end the
   * program. It must not protect any page: only ticks and imported functions may.
   * @param page index of the page
   * @param address first byte of the store (for bulk and host writes: of its part in this page)
   * @param size bytes of the store (for bulk and host writes: of its part in this page)
   * @param site index into `InstrumentedModule.sites`, or `HOST_SITE`
   */
  trap(page: number, address: number, size: number, site: number): void;
  /**
   * The deadline has passed. Called at the next loop head or function entry, on the program's stack. There is no
   * deadline any more until the handler (or anyone later) sets one. Pages may be protected here. May throw.
   */
  tick(): void;
  /**
   * The memory has grown by `memory.grow`. All views of the tables and of the memory were made anew before this call:
   * whoever keeps one takes it again from here. New pages are not protected; they may be protected here.
   * @param oldPageCount pages of 4 KiB before
   * @param newPageCount pages of 4 KiB now
   */
  grown(oldPageCount: number, newPageCount: number): void;
}

/**
 * The host's side of an instrumented module. The views are getters: memory growth replaces them (see `grown`), so take
 * them anew after any call into the program.
 */
export interface Mmu {
  /** To be merged into the imports of the instance. */
  readonly imports: Record<string, Record<string, unknown>>;
  /** Binds to the instance; exactly once, right after instantiation and before any of its functions is called. */
  attach(instance: WebAssembly.Instance): void;
  /** Runs the program's start function if it has one; right after `attach`. */
  start(): void;

  /** The program's memory, from its address 0 to its end. Writes through it are not tracked: see `hostWrite`. */
  readonly memory: Uint8Array;
  /** Pages of 4 KiB that the program's memory has now. */
  readonly pageCount: number;
  /**
   * One byte a page of 4 KiB, for all 2^20 pages: non-zero traps stores. May be written at will when a page is opened.
   * Who protects a page by writing here must call `protectionChanged` for it, before the program runs on.
   */
  readonly protection: Uint8Array;
  /** Says that bytes of `protection` may have been set. Needed in `record` mode, costs nothing in the others. */
  protectionChanged(firstPage: number, pageCount: number): void;
  /** Sets the table's byte for some pages, and does what `protectionChanged` does. */
  protect(firstPage: number, pageCount: number, value: number): void;

  /**
   * Stores to each page since `clearEpoch`, for all 2^20 pages (`record` mode, else empty). A store counts for each
   * page that it writes to, a bulk or host write once for each page. Exact in ticks and imported functions, and when
   * the program is not running; behind in `trap`.
   */
  readonly pageCounts: Uint32Array;
  /** Executions of each counted block since attach (`record` mode, else empty); as exact as `pageCounts`. */
  readonly blockCounts: Uint32Array;
  /** Which 64-byte lines of a page were stored to since `clearEpoch`: bit n of the mask is line n. `record` mode. */
  dirtyMask(page: number): bigint;
  /** The same for many pages, as two u32 each (lines 0 to 31, 32 to 63), into `into` from index 0. */
  copyDirtyMasks(pages: ArrayLike<number>, into: Uint32Array): void;
  /** Clears dirty masks and page counts of these pages, or of all. Protection stays as it is. `record` mode. */
  clearEpoch(pages?: ArrayLike<number>): void;

  /**
   * An imported function is about to write guest memory: checks, counts and marks as stores do.
   * @throws RangeError if the bytes are not all inside the memory (nothing is marked then)
   */
  hostWrite(address: number, sizeBytes: number, site?: number): void;

  /** Virtual cycles since attach. Exact in handlers and imported functions, and when the program is not running. */
  cycles(): number;
  /** Adds cycles that the program spent outside of its own code (in an imported function). */
  charge(cycles: number): void;
  /**
   * `tick` is due at the first loop head or function entry at or after this many cycles since attach. Infinity: never.
   * May be called from anywhere, also to bring the deadline forward.
   */
  setDeadline(cycles: number): void;
}

/** Makes the host's side of an instrumented module, for one instance of it. */
export function createMmu(_module: InstrumentedModule, _handlers: MmuHandlers): Mmu {
  throw new Error("not attached to any machine yet");
}
