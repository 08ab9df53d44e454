// `watch`: local variables where the host can see them while an import runs, watched variables, and allocations.
//
// A function that can get to the checkpoint interface has a frame in the tables as long as it runs: see `frames.ts`.
import { loadRemaining, saveRemaining } from "./emit-cycles.ts";
import { FrameField, flagOffset, frameSize, slotOffset } from "./frames.ts";
import type { FunctionRewrite } from "./function-rewrite.ts";
import { Op, ValueType } from "./opcodes.ts";

const loads: Readonly<Record<number, number>> = {
  [ValueType.i32]: Op.i32Load,
  [ValueType.i64]: Op.i64Load,
  [ValueType.f32]: Op.f32Load,
  [ValueType.f64]: Op.f64Load,
};
const stores: Readonly<Record<number, number>> = {
  [ValueType.i32]: Op.i32Store,
  [ValueType.i64]: Op.i64Store,
  [ValueType.f32]: Op.f32Store,
  [ValueType.f64]: Op.f64Store,
};

/** At the function's beginning: its frame. Without room for one the function traps, as an engine's own stack would end. */
export function pushFrame(f: FunctionRewrite): void {
  if (f.frameLocals === undefined) return;
  const { w } = f;
  const { layout } = f.context;
  const count = f.frameLocals.length;
  const frame = f.local("frame");
  w.const(0).table(Op.i32Load, layout.frameTop).tee(frame);
  w.const(f.context.frameRoom - frameSize(count))
    .op(Op.i32GtU)
    .ifUnlikely()
    .op(Op.unreachable)
    .end();
  popTo(f, frameSize(count));
  for (const [field, value] of [
    [FrameField.functionIndex, f.functionIndex],
    [FrameField.localCount, count],
    [FrameField.isChanged, 0],
  ])
    w.get(frame)
      .const(value)
      .table(Op.i32Store, layout.frames + field);
  if (count === 0) return;
  w.get(frame)
    .const(layout.frames + flagOffset(count, 0))
    .op(Op.i32Add)
    .const(0)
    .const(count)
    .tableFill();
  if (!f.context.watchVariables) return;
  w.const(0).table(Op.i32Load, layout.entriesTold).ifUnlikely();
  saveRemaining(f);
  w.get(frame).call(f.context.host("entered"));
  loadRemaining(f);
  w.end();
}

/** Wherever the function is left. */
export function popFrame(f: FunctionRewrite): void {
  if (f.frameLocals !== undefined) popTo(f, 0);
}

/** Where an exception is caught: the frames of the functions that it left are gone. */
export function unwindFrames(f: FunctionRewrite): void {
  if (f.frameLocals !== undefined) popTo(f, frameSize(f.frameLocals.length));
}

function popTo(f: FunctionRewrite, bytes: number): void {
  f.w.const(0).get(f.local("frame"));
  if (bytes > 0) f.w.const(bytes).op(Op.i32Add);
  f.w.table(Op.i32Store, f.context.layout.frameTop);
}

/** Before a call that may get to the host. */
export function spillLocals(f: FunctionRewrite): void {
  f.frameLocals?.forEach((_, local) => {
    spill(f, local);
  });
}

/** After it: the host may have changed them. */
export function reloadLocals(f: FunctionRewrite): void {
  const { w, frameLocals } = f;
  if (frameLocals === undefined) return;
  const { frames } = f.context.layout;
  const frame = f.local("frame");
  w.get(frame)
    .table(Op.i32Load, frames + FrameField.isChanged)
    .ifUnlikely();
  w.get(frame)
    .const(0)
    .table(Op.i32Store, frames + FrameField.isChanged);
  for (const local of frameLocals.keys()) reload(f, local);
  w.end();
}

/** A look at a local variable's flag, before it is read or after it was given a value. */
export function emitWatchedLocal(f: FunctionRewrite, i: number, kind: "get" | "set"): void {
  const { w, frameLocals, context, body } = f;
  const local = body.a[i];
  if (frameLocals === undefined || !context.watchVariables || stores[frameLocals[local]] === undefined) return;
  const frame = f.local("frame");
  if (kind === "get") f.insertBefore(i);
  else f.insertAfter(i);
  w.get(frame)
    .table(Op.i32Load8U, context.layout.frames + flagOffset(frameLocals.length, local))
    .ifUnlikely();
  spill(f, local);
  saveRemaining(f);
  w.get(frame)
    .const(local)
    .const(f.addSite(i, 0, kind))
    .call(context.host("local"));
  loadRemaining(f);
  reload(f, local);
  w.end();
}

/** The same of a global variable. */
export function emitWatchedGlobal(f: FunctionRewrite, i: number, kind: "get" | "set"): void {
  const { w, context, body } = f;
  const global = body.a[i];
  if (!context.watchVariables || !context.module.globals[global].mutable) return;
  if (kind === "get") f.insertBefore(i);
  else f.insertAfter(i);
  w.const(0)
    .table(Op.i32Load8U, context.layout.watchedGlobals + global)
    .ifUnlikely();
  saveRemaining(f);
  w.const(global)
    .const(f.addSite(i, 0, kind))
    .call(context.host("global"));
  loadRemaining(f);
  w.end();
}

const ARGUMENTS = 3;

/** Keeps the arguments of a call of an allocator, which are on the stack, and leaves them there. */
export function keepArguments(f: FunctionRewrite, callee: number): void {
  const { parameters } = f.context.module.types[f.context.module.functionTypes[callee]];
  const kept = parameters.map((_, i) => f.local(`argument ${i}`));
  for (const local of kept.toReversed()) f.w.set(local);
  for (const local of kept) f.w.get(local);
}

/** After the call of an allocator. */
export function tellAllocation(f: FunctionRewrite, i: number, callee: number): void {
  const { w, context } = f;
  const { parameters, results } = context.module.types[context.module.functionTypes[callee]];
  const result = f.local("allocated");
  if (results.length > 0) w.tee(result);
  w.const(callee);
  for (let k = 0; k < ARGUMENTS; k++) {
    if (k < parameters.length) w.get(f.local(`argument ${k}`));
    else w.const(0);
  }
  if (results.length > 0) w.get(result);
  else w.const(0);
  saveRemaining(f);
  w.const(f.addSite(i, 0, "call")).call(context.host("allocated"));
  loadRemaining(f);
}

function spill(f: FunctionRewrite, local: number): void {
  const store = stores[f.frameLocals?.[local] ?? 0];
  if (store === undefined) return;
  f.w
    .get(f.local("frame"))
    .get(local)
    .table(store, f.context.layout.frames + slotOffset(local));
}

function reload(f: FunctionRewrite, local: number): void {
  const load = loads[f.frameLocals?.[local] ?? 0];
  if (load === undefined) return;
  f.w
    .get(f.local("frame"))
    .table(load, f.context.layout.frames + slotOffset(local))
    .set(local);
}
