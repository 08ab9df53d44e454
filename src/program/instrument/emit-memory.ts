// Where the program's memory lies and ends: with the tables below it in the same memory, its accesses move up and its
// size is less than the engine says; and the instructions that grow it or write ranges of it.
import { loadRemaining, popRemaining, pushRemaining, saveRemaining } from "./emit-cycles.ts";
import type { FunctionRewrite } from "./function-rewrite.ts";
import { pushMemoryBytes } from "./helpers.ts";
import { hasLane, Op } from "./opcodes.ts";
import { WASM_PAGE_BYTES } from "./types.ts";

/** A load or a store, its offset moved; as it is where the program's address 0 stays. */
export function emitMemoryInstruction(f: FunctionRewrite, i: number, op: number): void {
  const { w, body } = f;
  const { guestBase } = f.context.layout;
  if (guestBase === 0) return;
  f.insertBefore(i);
  w.op(op);
  w.u32(body.a[i]);
  // Beyond 2^32 the access is out of bounds anyway, as the largest offset is.
  w.u32(Math.min((body.b[i] >>> 0) + guestBase, 0xffffffff));
  if (hasLane(op)) w.u8(f.context.module.bytes[body.position[i + 1] - 1]);
  f.replaced(i);
}

export function emitMemorySize(f: FunctionRewrite, i: number): void {
  const { guestBase } = f.context.layout;
  if (guestBase === 0) return;
  f.insertAfter(i);
  f.w.const(guestBase / WASM_PAGE_BYTES).op(Op.i32Sub);
}

export function emitMemoryGrow(f: FunctionRewrite, i: number): void {
  f.insertBefore(i);
  saveRemaining(f);
  f.w.call(f.context.helper("grow"));
  loadRemaining(f);
  f.replaced(i);
}

/** memory.fill, memory.copy or memory.init: a helper goes through its pages first. */
export function emitBulk(f: FunctionRewrite, i: number, op: number): void {
  const { w } = f;
  const { layout, module } = f.context;
  const kind = op === Op.memoryFill ? "fill" : op === Op.memoryCopy ? "copy" : "init";
  const site = f.addSite(i, 0, kind);
  const [destination, second, length] = [f.local("bulk 0"), f.local("bulk 1"), f.local("bulk 2")];
  f.insertBefore(i);
  w.set(length).set(second).set(destination);
  if (kind === "copy" && f.context.mode === "watch") {
    saveRemaining(f);
    w.get(destination)
      .get(second)
      .get(length)
      .const(f.addSite(i, 0, "load"))
      .call(f.context.helper("bulkRead"));
    loadRemaining(f);
  }
  w.get(destination);
  if (kind === "fill") w.const(0).const(-1);
  else if (kind === "copy") {
    w.get(second);
    pushMemoryBytes(w, layout);
  } else w.get(second).const(module.dataSegmentBytes[f.body.a[i]] ?? 0);
  w.get(length).const(site);
  pushRemaining(f);
  w.call(f.context.helper("bulk"));
  popRemaining(f);
  const pushAddress = (index: number) => {
    w.get(index);
    if (layout.guestBase > 0) w.const(layout.guestBase).op(Op.i32Add);
  };
  pushAddress(destination);
  if (kind === "copy") pushAddress(second);
  else w.get(second);
  w.get(length);
}
