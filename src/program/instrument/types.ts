/**
 * What instrumentation is asked for and what it gives back.
 *
 * An instrumented module does what the plain one does, and besides: each store looks its page up in a protection table,
 * virtual cycles are counted, and (in `record` mode) stores are counted by page, by straight-line run and by 64-byte line.
 */

/** Bytes of a guest page: the unit of protection and of page counts. */
export const PAGE_BYTES = 4096;
/** Bytes of a dirty line: the unit of dirty masks. */
export const LINE_BYTES = 64;
/** Bytes of a page of WebAssembly memory: the unit of `memory.grow`. */
export const WASM_PAGE_BYTES = 65536;

/**
 * - `check`: a store to a page whose table byte is non-zero calls the host before it is done. The host opens the page
 *   (a page that it leaves protected may or may not trap again before the next tick or imported call). The fastest.
 * - `record`: the same, and store counts by page, store counts by straight-line run, and dirty 64-byte lines.
 * - `exact`: the host is called for each single store to a protected page, in program order, each time. For pages that
 *   stay protected for good and whose stores the host emulates or logs.
 * - `watch`: the host is called before each load and store that touches a watched byte, in program order, each time. The
 *   protection table says which pages hold any; no store traps. For questions about single bytes.
 *
 * Given the same answers of the host, `check` and `record` trap at the same stores in the same order.
 */
export type TrackingMode = "check" | "record" | "exact" | "watch";

/**
 * Where the tables live.
 * - `second-memory`: in a memory of their own (the engine must have multi-memory).
 * - `same-memory`: at the bottom of the program's memory; the program's address 0 is `layout.guestBase` bytes up, which
 *   costs nothing as it goes into the offset of each access. The end of the memory is the end of the program's memory,
 *   so both placements trap out-of-bounds loads and stores exactly as the plain module does.
 */
export type TablePlacement = "second-memory" | "same-memory";

/** Virtual cycles of one instruction. @param opcode `prefix << 8 | opcode` for prefixed ones (0xfc, 0xfd) */
export type InstructionWeight = (opcode: number) => number;

export interface InstrumentOptions {
  readonly mode: TrackingMode;
  /** Limit of the program's memory in 64 KiB pages, 1 to 32768; a lower limit declared by the program stays in force. */
  readonly maxMemoryPages: number;
  /** Default: `second-memory` where the engine has multi-memory, else `same-memory`. */
  readonly placement?: TablePlacement;
  /** Which straight-line runs `record` counts: those with stores (default), or all, which costs more. */
  readonly countedBlocks?: "stores" | "all";
  /** Fewer checks where that cannot be told apart from the outside (default true; `exact` never does). */
  readonly coalesce?: boolean;
  /** Tell the engine that slow paths are unlikely (default true; ignored by engines without branch hints). */
  readonly branchHints?: boolean;
  /** Default: `defaultWeight`. Each weight is an integer from 0 to 65535. */
  readonly weight?: InstructionWeight;
  /** In `watch`: whether local and global variables of WebAssembly can be watched as well (default false). */
  readonly watchVariables?: boolean;
}

/** `load`, also the reading half of a copy, and `get`, `set` and `call` occur in `watch` only. */
export type SiteKind = "store" | "fill" | "copy" | "init" | "load" | "get" | "set" | "call";

/** One instruction that the host can be told of: those that write memory. Its index in `InstrumentedModule.sites` is what traps report. */
export interface StoreSite {
  /** In the index space of the original module (imports first). */
  readonly functionIndex: number;
  /** Byte offset of the instruction in the original file. */
  readonly offset: number;
  /** Bytes written; 0 for bulk instructions, whose length is known at run time only. */
  readonly size: number;
  readonly kind: SiteKind;
}

/**
 * A straight-line run of instructions that has a counter: each instruction in it is executed as often as the run
 * (but for a run cut short by a trap, which counts as whole).
 */
export interface CountedBlock {
  readonly functionIndex: number;
  /** Byte range of its instructions in the original file; the end is exclusive. */
  readonly offset: number;
  readonly endOffset: number;
  /** Virtual cycles of one execution, without what bulk instructions cost by their length. */
  readonly cycles: number;
  /** Its store sites, as indices into `sites`: from `firstSite`, `siteCount` of them. */
  readonly firstSite: number;
  readonly siteCount: number;
}

/** Stores checked together: one look-up for `members`, all within 64 bytes and off one address. */
export interface StoreGroup {
  /** In program order; `delta` is the distance of the member from the group's lowest address, in bytes. */
  readonly members: readonly { readonly site: number; readonly delta: number; readonly size: number }[];
}

export interface FunctionInfo {
  /** In the index space of the original module. */
  readonly index: number;
  /** From the name section, else an export's name, else `func[index]`. */
  readonly name: string;
  readonly imported: boolean;
  /** Byte range of the body in the original file, 0 and 0 for imports; the end is exclusive. */
  readonly offset: number;
  readonly endOffset: number;
}

