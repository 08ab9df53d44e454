import { allocatorNamed, type HeapEffect } from "../program/instrument/allocators.ts";
import { LineState } from "../program/instrument/helpers.ts";
import { PAGE_ENTRIES } from "../program/instrument/layout.ts";
import { TALLY_BYTES, TALLY_CELLS } from "../program/instrument/tallies.ts";
import type { GlobalType, InstrumentedModule, StoreGroup } from "../program/instrument/types.ts";
import { LINE_BYTES, PAGE_BYTES, WASM_PAGE_BYTES } from "../program/instrument/types.ts";
import { forgetChanges, type GuestFrame, readFrame, readFrames } from "./guest-frames.ts";
import { StoreTallies } from "./store-tallies.ts";
import { WatchedBytes } from "./watched-bytes.ts";

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
  /**
   * `memory.grow` failed: the limit does not allow this many pages of 4 KiB. The program gets -1, or the handler throws to
   * end it.
   */
  refused?(pageCount: number): void;
  /** What modules in `watch` mode tell. */
  readonly watch?: WatchHandlers | undefined;
}

/** Each comes on the program's stack, before the access is done but for what a set has set. May throw to end the program. */
export interface WatchHandlers {
  /**
   * A load or store touches a watched byte. Bytes may be watched or not any more from here, and memory may be changed.
   * @param size of a bulk instruction its part in one page
   * @param site index into `InstrumentedModule.sites`, or `HOST_SITE`
   */
  access(address: number, size: number, site: number, isStore: boolean): void;
  /** A watched local variable is about to be read, or has been set. What the frame's `setLocal` sets it has at once. */
  local(frame: GuestFrame, local: number, site: number, isSet: boolean): void;
  /** The same of a global variable, whose value is that of its export. */
  global(global: number, site: number, isSet: boolean): void;
  /** A function with a frame has been called, where that is told (`tellEntries`); the values of its variables are not there yet. */
  entered(frame: GuestFrame): void;
  /** The program's allocator has returned. Told again by whoever called it to allocate for others. */
  heap(effect: HeapEffect, site: number): void;
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
   * Who protects a page by writing here must call `protectionChanged` for it, before the program runs on. In `watch` mode
   * nothing traps, whatever is written here.
   */
  readonly protection: Uint8Array;
  /** Says that bytes of `protection` may have been set. Needed in `record` mode, costs nothing in the others. */
  protectionChanged(firstPage: number, pageCount: number): void;
  /** Sets the table's byte for some pages, and does what `protectionChanged` does. */
  protect(firstPage: number, pageCount: number, value: number): void;

  /**
   * Stores to each page since `clearEpoch`, for all 2^20 pages (`record` mode, else empty). A store counts for each
   * page that it writes to, a bulk or host write once for each page. Exact in ticks and imported functions, and when
   * the program is not running. Behind in `trap`, and at the end of a program that trapped by at most the loop that it
   * trapped in: loops count in registers.
   */
  readonly pageCounts: Uint32Array;
  /** Executions of each counted block since attach (`record` mode, else empty); as exact as `pageCounts`. */
  readonly blockCounts: Uint32Array;
  /**
   * Which 64-byte lines of a page were stored to since `clearEpoch`: bit n of the mask is line n. `record` mode; as
   * exact as `pageCounts`.
   */
  dirtyMask(page: number): bigint;
  /** The same for many pages, as two u32 each (lines 0 to 31, 32 to 63), into `into` from index 0. */
  copyDirtyMasks(pages: ArrayLike<number>, into: Uint32Array): void;
  /** Clears dirty masks and page counts of these pages, or of all. Protection stays as it is. `record` mode. */
  clearEpoch(pages?: ArrayLike<number>): void;

  /** Stores that are counted instead of told. Undefined but in `record` mode without coalescing. */
  readonly tallies: Omit<StoreTallies, "refresh"> | undefined;

