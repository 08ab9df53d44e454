// Array loops: each iteration costs one comparison of the fuel, the iterations that the last look found to stay in the
// pages it looked up. When that is used up, the iterations since are settled (their cycles, counts and lines) and the
// next look is taken.
import type { ArrayLoop, ArrayStore, LinearForm } from "./array-loop.ts";
import { addToBlockCount } from "./emit-counts.ts";
import { fuelLocal, plannedLocal, tickIfNegative } from "./emit-cycles.ts";
import { emitLookup } from "./emit-lookup.ts";
import type { FunctionRewrite } from "./function-rewrite.ts";
import { Op, storeSize } from "./opcodes.ts";
import { PAGE_BYTES } from "./types.ts";

/**
 * In place of the `loop` at instruction i, two of the same type: the outer one holds all the calls, so the engine can
 * optimise the inner one, the original.
 */
export function emitArrayLoopHead(f: FunctionRewrite, i: number, arrayLoop: ArrayLoop): void {
  f.insertBefore(i);
  // Where this loop is a whole scope of loop caches, there is nothing to forget (nor to flush at its end): the plan gives
  // slots and counters in locals to other loops only, and an innermost loop has none inside of it.
  f.w.const(-1).set(fuelLocal(f)).const(-1).set(plannedLocal(f));
  f.repeat(i);
  refuel(f, arrayLoop);
}

/** In place of the `br_if` at the end of an iteration: goes on without a look while there is fuel. */
export function emitArrayLoopBranch(f: FunctionRewrite, i: number): void {
  const { w } = f;
  const fuel = fuelLocal(f);
  f.insertBefore(i);
  w.if(); // labels from here: 0 this, 1 the loop, 2 the loop around it
  w.get(fuel).const(1).op(Op.i32Sub).tee(fuel).const(0).op(Op.i32LtS).ifUnlikely();
  w.op(Op.br).u32(3);
  w.end().op(Op.br).u32(1);
  w.end();
  f.replaced(i);
}

/** After the `end` of the original at instruction i. */
export function emitArrayLoopEnd(f: FunctionRewrite, i: number, arrayLoop: ArrayLoop): void {
  const { w } = f;
  f.insertAfter(i);
  w.end(); // of the loop around it
  w.get(plannedLocal(f)).get(fuelLocal(f)).op(Op.i32Sub).const(1).op(Op.i32Add).set(f.local("done"));
  settle(f, arrayLoop);
}

/**
 * Before an iteration for which the fuel is used up: settles the iterations so far, looks up the pages of this one, and
 * finds out how many more will stay in them and before the next tick.
 */
function refuel(f: FunctionRewrite, arrayLoop: ArrayLoop): void {
  const { w, body, remaining } = f;
  const { cycles, first } = body.blocks[arrayLoop.block];
  const [planned, fuel] = [plannedLocal(f), fuelLocal(f)];
  w.get(planned).get(fuel).op(Op.i32Sub).set(f.local("done"));
  settle(f, arrayLoop);
  w.get(remaining).const(cycles).op(Op.i32Sub).tee(remaining);
  tickIfNegative(f, arrayLoop.loop);
  const left = f.local("left");
  const leaveAtMost = (limit: number) => w.get(left).get(limit).get(left).op(Op.i32LtS).op(Op.select);
  w.const(0x7fffffff).set(left);
  let site = f.context.sites.length;
  let at = first;
  for (const store of arrayLoop.stores) {
    // Sites are numbered as the stores are written, after this.
    for (; at < store.instruction; at++) if (storeSize(body.opcode[at]) > 0) site++;
    const { size, storeCount, memoryOffset } = store;
    const base = f.local("array address");
    pushForm(f, store.address);
    w.set(base);
    emitLookup(f, { site, base, offset: 0, size, storeCount, bothEnds: true, memoryOffset });
    const room = f.local("room");
    pushRoom(f, store, base);
    w.tee(room);
    leaveAtMost(room).set(left);
  }
  const affordable = f.local("room");
  w.get(remaining).const(cycles).op(Op.i32DivS).tee(affordable);
  leaveAtMost(affordable).tee(left);
  w.const(0).get(left).const(0).op(Op.i32GtS).op(Op.select).tee(fuel).set(planned);
  // This iteration is settled with those that follow it.
  w.get(remaining).const(cycles).op(Op.i32Add).set(remaining);
}

/** Pushes how many more iterations of a store, now at the address in `base`, stay in the same page. */
function pushRoom(f: FunctionRewrite, { size, stride }: ArrayStore, base: number): void {
  const { w } = f;
  const inPage = () =>
    w
      .get(base)
      .const(PAGE_BYTES - 1)
      .op(Op.i32And);
  if (stride === 0) w.const(0x7fffffff);
  else if (stride > 0) {
    w.const(PAGE_BYTES - size);
    inPage().op(Op.i32Sub).const(stride).op(Op.i32DivS);
  } else inPage().const(-stride).op(Op.i32DivU);
  // An access that straddles two pages is looked up each time.
  w.const(0);
  inPage()
    .const(PAGE_BYTES - size)
    .op(Op.i32LeU)
    .op(Op.select);
}

/** Takes off the cycles of `done` iterations, and counts and marks what their stores did. */
function settle(f: FunctionRewrite, { block, stores }: ArrayLoop): void {
  const { w } = f;
  const done = f.local("done");
  w.get(f.remaining).get(done).const(f.body.blocks[block].cycles).op(Op.i32Mul).op(Op.i32Sub).set(f.remaining);
  if (!f.recording) return;
  addToBlockCount(f, block, () => w.get(done));
  // Said to be unlikely, though it is not: the engine then keeps what the calls would spill out of the loop itself.
  w.get(done).ifUnlikely();
  for (const { address, size, storeCount, stride } of stores) {
    pushForm(f, address);
    if (stride !== 0) w.get(done).const(stride).op(Op.i32Mul).op(Op.i32Sub);
    w.const(stride).get(done).const(size).const(storeCount).call(f.context.helper("settle"));
  }
  w.end();
}

function pushForm({ w }: FunctionRewrite, { terms, constant }: LinearForm): void {
  w.const(constant);
  for (const [index, factor] of terms) {
    w.get(index);
    if (factor !== 1) w.const(factor).op(Op.i32Mul);
    w.op(Op.i32Add);
  }
}