export type GlobalType = "i32" | "i64" | "f32" | "f64" | "v128" | "reference";

/** A mutable global of the program: with memory, the whole of its state between calls. */
export interface MutableGlobal {
  /** In the index space of the original module. */
  readonly index: number;
  readonly exportName: string;
  readonly type: GlobalType;
}

/** Byte offsets of the tables in the memory that holds them, and where the program's memory begins in its own. */
export interface TableLayout {
  readonly placement: TablePlacement;
  /** Byte offset of the program's address 0 in its memory: 0, or all of the tables in `same-memory`. */
  readonly guestBase: number;
  /** Bytes of all tables, a multiple of 64 KiB. */
  readonly tableBytes: number;
  /** i32: virtual cycles left before the next tick, counted down. */
  readonly remainingCycles: number;
  /** One byte a page; 2^20 entries. */
  readonly protection: number;
  /** One u32 a page; 2^20 entries. Only in `record`, else 0. */
  readonly pageCounts: number;
  /** One byte a 64-byte line, 2^26 of them (touched only where the program writes): see `LineState`. Only in `record`, else 0. */
  readonly lines: number;
  readonly lineCount: number;
  /** One u32 a counted block. Only in `record`, else 0. */
  readonly blockCounts: number;
  /** Counts of stores by page and site: see `tallies.ts`. Only in `record` without coalescing, else 0. */
  readonly tallies: number;
  /** One bit a byte, as `watchedBytes`: those that stores wrote which were counted so. Only where there are `tallies`, else 0. */
  readonly writtenBytes: number;
  /** One bit a byte of the program's memory: bit n of byte k is address 8 k + n. Only in `watch`, else 0. */
  readonly watchedBytes: number;
  /**
   * Bits as of `watchedBytes`: watched bytes whose first access is noted instead of told, in `quietLoaded` or in `quietStored`, and
   * not looked at again. Only in `watch`, else 0.
   */
  readonly quietBytes: number;
  readonly quietLoaded: number;
  readonly quietStored: number;
  /** One byte a mutable global: non-zero tells the host of its gets and sets. Only in `watch`, else 0. */
  readonly watchedGlobals: number;
  /** Bytes of the stack of frames below that are taken: an i32. Only in `watch`, else 0. */
  readonly frameTop: number;
  /** Non-zero: the host is told of each new frame. An i32. Only in `watch`, else 0. */
  readonly entriesTold: number;
  /** The frames of functions that can get to the checkpoint interface: see `frames.ts`. Only in `watch`, else 0. */
  readonly frames: number;
  /** Limit of the program's memory in 64 KiB pages. */
  readonly maxMemoryPages: number;
}

/** The weights by instruction, for those that have one: to share a block's cycles among the source lines in it. */
export interface InstructionWeights {
  /** Byte offsets in the original file, ascending. */
  readonly offsets: Uint32Array;
  readonly cycles: Uint16Array;
}

export interface InstrumentedModule {
  readonly mode: TrackingMode;
  /**
   * Whether every single store to a protected page traps, in program order, each time, but for those that the host has the
   * module count instead (`Mmu.tallies`): in `exact`, and without coalescing.
   */
  readonly trapsEachStore: boolean;
  readonly bytes: Uint8Array;
  readonly layout: TableLayout;
  readonly sites: readonly StoreSite[];
  /** By the site of the group's first store in program order. */
  readonly groups: ReadonlyMap<number, StoreGroup>;
  /** Index = index into the block counters. Empty unless `record`. */
  readonly blocks: readonly CountedBlock[];
  readonly weights: InstructionWeights;
  /** By function index. */
  readonly functions: readonly FunctionInfo[];
  /** The program's memory; exported under this name even where the program does not. */
  readonly memoryExportName: string;
  /** The memory that holds the tables (the same as `memoryExportName` in `same-memory`). */
  readonly tableExportName: string;
  readonly mutableGlobals: readonly MutableGlobal[];
  /** By function index: the types of its parameters and locals. Of functions with frames, in `watch` only. */
  readonly frameLocals: ReadonlyMap<number, readonly GlobalType[]>;
  /** The start function, exported instead of run at instantiation so that the tables are ready before it. */
  readonly startExportName: string | undefined;
  /** Module name of the imports that were added; `createMmu` provides them. */
  readonly importModule: string;
  /** Module and name of the memory that the program imported: it is defined inside now and must not be provided. */
  readonly importedMemory: { readonly module: string; readonly name: string } | undefined;
  /**
   * From a byte offset in `bytes` (as V8's stack traces have it: `wasm-function[n]:0xoffset`) to that of the
   * instruction in the original file, or undefined in code that has no original.
   */
  originalOffset(offset: number): number | undefined;
}
