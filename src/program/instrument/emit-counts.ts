// Store counts by straight-line run and by page. Within a scope of loop caches both stay in locals: each run has its
// counter, and each slot remembers its page and what its run's counter was when it came there, so the stores to that
// page need not be counted one by one. They go to the tables when the scope is left and before the host looks.
import type { FunctionRewrite } from "./function-rewrite.ts";
import { Op } from "./opcodes.ts";
import { PAGE_BYTES } from "./types.ts";

/** The last page of 4 GiB: no store within the memory limit hits a slot that remembers it. */
const NOWHERE = -PAGE_BYTES;

/** The local with the page of a slot, as an address. */
export function slotPage(f: FunctionRewrite, scope: number, slot: number): number {
  return f.local(`page ${scope} ${slot}`);
}

/** The scope of loop caches that a block is in, or -1. */
export function scopeOfBlock(f: FunctionRewrite, block: number): number {
  const { loop } = f.body.blocks[block];
  return loop >= 0 ? f.plan.caches.scopeOfLoop[loop] : -1;
}

/** Describes a block, now that the sites of its stores come next, if it is one that is counted. */
export function addCountedBlock(f: FunctionRewrite, i: number, block: number): void {
  const { body, context } = f;
  if (!f.plan.counterOfBlock.has(block)) return;
  const { cycles, storeCount } = body.blocks[block];
  const next = block + 1 < body.blocks.length ? body.blocks[block + 1].first : body.count;
  context.blocks.push({
    functionIndex: f.functionIndex,
    offset: body.position[i],
    endOffset: body.position[next],
    cycles,
    firstSite: context.sites.length,
    siteCount: storeCount,
  });
}

/** Counts one execution of a block. */
export function countBlock(f: FunctionRewrite, block: number): void {
  const scope = scopeOfBlock(f, block);
  if (scope >= 0 && f.plan.caches.scopes[scope].countedBlocks.includes(block)) {
    const counter = blockCounter(f, block);
    f.w.get(counter).const(1).op(Op.i32Add).set(counter);
  } else addToBlockCount(f, block, () => f.w.const(1));
}

/** Adds executions of a block to its counter in the tables, if it has one. */
export function addToBlockCount(f: FunctionRewrite, block: number, pushCount: () => void): void {
  const { w } = f;
  const counter = f.plan.counterOfBlock.get(block);
  if (counter === undefined) return;
  const at = f.context.layout.blockCounts + counter * 4;
  w.const(0).const(0).table(Op.i32Load, at);
  pushCount();
  w.op(Op.i32Add).table(Op.i32Store, at);
}

/** Adds stores to the count of the page that holds `addressLocal + offset`. */
export function addToPageCount(f: FunctionRewrite, addressLocal: number, offset: number, pushCount: () => void): void {
  const { w } = f;
  const { pageCounts } = f.context.layout;
  const entry = f.local("entry");
  w.address(addressLocal, offset).const(10).op(Op.i32ShrU).const(-4).op(Op.i32And).tee(entry);
  w.get(entry).table(Op.i32Load, pageCounts);
  pushCount();
  w.op(Op.i32Add).table(Op.i32Store, pageCounts);
}

/**
 * Where a slot is about to go to the page of `base + offset`: adds what it did to the page before, if it is another
 * one. This execution of its block is already in the block's counter, but its store goes to the new page.
 */
export function countBeforeMoving(
  f: FunctionRewrite,
  block: number,
  scope: number,
  slot: number,
  base: number,
  offset: number,
): void {
  const { w } = f;
  const page = slotPage(f, scope, slot);
  const counter = blockCounter(f, block);
  const since = slotSince(f, scope, slot);
  const { storeCount } = f.plan.caches.scopes[scope].slots[slot];
  w.address(base, offset).get(page).op(Op.i32Xor).const(12).op(Op.i32ShrU).if();
  addToPageCount(f, page, 0, () => {
    w.get(counter).const(1).op(Op.i32Sub).get(since).op(Op.i32Sub);
    if (storeCount > 1) w.const(storeCount).op(Op.i32Mul);
  });
  w.get(counter).const(1).op(Op.i32Sub).set(since).end();
}

/** Makes each slot of a scope look its page up again: at the scope's beginning, and after the host could protect it. */
export function forgetSlots(f: FunctionRewrite, scope: number): void {
  for (const slot of f.plan.caches.scopes[scope].slots.keys()) f.w.const(NOWHERE).set(slotPage(f, scope, slot));
}

/** Adds what the locals of a scope have counted to the tables. */
export function flushScope(f: FunctionRewrite, scope: number): void {
  if (!f.recording) return;
  const { w } = f;
  const { slots, countedBlocks } = f.plan.caches.scopes[scope];
  for (const [slot, { block, storeCount }] of slots.entries()) {
    const since = slotSince(f, scope, slot);
    addToPageCount(f, slotPage(f, scope, slot), 0, () => {
      w.get(blockCounter(f, block)).get(since).op(Op.i32Sub);
      if (storeCount > 1) w.const(storeCount).op(Op.i32Mul);
    });
    w.const(0).set(since);
  }
  for (const block of countedBlocks) {
    const counter = blockCounter(f, block);
    addToBlockCount(f, block, () => w.get(counter));
    w.const(0).set(counter);
  }
}

/** The local with a slot's block counter as it was when the slot came to its page. */
function slotSince(f: FunctionRewrite, scope: number, slot: number): number {
  return f.local(`since ${scope} ${slot}`);
}

/** The local with the executions of a block since the last flush. */
function blockCounter(f: FunctionRewrite, block: number): number {
  return f.local(`block ${block}`);
}
