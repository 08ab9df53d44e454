import type { ByteWriter } from "./byte-writer.ts";
import type { CodeWriter } from "./code-writer.ts";
import { type DecodedBody, leavesLoop } from "./decode.ts";
import { emitArrayLoopBranch, emitArrayLoopEnd, emitArrayLoopHead } from "./emit-array-loop.ts";
import { addCountedBlock, countBlock, flushScope, forgetSlots } from "./emit-counts.ts";
import { loadRemaining, pushRemaining, saveRemaining, takeOffCycles, tickIfNegative } from "./emit-cycles.ts";
import {
  emitWatchedGlobal,
  emitWatchedLocal,
  keepArguments,
  popFrame,
  pushFrame,
  reloadLocals,
  spillLocals,
  tellAllocation,
  unwindFrames,
} from "./emit-frames.ts";
import { emitBulk, emitMemoryGrow, emitMemoryInstruction, emitMemorySize } from "./emit-memory.ts";
import { emitStore } from "./emit-store.ts";
import { emitWatchedLoad } from "./emit-watch.ts";
import { FunctionRewrite } from "./function-rewrite.ts";
import { EMPTY_BLOCK, hasMemoryArgument, isBulkWrite, loadSize, Op, storeSize } from "./opcodes.ts";
import type { RewriteContext } from "./rewrite-context.ts";

/** The rewritten body: its local declarations and its code. */
export interface EmittedBody {
  readonly locals: ByteWriter;
  readonly code: CodeWriter;
  /** Types of parameters and locals, where the function has a frame. */
  readonly frameLocals: readonly number[] | undefined;
}

/**
 * Writes one function anew: its own instructions as they are (but for indices and offsets that moved), and before them
 * what tracking needs. What is inserted leaves the operand stack as it found it and has no branch out of itself, so the
 * labels around it keep their meaning.
 */
export function emitFunction(
  context: RewriteContext,
  body: DecodedBody,
  functionIndex: number,
  w: CodeWriter,
): EmittedBody {
  const f = new FunctionRewrite(context, body, functionIndex, w);
  if (!f.direct) beginFunction(f);
  let block = -1;
  for (let i = 0; i < body.count; i++) {
    if (body.block[i] !== block) {
      block = body.block[i];
      beginBlock(f, i, block);
    }
    emitInstruction(f, i);
  }
  f.copyUpTo(body.count);
  f.addGroups();
  return { locals: f.localDeclarations(), code: w, frameLocals: f.frameLocals };
}

/** A block around everything, at whose end the branches out of the function meet: the cycles are written back there. */
function beginFunction(f: FunctionRewrite): void {
  const { w, context } = f;
  const { results } = context.module.types[context.module.functionTypes[f.functionIndex]];
  context.offsets.inserted(0, f.body.position[0]);
  w.op(Op.block);
  if (results.length === 0) w.u8(EMPTY_BLOCK);
  else if (results.length === 1) w.u8(results[0]);
  else w.s32(context.typeIndex([], results));
  loadRemaining(f);
  pushFrame(f);
}

/** Before the first instruction of a straight-line run: its cycles, the tick that may be due, its counter. */
function beginBlock(f: FunctionRewrite, i: number, block: number): void {
  const { cycles, headOf } = f.body.blocks[block];
  f.unsettled = f.plan.arrayLoopOfBlock.get(block);
  if (f.unsettled !== undefined) {
    f.insertBefore(i);
    addCountedBlock(f, i, block);
    return;
  }
  const needsTick = headOf >= 0 || (block === 0 && f.body.hasCall);
  const counted = f.plan.counterOfBlock.has(block);
  if (cycles === 0 && !needsTick && !counted) return;
  f.insertBefore(i);
  takeOffCycles(f, cycles);
  if (needsTick) {
    pushRemaining(f);
    tickIfNegative(f, headOf);
  }
  if (!counted) return;
  addCountedBlock(f, i, block);
  countBlock(f, block);
}

