import { CodeWriter } from "./code-writer.ts";
import { EMPTY_BLOCK, Op, ValueType } from "./opcodes.ts";
import { TALLIED, TALLY_BYTES, TALLY_CELL_BITS, TALLY_PAGE_FACTOR, TALLY_SITE_FACTOR } from "./tallies.ts";
import type { TableLayout, TrackingMode } from "./types.ts";
import { WASM_PAGE_BYTES } from "./types.ts";

const { i32 } = ValueType;

/** Functions that the host provides, in the order of their imports; `hostFunctionsOf` says in which modes. */
export const hostFunctions = [
  /** (page, address, size, site) */
  { name: "trap", parameters: [i32, i32, i32, i32], results: [] },
  { name: "tick", parameters: [], results: [] },
  /** (old 64 KiB pages, new 64 KiB pages) */
  { name: "grown", parameters: [i32, i32], results: [] },
  /** (64 KiB pages that there would have been, at most 2^32 - 1) */
  { name: "refused", parameters: [i32], results: [] },
  /** (address, size, site): a store or group of stores lies in two pages and was counted in the first */
  { name: "straddle", parameters: [i32, i32, i32], results: [] },
  /** (frame, local, site): a watched local variable is read, or was given another value */
  { name: "local", parameters: [i32, i32, i32], results: [] },
  /** (global, site): the same of a global variable */
  { name: "global", parameters: [i32, i32], results: [] },
  /** (frame): a function that can get to the checkpoint interface has been called */
  { name: "entered", parameters: [i32], results: [] },
  /** (function, argument, argument, argument, result, site): a function that allocates or frees has returned */
  { name: "allocated", parameters: [i32, i32, i32, i32, i32, i32], results: [] },
] as const;

/** Those that a module in this mode imports. */
export function hostFunctionsOf(mode: TrackingMode): (typeof hostFunctions)[number][] {
  return hostFunctions.filter(({ name }) => {
    switch (name) {
      case "straddle":
        return mode === "record";
      case "local":
      case "global":
      case "allocated":
      case "entered":
        return mode === "watch";
      default:
        return true;
    }
  });
}

/** Functions that are appended to the module, in this order. */
export const helperFunctions = [
  /** (address, memory offset, size, site, remaining cycles) -> remaining cycles: one store that missed the fast path */
  { name: "slowStore", parameters: [i32, i32, i32, i32, i32], results: [i32] },
  /** The same for a group: (lowest address, 0, bytes from first to last, site, remaining cycles) */
  { name: "slowGroup", parameters: [i32, i32, i32, i32, i32], results: [i32] },
  /** (destination, source, bytes at the source's end, length, site, remaining cycles) -> remaining cycles */
  { name: "bulk", parameters: [i32, i32, i32, i32, i32, i32], results: [i32] },
  /** (destination, source, length, site): what a copy is about to read; in `watch` only */
  { name: "bulkRead", parameters: [i32, i32, i32, i32], results: [] },
  /** (pages) -> memory.grow's result */
  { name: "grow", parameters: [i32], results: [i32] },
  /**
   * (address, stride, iterations, size, stores): counts and marks what a store of an array
   * loop did in these iterations, from `address` on and all within one page (or one iteration only)
   */
  { name: "settle", parameters: [i32, i32, i32, i32, i32], results: [] },
] as const;

export type HostFunction = (typeof hostFunctions)[number]["name"];
export type HelperFunction = (typeof helperFunctions)[number]["name"];

/** Tells loads apart in the size that a watched access is told with; no access is as large. */
export const LOAD_FLAG = 0x100;

/** States of a 64-byte line's byte, read as signed: a store takes the fast path only at 1. */
export const LineState = { clean: 0, dirtyAndOpen: 1, dirtyAndProtected: 0x80 } as const;

/** One cycle for each 16 bytes that a bulk instruction writes. */
const BULK_BYTES_PER_CYCLE_LOG2 = 4;

export interface HelperContext {
  readonly mode: TrackingMode;
  readonly layout: TableLayout;
  /** Index of a function that the host provides, in the new module. */
  host(name: HostFunction): number;
}