  /**
   * An imported function is about to write guest memory: checks, counts and marks as stores do.
   * @throws RangeError if the bytes are not all inside the memory (nothing is marked then)
   */
  hostWrite(address: number, sizeBytes: number, site?: number): void;

  /** An imported function is about to read guest memory (`watch` mode; nothing in the others). */
  hostRead(address: number, sizeBytes: number): void;
  /** Watched bytes (`watch` mode). They are told each time until they are cleared. */
  readonly watched: Omit<WatchedBytes, "refresh" | "lookAgain">;
  /** Functions that run and can get to the checkpoint interface, the outermost first (`watch` mode, in imported functions). */
  frames(): GuestFrame[];
  /** Whether calls of functions that have a frame are told. Only in `watch`. */
  tellEntries(areTold: boolean): void;
  /** Whether gets and sets of a mutable global are told (`watch` mode). */
  watchGlobal(global: number, isWatched: boolean): void;
  /** Bits of each mutable global that holds a number, by its index. */
  globals(): ReadonlyMap<number, bigint>;
  setGlobal(global: number, bits: bigint): void;

  /**
   * Virtual cycles since attach, the same in every mode. A straight-line run counts as a whole when it begins. Exact in
   * handlers and imported functions, and when the program is not running; after a trap of the program other than
   * `unreachable`, what was last written back (at the latest call, tick or slow path).
   */
  cycles(): number;
  /** Adds cycles that the program spent outside of its own code (in an imported function). */
  charge(cycles: number): void;
  /**
   * `tick` is due at the first loop head or function entry at or after this many cycles since attach. Infinity: never.
   * May be called from anywhere, also to bring the deadline forward.
   */
  setDeadline(cycles: number): void;
}

/** Cycles that the countdown can hold, with room for what one run of a function may overdraw. */
const LONGEST_SLICE = 2 ** 30;
const LINES_PER_PAGE = PAGE_BYTES / LINE_BYTES;
const GUEST_PAGES_PER_WASM_PAGE = WASM_PAGE_BYTES / PAGE_BYTES;
const nothing = new Uint8Array(0);