function emitInstruction(f: FunctionRewrite, i: number): void {
  const { body } = f;
  const op = body.opcode[i];
  const size = storeSize(op);
  if (size > 0) {
    emitStore(f, i, op, size);
    return;
  }
  if (hasMemoryArgument(op)) {
    if (f.context.mode === "watch") emitWatchedLoad(f, i, op, loadSize(op));
    else emitMemoryInstruction(f, i, op);
    return;
  }
  switch (op) {
    case Op.call:
    case Op.returnCall:
    case Op.callIndirect:
    case Op.returnCallIndirect:
      emitCall(f, i, op);
      return;
    case Op.localGet:
      emitWatchedLocal(f, i, "get");
      return;
    case Op.localSet:
    case Op.localTee:
      emitWatchedLocal(f, i, "set");
      return;
    case Op.globalGet:
      emitWatchedGlobal(f, i, "get");
      return;
    case Op.globalSet:
      emitWatchedGlobal(f, i, "set");
      return;
    case Op.refFunc:
      f.insertBefore(i);
      emitRenumbered(f, i, op);
      return;
    case Op.loop:
      emitLoop(f, i);
      return;
    case Op.br:
      flushIfLeaving(f, i, [body.b[i]]);
      return;
    case Op.brIf:
      emitBranchIf(f, i);
      return;
    case Op.brTable:
      flushIfLeaving(f, i, body.tableTargets.get(i) ?? []);
      return;
    case Op.return:
    case Op.unreachable:
      flushIfLeaving(f, i, [0]);
      if (f.direct) return;
      f.insertBefore(i);
      saveRemaining(f);
      if (op === Op.return) popFrame(f);
      return;
    case Op.throw:
    case Op.rethrow:
    case Op.throwRef:
      f.insertBefore(i);
      saveRemaining(f);
      return;
    case Op.catch:
    case Op.catchAll:
      f.insertAfter(i);
      loadRemaining(f);
      unwindFrames(f);
      reloadLocals(f);
      return;
    case Op.end:
      emitEnd(f, i);
      return;
    case Op.memorySize:
      emitMemorySize(f, i);
      return;
    case Op.memoryGrow:
      emitMemoryGrow(f, i);
      return;
    default:
      if (isBulkWrite(op)) emitBulk(f, i, op);
  }
}

function emitCall(f: FunctionRewrite, i: number, op: number): void {
  const { context, body } = f;
  const isDirect = op === Op.call || op === Op.returnCall;
  const returns = op === Op.call || op === Op.callIndirect;
  const mayReach = !isDirect || context.reaching.has(body.a[i]);
  const allocates = op === Op.call && context.allocators.has(body.a[i]) && !context.allocators.has(f.functionIndex);
  f.insertBefore(i);
  saveRemaining(f);
  if (allocates) keepArguments(f, body.a[i]);
  if (!returns) popFrame(f);
  else if (mayReach) spillLocals(f);
  if (isDirect) emitRenumbered(f, i, op);
  if (!returns) return;
  f.insertAfter(i);
  loadRemaining(f);
  if (mayReach) reloadLocals(f);
  if (allocates) tellAllocation(f, i, body.a[i]);
}

/** An instruction whose only immediate is a function, which has a new index. */
function emitRenumbered(f: FunctionRewrite, i: number, op: number): void {
  f.w.op(op);
  f.w.u32(f.context.newIndex(f.body.a[i]));
  f.replaced(i);
}

function emitLoop(f: FunctionRewrite, i: number): void {
  const { body, plan } = f;
  const arrayLoop = plan.arrayLoopOfBlock.get(body.block[i + 1]);
  if (arrayLoop !== undefined) {
    emitArrayLoopHead(f, i, arrayLoop);
    return;
  }
  const scope = plan.caches.scopes.findIndex((one) => body.loops[one.loop].start === i);
  if (scope < 0) return;
  f.insertBefore(i);
  forgetSlots(f, scope);
}

function emitEnd(f: FunctionRewrite, i: number): void {
  const { body, plan } = f;
  if (i === body.count - 1) {
    if (f.direct) return;
    f.insertBefore(i);
    f.w.end(); // of the block around everything
    saveRemaining(f);
    popFrame(f);
    return;
  }
  const arrayLoop = plan.arrayLoops.find((one) => body.loops[one.loop].end === i);
  if (arrayLoop !== undefined) {
    emitArrayLoopEnd(f, i, arrayLoop);
    return;
  }
  const scope = f.recording ? plan.caches.scopes.findIndex((one) => body.loops[one.loop].end === i) : -1;
  if (scope < 0) return;
  f.insertAfter(i);
  flushScope(f, scope);
}

function emitBranchIf(f: FunctionRewrite, i: number): void {
  const { w, body } = f;
  if (f.plan.arrayLoopOfBlock.has(body.block[i])) {
    emitArrayLoopBranch(f, i);
    return;
  }
  const scope = scopeLeft(f, i, [body.b[i]]);
  if (scope < 0) return;
  f.insertBefore(i);
  if (body.frames[body.b[i]].labelArity > 0) {
    flushScope(f, scope); // the values of the branch are in the way of an `if`; flushing too often does no harm
    return;
  }
  w.if();
  flushScope(f, scope);
  w.op(Op.br);
  w.u32(body.a[i] + 1);
  w.end();
  f.replaced(i);
}

/** Flushes the scope around instruction i if a branch to one of these frames leaves it. */
function flushIfLeaving(f: FunctionRewrite, i: number, frames: readonly number[]): void {
  const scope = scopeLeft(f, i, frames);
  if (scope < 0) return;
  f.insertBefore(i);
  flushScope(f, scope);
}

/** The scope that a branch from instruction i to one of these frames leaves, if it has anything to flush; else -1. */
function scopeLeft(f: FunctionRewrite, i: number, frames: readonly number[]): number {
  const { body } = f;
  const { scopes, scopeOfLoop } = f.plan.caches;
  if (!f.recording || body.loop[i] < 0) return -1;
  const scope = scopeOfLoop[body.loop[i]];
  if (scope < 0) return -1;
  return frames.some((frame) => leavesLoop(body, frame, scopes[scope].loop)) ? scope : -1;
}