/** The bodies of `helperFunctions`, each with its local declarations. */
export function writeHelper(name: HelperFunction, context: HelperContext): CodeWriter {
  switch (name) {
    case "slowStore":
      return context.mode === "watch" ? writeWatched(context) : writeSlowStore(context, false);
    case "slowGroup":
      return writeSlowStore(context, true);
    case "bulk":
      return writeBulk(context);
    case "bulkRead":
      return writeBulkRead(context);
    case "grow":
      return writeGrow(context);
    case "settle":
      return writeSettle(context);
  }
}

/** Pushes the bytes of guest memory; below 2^32 as the limit is. */
export function pushMemoryBytes(w: CodeWriter, layout: TableLayout): void {
  w.u8(Op.memorySize);
  w.u8(0);
  w.const(16).op(Op.i32Shl);
  if (layout.guestBase > 0) w.const(layout.guestBase).op(Op.i32Sub);
}

/** Declares further i32 locals. */
function begin(layout: TableLayout, extraLocals: number): CodeWriter {
  const w = new CodeWriter(layout);
  w.u32(extraLocals > 0 ? 1 : 0);
  if (extraLocals > 0) {
    w.u32(extraLocals);
    w.u8(i32);
  }
  return w;
}

function storeRemaining(w: CodeWriter, layout: TableLayout, local: number): void {
  w.const(0).get(local).table(Op.i32Store, layout.remainingCycles);
}

function loadRemaining(w: CodeWriter, layout: TableLayout): void {
  w.const(0).table(Op.i32Load, layout.remainingCycles);
}

function writeSlowStore({ mode, layout, host }: HelperContext, group: boolean): CodeWriter {
  const [address, offset, size, site, remaining, last, cell] = [0, 1, 2, 3, 4, 5, 6];
  const w = begin(layout, 2);
  const returnAtOnce = () => w.if().get(remaining).op(Op.return).end();
  const protectionOf = (local: number) => w.get(local).const(12).op(Op.i32ShrU).table(Op.i32Load8U, layout.protection);
  const trapIfProtected = (local: number) => {
    protectionOf(local).if();
    w.get(local).const(12).op(Op.i32ShrU).get(address).get(size).get(site).call(host("trap"));
    w.end();
  };
  // Out of bounds: nothing is marked, and the store itself traps.
  w.get(address).get(size).op(Op.i32Add).const(1).op(Op.i32Sub).set(last);
  if (group) {
    w.get(address);
    pushMemoryBytes(w, layout);
    w.op(Op.i32GeU);
    returnAtOnce();
    w.get(last).get(address).op(Op.i32LtU).get(last);
    pushMemoryBytes(w, layout);
    w.op(Op.i32GeU).op(Op.i32Or).if();
    pushMemoryBytes(w, layout);
    w.const(1).op(Op.i32Sub).set(last).end();
  } else {
    w.get(address).get(offset).op(Op.i32LtU);
    w.get(last).get(address).op(Op.i32LtU).op(Op.i32Or);
    w.get(last);
    pushMemoryBytes(w, layout);
    w.op(Op.i32GeU).op(Op.i32Or);
    returnAtOnce();
  }
  if (layout.tallies > 0 && !group) writeTally(w, layout, { address, size, site, remaining, last, cell });
  storeRemaining(w, layout, remaining);
  trapIfProtected(address);
  w.get(address).get(last).op(Op.i32Xor).const(12).op(Op.i32ShrU).if();
  trapIfProtected(last);
  if (mode === "record") w.get(address).get(size).get(site).call(host("straddle"));
  w.end();
  if (mode === "record") {
    for (const local of [address, last]) {
      w.get(local).const(6).op(Op.i32ShrU);
      w.const(LineState.dirtyAndProtected).const(LineState.dirtyAndOpen);
      protectionOf(local).op(Op.select).table(Op.i32Store8, layout.lines);
    }
  }
  loadRemaining(w, layout);
  w.end();
  return w;
}

