// Virtual cycles: counted down in a local that is written back wherever the host could look (calls, ticks, traps,
// exits), a straight-line run at once at its beginning.
import { flushScope, forgetSlots } from "./emit-counts.ts";
import type { FunctionRewrite } from "./function-rewrite.ts";
import { Op } from "./opcodes.ts";

/** Of an array loop: iterations that may still begin unchecked. */
export function fuelLocal(f: FunctionRewrite): number {
  return f.local("fuel");
}

/** Of an array loop: what the fuel was at the last look. */
export function plannedLocal(f: FunctionRewrite): number {
  return f.local("planned");
}

/** Pushes the remaining cycles, with the current run taken off. */
export function pushRemaining(f: FunctionRewrite): void {
  const { w, unsettled } = f;
  if (f.direct) w.const(0).table(Op.i32Load, f.context.layout.remainingCycles);
  else w.get(f.remaining);
  if (unsettled === undefined) return;
  w.get(plannedLocal(f)).get(fuelLocal(f)).op(Op.i32Sub).const(1).op(Op.i32Add);
  w.const(f.body.blocks[unsettled.block].cycles).op(Op.i32Mul).op(Op.i32Sub);
}

/** Takes from the stack what a helper leaves there: the remaining cycles, after the host may have looked. */
export function popRemaining(f: FunctionRewrite): void {
  const { w, unsettled } = f;
  if (f.direct) w.op(Op.drop);
  else w.set(f.remaining);
  if (unsettled === undefined) return;
  // The host may have brought the deadline forward: make this the last iteration before the next look.
  const [fuel, planned] = [fuelLocal(f), plannedLocal(f)];
  w.get(planned).get(fuel).op(Op.i32Sub).set(planned).const(0).set(fuel);
  w.get(f.remaining).get(planned).const(1).op(Op.i32Add).const(f.body.blocks[unsettled.block].cycles);
  w.op(Op.i32Mul).op(Op.i32Add).set(f.remaining);
}

/** Before anything that lets others see the remaining cycles. */
export function saveRemaining(f: FunctionRewrite): void {
  if (!f.direct) f.w.const(0).get(f.remaining).table(Op.i32Store, f.context.layout.remainingCycles);
}

/** After anything that lets others change the remaining cycles. */
export function loadRemaining(f: FunctionRewrite): void {
  if (!f.direct) f.w.const(0).table(Op.i32Load, f.context.layout.remainingCycles).set(f.remaining);
}

export function takeOffCycles(f: FunctionRewrite, cycles: number): void {
  const { w } = f;
  if (cycles === 0) return;
  if (f.direct) {
    w.const(0);
    pushRemaining(f);
    w.const(cycles).op(Op.i32Sub).table(Op.i32Store, f.context.layout.remainingCycles);
  } else w.get(f.remaining).const(cycles).op(Op.i32Sub).set(f.remaining);
}

/**
 * Calls the host if the value on the stack, the remaining cycles, is negative.
 * @param loop at whose head this is, or -1
 */
export function tickIfNegative(f: FunctionRewrite, loop: number): void {
  const { w } = f;
  const scope = loop >= 0 ? f.plan.caches.scopeOfLoop[loop] : -1;
  w.const(0).op(Op.i32LtS).ifUnlikely();
  if (scope >= 0) flushScope(f, scope);
  saveRemaining(f);
  w.call(f.context.host("tick"));
  loadRemaining(f);
  if (scope >= 0) forgetSlots(f, scope);
  w.end();
}
