import { TALLY_BYTES, TALLY_CELLS } from "./tallies.ts";
import type { TableLayout, TablePlacement, TrackingMode } from "./types.ts";
import { LINE_BYTES, PAGE_BYTES, WASM_PAGE_BYTES } from "./types.ts";

/** Pages of 4 KiB in 4 GiB: any 32-bit address has its entry, so look-ups need no bounds of their own. */
export const PAGE_ENTRIES = 2 ** 32 / PAGE_BYTES;
/** Largest limit of guest memory in 64 KiB pages: 2 GiB, so that the tables always fit below 4 GiB with it. */
export const MAX_MEMORY_PAGES = 32768;

/** Room for frames in `watch` mode: more than an engine's own stack holds. */
export const FRAME_BYTES = 16 * 2 ** 20;

/** Module (memory 0) (memory 0): what an engine without multi-memory refuses. */
const twoMemories = [0, 97, 115, 109, 1, 0, 0, 0, 5, 5, 2, 0, 0, 0, 0];
/** Module (global i32 (i32.add (i32.const 1) (i32.const 1))). */
const extendedConstant = [0, 97, 115, 109, 1, 0, 0, 0, 6, 10, 1, 0x7f, 0, 0x41, 1, 0x41, 1, 0x6a, 0x0b];

export function hasMultiMemory(): boolean {
  return WebAssembly.validate(Uint8Array.from(twoMemories));
}

export function hasExtendedConstants(): boolean {
  const bytes = Uint8Array.from(extendedConstant);
  bytes[9] = bytes.length - 10;
  return WebAssembly.validate(bytes);
}

/**
 * @param mostBlocks upper bound of counted blocks
 * @param globalCount of the program
 * @param talliesStores whether stores to pages that are `TALLIED` are counted by page and site
 */
export function layOutTables(
  mode: TrackingMode,
  placement: TablePlacement,
  maxMemoryPages: number,
  mostBlocks: number,
  globalCount: number,
  talliesStores: boolean,
): TableLayout {
  let next = PAGE_BYTES; // the first page holds single values
  const take = (byteCount: number): number => {
    const at = next;
    next += Math.ceil(byteCount / LINE_BYTES) * LINE_BYTES;
    return at;
  };
  const recording = mode === "record";
  const protection = take(PAGE_ENTRIES);
  const lineCount = recording ? PAGE_ENTRIES * (PAGE_BYTES / LINE_BYTES) : 0;
  const pageCounts = recording ? take(PAGE_ENTRIES * 4) : 0;
  const blockCounts = recording ? take(mostBlocks * 4) : 0;
  const lines = recording ? take(lineCount) : 0;
  const tallies = talliesStores ? take(TALLY_CELLS * TALLY_BYTES) : 0;
  const watching = mode === "watch";
  // A look-up reads four bytes, whose last ones may lie behind the last bit.
  const bitmap = (isThere: boolean) => (isThere ? take((maxMemoryPages * WASM_PAGE_BYTES) / 8 + 4) : 0);
  const writtenBytes = bitmap(talliesStores);
  const watchedBytes = bitmap(watching);
  const [quietBytes, quietLoaded, quietStored] = [bitmap(watching), bitmap(watching), bitmap(watching)];
  const watchedGlobals = watching ? take(globalCount) : 0;
  const frames = watching ? take(FRAME_BYTES) : 0;
  const tableBytes = Math.ceil(next / WASM_PAGE_BYTES) * WASM_PAGE_BYTES;
  return {
    placement,
    guestBase: placement === "same-memory" ? tableBytes : 0,
    tableBytes,
    remainingCycles: 0,
    watchedBytes,
    quietBytes,
    quietLoaded,
    quietStored,
    watchedGlobals,
    frameTop: watching ? 8 : 0,
    entriesTold: watching ? 12 : 0,
    frames,
    protection,
    pageCounts,
    lines,
    lineCount,
    blockCounts,
    tallies,
    writtenBytes,
    maxMemoryPages,
  };
}