/** A store that has a cell is counted there, its bytes and lines are marked, and that is all. */
function writeTally(
  w: CodeWriter,
  layout: TableLayout,
  local: Record<"address" | "size" | "site" | "remaining" | "last" | "cell", number>,
): void {
  const { address, size, site, remaining, last, cell } = local;
  const page = () => w.get(address).const(12).op(Op.i32ShrU);
  const field = (opcode: number, index: number) => w.table(opcode, layout.tallies + 4 * index);
  page().table(Op.i32Load8U, layout.protection).const(TALLIED).op(Op.i32Eq);
  w.get(address).get(last).op(Op.i32Xor).const(12).op(Op.i32ShrU).op(Op.i32Eqz).op(Op.i32And).if();
  page().const(TALLY_PAGE_FACTOR).op(Op.i32Mul).get(site).const(TALLY_SITE_FACTOR).op(Op.i32Mul).op(Op.i32Xor);
  w.const(32 - TALLY_CELL_BITS)
    .op(Op.i32ShrU)
    .const(TALLY_BYTES)
    .op(Op.i32Mul)
    .set(cell);
  w.get(cell);
  field(Op.i32Load, 0);
  page().op(Op.i32Eq).get(cell);
  field(Op.i32Load, 1).get(site).op(Op.i32Eq).op(Op.i32And).get(cell);
  field(Op.i32Load, 2).const(0).op(Op.i32Ne).op(Op.i32And).if();
  w.get(cell).get(cell);
  field(Op.i32Load, 2).const(1).op(Op.i32Sub);
  field(Op.i32Store, 2);
  const bits = () => w.get(address).const(3).op(Op.i32ShrU);
  bits();
  bits().table(Op.i32Load, layout.writtenBytes);
  // At most 7 + 16 bits from a byte's first on.
  w.const(1).get(size).op(Op.i32Shl).const(1).op(Op.i32Sub).get(address).const(7).op(Op.i32And).op(Op.i32Shl);
  w.op(Op.i32Or).table(Op.i32Store, layout.writtenBytes);
  for (const end of [address, last])
    w.get(end).const(6).op(Op.i32ShrU).const(LineState.dirtyAndProtected).table(Op.i32Store8, layout.lines);
  w.get(remaining).op(Op.return).end();
  w.end();
}

/** Whether watched bytes are touched: those that are quiet are noted, and the host is told of the others. */
function writeWatched({ layout, host }: HelperContext): CodeWriter {
  const [address, offset, size, site, remaining, last, bits, at, isLoad] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const w = begin(layout, 4);
  const shift = () => w.get(address).const(7).op(Op.i32And);
  w.get(size).const(LOAD_FLAG).op(Op.i32And).set(isLoad);
  w.get(size)
    .const(LOAD_FLAG - 1)
    .op(Op.i32And)
    .set(size);
  w.get(address).get(size).op(Op.i32Add).const(1).op(Op.i32Sub).set(last);
  // Out of bounds: nothing is told, and the access itself traps.
  w.get(address).get(offset).op(Op.i32LtU);
  w.get(last).get(address).op(Op.i32LtU).op(Op.i32Or);
  w.get(last);
  pushMemoryBytes(w, layout);
  w.op(Op.i32GeU).op(Op.i32Or).if().get(remaining).op(Op.return).end();
  // At most 7 + 16 bits from a byte's first on.
  w.get(address).const(3).op(Op.i32ShrU).tee(at).table(Op.i32Load, layout.watchedBytes);
  shift().op(Op.i32ShrU);
  w.const(1).get(size).op(Op.i32Shl).const(1).op(Op.i32Sub).op(Op.i32And).tee(bits).if();

  w.get(bits).get(at).table(Op.i32Load, layout.quietBytes);
  shift().op(Op.i32ShrU).const(-1).op(Op.i32Xor).op(Op.i32And).op(Op.i32Eqz).if();
  w.get(bits);
  shift().op(Op.i32Shl).set(bits);
  const note = (bitmap: number) =>
    w.get(at).get(at).table(Op.i32Load, bitmap).get(bits).op(Op.i32Or).table(Op.i32Store, bitmap);
  w.get(isLoad).if();
  note(layout.quietLoaded).op(Op.else);
  note(layout.quietStored).end();
  w.get(at).get(at).table(Op.i32Load, layout.watchedBytes).get(bits).const(-1).op(Op.i32Xor).op(Op.i32And);
  w.table(Op.i32Store, layout.watchedBytes);
  w.get(remaining).op(Op.return).end();

  storeRemaining(w, layout, remaining);
  w.get(address).const(12).op(Op.i32ShrU).get(address).get(size).get(site).call(host("trap"));
  loadRemaining(w, layout);
  w.set(remaining).end();
  w.get(remaining).end();
  return w;
}

