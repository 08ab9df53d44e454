import type { CodeWriter } from "./code-writer.ts";
import { popRemaining, pushRemaining } from "./emit-cycles.ts";
import type { FunctionRewrite } from "./function-rewrite.ts";
import { LOAD_FLAG } from "./helpers.ts";
import { Op } from "./opcodes.ts";

/** A store or a group of `storeCount` stores to [base + offset, base + offset + size). */
export interface CheckedAccess {
  readonly site: number;
  /** A local, or `NO_LOCAL`. */
  readonly base: number;
  readonly offset: number;
  readonly size: number;
  readonly storeCount: number;
  /** Look up the first and the last byte; else only the first, and send misaligned addresses to the slow path. */
  readonly bothEnds: boolean;
  /** The memory argument's: an address below it has wrapped around 2^32. 0 for groups. */
  readonly memoryOffset: number;
  /** Whether it loads: in `watch` only. */
  readonly isLoad?: boolean;
}

/** The look-up in the tables, and the call of the slow path where they do not say that all is well. */
export function emitLookup(f: FunctionRewrite, access: CheckedAccess): void {
  const { w } = f;
  const { site, base, offset, size, storeCount, memoryOffset } = access;
  if (f.recording) pushLineLookup(f, access);
  else if (f.context.mode === "watch") pushWatchedBits(f, access);
  else pushPageLookup(f, access);
  w.ifUnlikely();
  const told = access.isLoad === true ? size | LOAD_FLAG : size;
  w.address(base, offset).const(memoryOffset).const(told).const(site);
  pushRemaining(f);
  w.call(f.context.helper(storeCount > 1 ? "slowGroup" : "slowStore"));
  popRemaining(f);
  w.end();
}

/** Pushes non-zero for the slow path: where a page is protected, or one end is asked only and the store is misaligned. */
function pushPageLookup(f: FunctionRewrite, { base, offset, size, bothEnds }: CheckedAccess): void {
  const { w } = f;
  const { layout } = f.context;
  const protection = (at: number) =>
    w.address(base, at).const(12).op(Op.i32ShrU).table(Op.i32Load8U, layout.protection);
  protection(offset);
  // A misaligned store could straddle two of them: the slow path finds out.
  if (bothEnds) protection(offset + size - 1).op(Op.i32Or);
  else if (size > 1) pushMisalignment(f, base, offset, size).op(Op.i32Or);
}

/**
 * Pushes the bits of the access's bytes. No coarser: what is watched and never touched, such as padding or a variable whose
 * time is over, would make its neighbours slow for ever.
 */
function pushWatchedBits(f: FunctionRewrite, { base, offset, size }: CheckedAccess): void {
  const { w } = f;
  // Their first bit is one of the lowest eight.
  const load = size === 1 ? Op.i32Load8U : size <= 8 ? Op.i32Load16U : Op.i32Load;
  w.address(base, offset).const(3).op(Op.i32ShrU).table(load, f.context.layout.watchedBytes);
  w.address(base, offset).const(7).op(Op.i32And).op(Op.i32ShrU);
  w.const((1 << size) - 1).op(Op.i32And);
}

/**
 * Pushes non-zero for the slow path: where the store may lie in two pages, or a line's byte is not 1 but 0 or negative.
 * A 1 says that the line is dirty already and its page open, so pages need no look-up of their own.
 */
function pushLineLookup(f: FunctionRewrite, { base, offset, size, bothEnds }: CheckedAccess): void {
  const { w } = f;
  const last = offset + size - 1;
  const line = (at: number) => w.address(base, at).const(6).op(Op.i32ShrU).table(Op.i32Load8S, f.context.layout.lines);
  if (bothEnds) {
    w.address(base, offset).address(base, last).op(Op.i32Xor).const(12).op(Op.i32ShrU);
    line(offset);
    line(last).op(Op.i32And).op(Op.i32GeS);
  } else if (size > 1) {
    pushMisalignment(f, base, offset, size);
    line(offset).op(Op.i32GeS);
  } else line(offset).const(1).op(Op.i32LtS);
}

function pushMisalignment(f: FunctionRewrite, base: number, offset: number, size: number): CodeWriter {
  return f.w
    .address(base, offset)
    .const(size - 1)
    .op(Op.i32And);
}