/** Makes the host's side of an instrumented module, for one instance of it. */
export function createMmu(module: InstrumentedModule, handlers: MmuHandlers): Mmu {
  const { layout } = module;
  const groupOfSite: (StoreGroup | undefined)[] = module.sites.map((_, site) => module.groups.get(site));
  const recording = module.mode === "record";
  const watched = new WatchedBytes();
  const tallies = layout.tallies > 0 ? new StoreTallies(module.sites) : undefined;
  let instance: WebAssembly.Instance | undefined;
  let guestMemory: WebAssembly.Memory | undefined;
  let tableMemory: WebAssembly.Memory | undefined;
  let memory: Uint8Array = nothing;
  let protection: Uint8Array = nothing;
  let lines: Uint8Array = nothing;
  let lineWords: Uint32Array = new Uint32Array(0);
  let pageCounts: Uint32Array = new Uint32Array(0);
  let blockCounts: Uint32Array = new Uint32Array(0);
  let remaining: Int32Array = new Int32Array(1);
  /** Virtual cycles at which `remaining` is 0. */
  let sliceEnd = 0;
  let deadline = Number.POSITIVE_INFINITY;

  const cycles = () => sliceEnd - remaining[0];
  const setDeadline = (at: number) => {
    const now = cycles();
    deadline = at;
    // The code ticks when less than 0 remains, so 0 must remain one cycle before the deadline.
    const slice = Math.max(-1, Math.min(Math.ceil(at) - 1 - now, LONGEST_SLICE));
    sliceEnd = now + slice;
    remaining[0] = slice;
  };

  function refreshViews(): void {
    if (guestMemory === undefined || tableMemory === undefined) return;
    memory = new Uint8Array(guestMemory.buffer, layout.guestBase);
    const tables = tableMemory.buffer;
    remaining = new Int32Array(tables, layout.remainingCycles, 1);
    if (module.mode === "watch") {
      // The module looks at which pages have watched bytes; whoever else protects pages is not told of writes.
      const pages = new Uint8Array(tables, layout.protection, PAGE_ENTRIES);
      if (protection.length === 0) protection = new Uint8Array(PAGE_ENTRIES);
      const bitmap = (at: number) => new Uint8Array(tables, at, (layout.maxMemoryPages * WASM_PAGE_BYTES) / 8);
      const quiet = {
        bytes: bitmap(layout.quietBytes),
        loaded: bitmap(layout.quietLoaded),
        stored: bitmap(layout.quietStored),
      };
      watched.refresh(bitmap(layout.watchedBytes), quiet, pages);
    } else protection = new Uint8Array(tables, layout.protection, PAGE_ENTRIES);
    if (!recording) return;
    pageCounts = new Uint32Array(tables, layout.pageCounts, PAGE_ENTRIES);
    blockCounts = new Uint32Array(tables, layout.blockCounts, module.blocks.length);
    lines = new Uint8Array(tables, layout.lines, layout.lineCount);
    lineWords = new Uint32Array(tables, layout.lines, layout.lineCount / 4);
    tallies?.refresh(
      new Int32Array(tables, layout.tallies, (TALLY_CELLS * TALLY_BYTES) / 4),
      new Uint32Array(tables, layout.writtenBytes, (layout.maxMemoryPages * WASM_PAGE_BYTES) / 32),
    );
  }

  /** Tells a trap; of a group, as the first of its stores that touches the page. */
  function trap(page: number, address: number, size: number, site: number): void {
    const group = groupOfSite[site];
    if (group !== undefined) {
      for (const member of group.members) {
        const start = (address >>> 0) + member.delta;
        if (start >>> 12 === page || (start + member.size - 1) >>> 12 === page) {
          handlers.trap(page, start, member.size, member.site);
          return;
        }
      }
    }
    handlers.trap(page, address >>> 0, size, site);
  }

  /** An access to watched bytes, or a bulk instruction's to a page that holds any. */
  function access(page: number, address: number, size: number, site: number): void {
    if (!tellHost(address >>> 0, size, site, module.sites[site].kind !== "load")) watched.lookAgain(page);
  }

  /** A store or group lies in two pages; all of it was or will be counted for the first page. */
  function straddle(address: number, size: number, site: number): void {
    const start = address >>> 0;
    const firstPage = start >>> 12;
    const group = groupOfSite[site];
    if (group === undefined) {
      pageCounts[(start + size - 1) >>> 12]++;
      return;
    }
    for (const member of group.members) {
      const first = start + member.delta;
      if ((first + member.size - 1) >>> 12 === firstPage) continue;
      pageCounts[firstPage + 1]++;
      if (first >>> 12 !== firstPage) pageCounts[firstPage]--;
    }
  }

  function tick(): void {
    if (cycles() < deadline) {
      setDeadline(deadline); // only the slice is over
      return;
    }
    setDeadline(Number.POSITIVE_INFINITY);
    handlers.tick();
  }

  function protectionChanged(firstPage: number, pageCount: number): void {
    if (!recording) return;
    const end = Math.min(firstPage + pageCount, PAGE_ENTRIES);
    for (let page = firstPage; page < end; page++) {
      if (protection[page] === 0) continue;
      const first = (page * LINES_PER_PAGE) / 4;
      // Dirty lines (1 or 0x80) become 0x80, clean ones stay 0: four at a time.
      for (let word = first; word < first + LINES_PER_PAGE / 4; word++) {
        const old = lineWords[word];
        if (old !== 0) lineWords[word] = ((old & 0x01010101) << 7) | (old & 0x80808080);
      }
    }
  }

  /** Bit n is set if line `first + n` is dirty; 32 lines. */
  function dirtyBits(first: number): number {
    let bits = 0;
    for (let word = 0; word < 8; word++) {
      const four = lineWords[first / 4 + word];
      if (four === 0) continue;
      // Gathers bit 0 (or 7) of each byte into four bits.
      const flags = (four | (four >>> 7)) & 0x01010101;
      bits |= ((flags | (flags >>> 7) | (flags >>> 14) | (flags >>> 21)) & 15) << (word * 4);
    }
    return bits >>> 0;
  }

  function hostWrite(address: number, sizeBytes: number, site = HOST_SITE): void {
    const end = address + sizeBytes;
    if (!(address >= 0 && sizeBytes >= 0 && end <= memory.length))
      throw new RangeError(
        `write of ${sizeBytes} bytes at ${address} is outside of the ${memory.length} bytes of memory`,
      );
    for (let at = address; at < end; ) {
      const page = at >>> 12;
      const next = Math.min((page + 1) * PAGE_BYTES, end);
      if (module.mode === "watch") tellHost(at, next - at, site, true);
      else if (protection[page] !== 0) handlers.trap(page, at, next - at, site);
      if (recording) {
        pageCounts[page]++;
        const state = protection[page] !== 0 ? LineState.dirtyAndProtected : LineState.dirtyAndOpen;
        lines.fill(state, at >>> 6, ((next - 1) >>> 6) + 1);
      }
      at = next;
    }
  }

  /** @returns whether there was anything to tell */
  function tellHost(address: number, sizeBytes: number, site: number, isStore: boolean): boolean {
    const isWatched = watched.any(address, sizeBytes);
    if (isWatched) handlers.watch?.access(address, sizeBytes, site, isStore);
    return isWatched;
  }

  const globalOf = (name: string): WebAssembly.Global | undefined => {
    const found = instance?.exports[name];
    return found instanceof WebAssembly.Global ? found : undefined;
  };

  return {
    imports: {
      [module.importModule]: {
        local(frame: number, local: number, site: number) {
          if (tableMemory === undefined) return;
          const where = readFrame(module, tableMemory.buffer, frame);
          handlers.watch?.local(where, local, site, module.sites[site].kind === "set");
          forgetChanges(module, tableMemory.buffer, frame);
        },
        entered(frame: number) {
          if (tableMemory !== undefined) handlers.watch?.entered(readFrame(module, tableMemory.buffer, frame));
        },
        global(global: number, site: number) {
          handlers.watch?.global(global, site, module.sites[site].kind === "set");
        },
        allocated(callee: number, a: number, b: number, c: number, result: number, site: number) {
          const effect = allocatorNamed(module.functions[callee].name)?.([a >>> 0, b >>> 0, c >>> 0], result >>> 0);
          if (effect !== undefined) handlers.watch?.heap(effect, site);
        },
        trap: module.mode === "watch" ? access : trap,
        tick,
        straddle,
        grown(oldWasmPages: number, newWasmPages: number) {
          refreshViews();
          handlers.grown(oldWasmPages * GUEST_PAGES_PER_WASM_PAGE, newWasmPages * GUEST_PAGES_PER_WASM_PAGE);
        },
        refused(wasmPages: number) {
          handlers.refused?.((wasmPages >>> 0) * GUEST_PAGES_PER_WASM_PAGE);
        },
      },
    },
    attach(attached) {
      if (instance !== undefined) throw new Error("the MMU is attached to an instance already");
      instance = attached;
      guestMemory = attached.exports[module.memoryExportName] as WebAssembly.Memory;
      tableMemory = attached.exports[module.tableExportName] as WebAssembly.Memory;
      refreshViews();
      setDeadline(deadline);
    },
    start() {
      if (module.startExportName === undefined) return;
      const start = instance?.exports[module.startExportName];
      if (typeof start === "function") start();
    },
    get memory() {
      return memory;
    },
    get pageCount() {
      return memory.length / PAGE_BYTES;
    },
    get protection() {
      return protection;
    },
    protectionChanged,
    protect(firstPage, pageCount, value) {
      protection.fill(value, firstPage, firstPage + pageCount);
      if (value !== 0) protectionChanged(firstPage, pageCount);
    },
    get pageCounts() {
      return pageCounts;
    },
    get blockCounts() {
      return blockCounts;
    },
    dirtyMask(page) {
      const first = page * LINES_PER_PAGE;
      return (BigInt(dirtyBits(first + 32)) << 32n) | BigInt(dirtyBits(first));
    },
    copyDirtyMasks(pages, into) {
      for (let i = 0; i < pages.length; i++) {
        into[i * 2] = dirtyBits(pages[i] * LINES_PER_PAGE);
        into[i * 2 + 1] = dirtyBits(pages[i] * LINES_PER_PAGE + 32);
      }
    },
    clearEpoch(pages) {
      if (!recording) return;
      if (pages === undefined) {
        const pageCount = memory.length / PAGE_BYTES;
        lines.fill(0, 0, pageCount * LINES_PER_PAGE);
        pageCounts.fill(0, 0, pageCount);
        return;
      }
      for (let i = 0; i < pages.length; i++) {
        lines.fill(0, pages[i] * LINES_PER_PAGE, (pages[i] + 1) * LINES_PER_PAGE);
        pageCounts[pages[i]] = 0;
      }
    },
    tallies,
    hostWrite,
    hostRead(address, sizeBytes) {
      if (module.mode === "watch") tellHost(address, sizeBytes, HOST_SITE, false);
    },
    watched,
    frames: () => (tableMemory === undefined ? [] : readFrames(module, tableMemory.buffer)),
    tellEntries(areTold) {
      if (tableMemory !== undefined)
        new DataView(tableMemory.buffer).setInt32(layout.entriesTold, areTold ? 1 : 0, true);
    },
    watchGlobal(global, isWatched) {
      if (tableMemory !== undefined)
        new Uint8Array(tableMemory.buffer, layout.watchedGlobals)[global] = isWatched ? 1 : 0;
    },
    globals() {
      const values = new Map<number, bigint>();
      for (const { index, exportName, type } of module.mutableGlobals) {
        const bits = bitsOf(type, globalOf(exportName)?.value);
        if (bits !== undefined) values.set(index, bits);
      }
      return values;
    },
    setGlobal(global, bits) {
      const described = module.mutableGlobals.find(({ index }) => index === global);
      const found = described && globalOf(described.exportName);
      if (found !== undefined) found.value = numberOf(described?.type, bits);
    },
    cycles,
    charge(count) {
      sliceEnd += count;
      if (deadline !== Number.POSITIVE_INFINITY) setDeadline(deadline);
    },
    setDeadline,
  };
}

/** A number of WebAssembly as its bits; undefined for anything else. */
function bitsOf(type: GlobalType, value: unknown): bigint | undefined {
  if (type === "i64") return typeof value === "bigint" ? BigInt.asUintN(64, value) : undefined;
  if (typeof value !== "number") return undefined;
  scratch.setBigUint64(0, 0n);
  if (type === "i32") scratch.setInt32(0, value, true);
  else if (type === "f32") scratch.setFloat32(0, value, true);
  else if (type === "f64") scratch.setFloat64(0, value, true);
  else return undefined;
  return scratch.getBigUint64(0, true);
}

function numberOf(type: GlobalType | undefined, bits: bigint): number | bigint {
  scratch.setBigUint64(0, bits, true);
  switch (type) {
    case "i64":
      return scratch.getBigInt64(0, true);
    case "f32":
      return scratch.getFloat32(0, true);
    case "f64":
      return scratch.getFloat64(0, true);
    default:
      return scratch.getInt32(0, true);
  }
}

const scratch = new DataView(new ArrayBuffer(8));