/** The pages that a copy reads and that hold watched bytes are told one by one, ascending; none if it will trap. */
function writeBulkRead({ layout, host }: HelperContext): CodeWriter {
  const [destination, address, length, site, end, page, next] = [0, 1, 2, 3, 4, 5, 6];
  const w = begin(layout, 3);
  for (const first of [destination, address]) {
    w.get(first).op(Op.i64ExtendI32U).get(length).op(Op.i64ExtendI32U).op(Op.i64Add);
    pushMemoryBytes(w, layout);
    w.op(Op.i64ExtendI32U).op(Op.i64GtU);
  }
  w.op(Op.i32Or).get(length).op(Op.i32Eqz).op(Op.i32Or).if().op(Op.return).end();
  w.get(address).get(length).op(Op.i32Add).set(end);
  w.op(Op.loop).u8(EMPTY_BLOCK);
  w.get(address).const(12).op(Op.i32ShrU).tee(page);
  w.const(1).op(Op.i32Add).const(12).op(Op.i32Shl).tee(next).get(end).get(next).get(end).op(Op.i32LtU);
  w.op(Op.select).set(next);
  w.get(page).table(Op.i32Load8U, layout.protection).if();
  w.get(page).get(address).get(next).get(address).op(Op.i32Sub).get(site).call(host("trap")).end();
  w.get(next).tee(address).get(end).op(Op.i32LtU).op(Op.brIf).u32(0);
  w.end().end();
  return w;
}

function writeBulk({ mode, layout, host }: HelperContext): CodeWriter {
  const [destination, source, sourceEnd, length, site, remaining] = [0, 1, 2, 3, 4, 5];
  const [end, page, next, last, state] = [6, 7, 8, 9, 10];
  const w = begin(layout, 5);
  const wide = (local: number) => w.get(local).op(Op.i64ExtendI32U);
  // Bounds first, as the instruction itself would see them: past them nothing is marked.
  wide(destination);
  wide(length).op(Op.i64Add);
  pushMemoryBytes(w, layout);
  w.op(Op.i64ExtendI32U).op(Op.i64GtU);
  wide(source);
  wide(length).op(Op.i64Add);
  wide(sourceEnd).op(Op.i64GtU).op(Op.i32Or).if();
  w.const(-1).u8(Op.i32Load); // an access that is always out of bounds gives the engine's own error
  w.u8(0);
  w.u32(0xffffffff);
  w.op(Op.drop).op(Op.unreachable).end();

  w.get(remaining).get(length).const(BULK_BYTES_PER_CYCLE_LOG2).op(Op.i32ShrU).op(Op.i32Sub).set(remaining);
  storeRemaining(w, layout, remaining);
  w.get(remaining).const(0).op(Op.i32LtS).if().call(host("tick")).end();
  w.get(length).op(Op.i32Eqz).if();
  loadRemaining(w, layout);
  w.op(Op.return).end();

  const protectionOfPage = () => w.get(page).table(Op.i32Load8U, layout.protection);
  w.get(destination).get(length).op(Op.i32Add).set(end);
  w.op(Op.loop).u8(EMPTY_BLOCK);
  w.get(destination).const(12).op(Op.i32ShrU).tee(page);
  w.const(1).op(Op.i32Add).const(12).op(Op.i32Shl).tee(next).get(end).get(next).get(end).op(Op.i32LtU);
  w.op(Op.select).set(next);
  protectionOfPage().if();
  w.get(page).get(destination).get(next).get(destination).op(Op.i32Sub).get(site).call(host("trap")).end();
  if (mode === "record") {
    const countAddress = () => w.get(page).const(2).op(Op.i32Shl);
    countAddress();
    countAddress().table(Op.i32Load, layout.pageCounts).const(1).op(Op.i32Add).table(Op.i32Store, layout.pageCounts);
    const lineOf = (local: number) => w.get(local).const(6).op(Op.i32ShrU);
    w.const(LineState.dirtyAndProtected).const(LineState.dirtyAndOpen);
    protectionOfPage().op(Op.select).set(state);
    w.get(next).const(1).op(Op.i32Sub).set(last);
    // Most are short, and a fill of the table is a call of the engine.
    for (const end of [destination, last]) lineOf(end).get(state).table(Op.i32Store8, layout.lines);
    lineOf(last);
    lineOf(destination).op(Op.i32Sub).const(1).op(Op.i32GtU).if();
    lineOf(destination).const(layout.lines).op(Op.i32Add).get(state);
    lineOf(last);
    lineOf(destination).op(Op.i32Sub).tableFill().end();
  }
  w.get(next).tee(destination).get(end).op(Op.i32LtU).op(Op.brIf).u32(0);
  w.end();
  loadRemaining(w, layout);
  w.end();
  return w;
}

