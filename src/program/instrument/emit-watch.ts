// `watch`: a look-up before each load, as there is one before each store.
import { emitLookup } from "./emit-lookup.ts";
import { emitMemoryInstruction } from "./emit-memory.ts";
import type { FunctionRewrite } from "./function-rewrite.ts";
import { hasLane, ValueType } from "./opcodes.ts";

/** A load of `size` bytes. */
export function emitWatchedLoad(f: FunctionRewrite, i: number, op: number, size: number): void {
  const { w, body } = f;
  const site = f.addSite(i, size, "load");
  const base = f.local("address");
  const offset = body.b[i];
  f.insertBefore(i);
  const vector = hasLane(op) ? f.local("value 123", ValueType.v128) : undefined;
  if (vector !== undefined) w.set(vector);
  w.tee(base);
  const bothEnds = 1 << body.a[i] < size;
  emitLookup(f, { site, base, offset, size, storeCount: 1, bothEnds, memoryOffset: offset, isLoad: true });
  if (vector !== undefined) w.get(vector);
  emitMemoryInstruction(f, i, op);
}
