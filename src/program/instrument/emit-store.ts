import { addToPageCount, countBeforeMoving, scopeOfBlock, slotPage } from "./emit-counts.ts";
import { type CheckedAccess, emitLookup } from "./emit-lookup.ts";
import { emitMemoryInstruction } from "./emit-memory.ts";
import type { FunctionRewrite } from "./function-rewrite.ts";
import { LineState } from "./helpers.ts";
import { Op, storeValueType } from "./opcodes.ts";
import { PAGE_BYTES } from "./types.ts";

/** A store, and before it the check that the plan has for it: its own, its group's, or none as it was checked earlier. */
export function emitStore(f: FunctionRewrite, i: number, op: number, size: number): void {
  const { w, body, plan } = f;
  const site = f.addSite(i, size, "store");
  const membership = plan.groupOf[i];
  f.insertBefore(i);
  if (plan.arrayStores.has(i)) {
    // Looked up at the head of the loop.
  } else if (membership > 0) {
    const { local: base, low, high, members } = plan.groups[membership - 1];
    const storeCount = members.length;
    emitCheck(f, i, { site, base, offset: low, size: high - low, storeCount, bothEnds: true, memoryOffset: 0 });
  } else if (membership === 0) {
    const valueType = storeValueType(op);
    const value = f.local(`value ${valueType}`, valueType);
    const base = f.local("address");
    w.set(value).tee(base);
    // Where the compiler expects misaligned addresses, they shall not all take the slow path.
    const bothEnds = 1 << body.a[i] < size;
    emitCheck(f, i, { site, base, offset: body.b[i], size, storeCount: 1, bothEnds, memoryOffset: body.b[i] });
    w.get(value);
  }
  emitMemoryInstruction(f, i, op);
}

/** Checks (and counts) a store or a group. */
function emitCheck(f: FunctionRewrite, i: number, access: CheckedAccess): void {
  const slot = f.plan.caches.slotOf.get(i);
  if (slot !== undefined) {
    emitCachedCheck(f, i, slot, access);
    return;
  }
  if (f.recording) addToPageCount(f, access.base, access.offset, () => f.w.const(access.storeCount));
  emitLookup(f, access);
}

/** In the page that the slot remembers there is nothing to look up and, for now, nothing to count. */
function emitCachedCheck(f: FunctionRewrite, i: number, slot: number, access: CheckedAccess): void {
  const { w, recording } = f;
  const { base, offset, size, bothEnds } = access;
  const block = f.body.block[i];
  const scope = scopeOfBlock(f, block);
  const page = slotPage(f, scope, slot);
  w.address(base, offset).get(page).op(Op.i32Sub);
  if (recording && !bothEnds && size > 1) {
    // Rotated, a misaligned distance becomes a large one: one comparison for the page and for the alignment.
    const shift = 31 - Math.clz32(size);
    w.const(shift)
      .op(Op.i32Rotr)
      .const((PAGE_BYTES - size) >> shift);
  } else w.const(PAGE_BYTES - size);
  w.op(Op.i32GtU).ifUnlikely();
  if (recording) countBeforeMoving(f, block, scope, slot, base, offset);
  emitLookup(f, access);
  w.address(base, offset).const(-PAGE_BYTES).op(Op.i32And).set(page);
  if (recording) {
    w.op(Op.else);
    for (const at of bothEnds ? [offset, offset + size - 1] : [offset])
      w.address(base, at)
        .const(6)
        .op(Op.i32ShrU)
        .const(LineState.dirtyAndOpen)
        .table(Op.i32Store8, f.context.layout.lines);
  }
  w.end();
}