function writeGrow({ layout, host }: HelperContext): CodeWriter {
  const [pages, old] = [0, 1];
  const w = begin(layout, 1);
  // Growing by nothing would detach the host's views all the same.
  w.u8(Op.memorySize);
  w.u8(0);
  w.const(layout.guestBase / WASM_PAGE_BYTES)
    .op(Op.i32Sub)
    .set(old);
  w.get(pages).op(Op.i32Eqz).if().get(old).op(Op.return).end();
  w.get(pages).u8(Op.memoryGrow);
  w.u8(0);
  w.const(-1).op(Op.i32Eq).if();
  w.get(old).get(pages).op(Op.i32Add).call(host("refused")).const(-1).op(Op.return).end();
  w.get(old).get(old).get(pages).op(Op.i32Add).call(host("grown"));
  w.get(old).end();
  return w;
}

function writeSettle({ layout }: HelperContext): CodeWriter {
  const [address, stride, iterations, size, stores, end, state] = [0, 1, 2, 3, 4, 5, 6];
  const w = begin(layout, 2);
  const entry = () => w.get(address).const(12).op(Op.i32ShrU).const(2).op(Op.i32Shl);
  const line = (local: number) => w.get(local).const(6).op(Op.i32ShrU);
  entry();
  entry().table(Op.i32Load, layout.pageCounts).get(iterations).get(stores).op(Op.i32Mul).op(Op.i32Add);
  w.table(Op.i32Store, layout.pageCounts);
  w.const(LineState.dirtyAndProtected).const(LineState.dirtyAndOpen);
  w.get(address).const(12).op(Op.i32ShrU).table(Op.i32Load8U, layout.protection).op(Op.select).set(state);
  // With steps of at most a line no line is left out between the first store and the last.
  w.get(stride).const(64).op(Op.i32Add).const(128).op(Op.i32LeU).if();
  w.get(address).get(iterations).const(1).op(Op.i32Sub).get(stride).op(Op.i32Mul).op(Op.i32Add).set(end);
  w.get(stride).const(0).op(Op.i32LtS).if().get(end).get(address).set(end).set(address).end();
  w.get(end).get(size).op(Op.i32Add).const(1).op(Op.i32Sub).const(6).op(Op.i32ShrU).set(end);
  line(address).set(address);
  w.op(Op.loop).u8(EMPTY_BLOCK);
  w.get(address).get(state).table(Op.i32Store8, layout.lines);
  w.get(address).const(1).op(Op.i32Add).tee(address).get(end).op(Op.i32LeU).op(Op.brIf).u32(0);
  w.end().op(Op.return).end();
  w.op(Op.loop).u8(EMPTY_BLOCK);
  line(address).get(state).table(Op.i32Store8, layout.lines);
  w.get(address).get(size).op(Op.i32Add).const(1).op(Op.i32Sub).set(end);
  line(end).get(state).table(Op.i32Store8, layout.lines);
  w.get(address).get(stride).op(Op.i32Add).set(address);
  w.get(iterations).const(1).op(Op.i32Sub).tee(iterations).op(Op.brIf).u32(0);
  w.end().end();
  return w;
}
