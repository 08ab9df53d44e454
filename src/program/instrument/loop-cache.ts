import type { ArrayLoop } from "./array-loop.ts";
import type { AddressGroup } from "./coalesce.ts";
import type { DecodedBody } from "./decode.ts";
import { Op, stackEffects, storeSize } from "./opcodes.ts";

/** Slots of one innermost loop; more only cost registers. */
const MAX_SLOTS_PER_LOOP = 6;
/** Block counters kept in locals within one scope. */
const MAX_LOCAL_COUNTERS = 8;

/**
 * A store (or group) whose address steps through memory in a loop: it remembers in a local the page that it found open,
 * and looks the table up only when it leaves it.
 */
export interface CacheSlot {
  readonly instruction: number;
  readonly block: number;
  /** Stores that it stands for. */
  readonly storeCount: number;
}

/** An outermost loop that never reaches the host but at its ticks: what it remembers stays true inside of it. */
export interface CacheScope {
  readonly loop: number;
  readonly slots: CacheSlot[];
  /** Blocks counted in a local until the scope is left (only when recording). */
  readonly countedBlocks: number[];
}

export interface CachePlan {
  readonly scopes: readonly CacheScope[];
  /** By loop: index of the scope it belongs to, or -1. */
  readonly scopeOfLoop: readonly number[];
  /** By instruction: its slot in its scope. */
  readonly slotOf: ReadonlyMap<number, number>;
}

/**
 * @param counted whether a block is to be counted; undefined when not recording
 * @param arrayLoops loops that are taken care of already
 */
export function planLoopCaches(
  body: DecodedBody,
  groupOf: Int32Array,
  groups: readonly AddressGroup[],
  counted: ((block: number) => boolean) | undefined,
  arrayLoops: readonly ArrayLoop[],
): CachePlan {
  const done = new Set(arrayLoops.map(({ loop }) => loop));
  const scopes: CacheScope[] = [];
  const scopeOfLoop: number[] = [];
  for (const [index, loop] of body.loops.entries()) {
    const outer = loop.parent >= 0 ? scopeOfLoop[loop.parent] : -1;
    if (outer >= 0) scopeOfLoop.push(outer);
    else if (loop.reachesHost) scopeOfLoop.push(-1);
    else {
      scopeOfLoop.push(scopes.length);
      scopes.push({ loop: index, slots: [], countedBlocks: [] });
    }
  }
  if (counted) {
    // Inner loops come after outer ones in the code, and are what matters: give them the locals first.
    const candidates = body.blocks
      .map((block, index) => ({ index, loop: block.loop }))
      .filter(({ index, loop }) => loop >= 0 && scopeOfLoop[loop] >= 0 && !done.has(loop) && counted(index))
      .sort((x, y) => Number(body.loops[y.loop].innermost) - Number(body.loops[x.loop].innermost) || x.index - y.index);
    for (const { index, loop } of candidates) {
      const scope = scopes[scopeOfLoop[loop]];
      if (scope.countedBlocks.length < MAX_LOCAL_COUNTERS) scope.countedBlocks.push(index);
    }
  }
  const slotOf = new Map<number, number>();
  for (const [index, loop] of body.loops.entries()) {
    if (!loop.innermost || scopeOfLoop[index] < 0 || done.has(index)) continue;
    const scope = scopes[scopeOfLoop[index]];
    let slotCount = 0;
    for (const i of steppingStores(body, index)) {
      if (groupOf[i] < 0 || slotCount >= MAX_SLOTS_PER_LOOP) continue;
      const block = body.block[i];
      const group = groupOf[i] > 0 ? groups[groupOf[i] - 1] : undefined;
      if (counted && !scope.countedBlocks.includes(block)) continue;
      slotOf.set(i, scope.slots.length);
      scope.slots.push({ instruction: i, block, storeCount: group ? group.members.length : 1 });
      slotCount++;
    }
  }
  return { scopes, scopeOfLoop, slotOf };
}

/** What is known of a value: whether it is a sum of locals that only ever step, and whether it is a small constant. */
const UNKNOWN = 0;
const STEPPING = 1;
const CONSTANT = 2;
const SMALL_CONSTANT = 3;

/**
 * Stores of an innermost loop whose address looks like a linear function of the loop's iterations. A guess at what
 * pays: a wrong one costs time, never truth.
 */
function steppingStores(body: DecodedBody, loopIndex: number): number[] {
  const loop = body.loops[loopIndex];
  let anyStore = false;
  for (let i = loop.start; i < loop.end && !anyStore; i++) anyStore = storeSize(body.opcode[i]) > 0;
  if (!anyStore) return [];
  const wild = new Set<number>();
  let stores: number[] = [];
  for (let rounds = 0, changed = true; changed && rounds < 8; rounds++) {
    changed = false;
    stores = [];
    const stack: number[] = [];
    let block = -1;
    for (let i = loop.start + 1; i < loop.end; i++) {
      const op = body.opcode[i];
      if (body.block[i] !== block) {
        block = body.block[i];
        stack.length = 0;
      }
      switch (op) {
        case Op.localGet:
          stack.push(wild.has(body.a[i]) ? UNKNOWN : STEPPING);
          break;
        case Op.localSet:
        case Op.localTee: {
          const value = stack.pop() ?? UNKNOWN;
          if (value === UNKNOWN && !wild.has(body.a[i])) {
            wild.add(body.a[i]);
            changed = true;
          }
          if (op === Op.localTee) stack.push(value === UNKNOWN ? UNKNOWN : STEPPING);
          break;
        }
        case Op.i32Const:
          stack.push(Math.abs(body.a[i]) <= 1024 ? SMALL_CONSTANT : CONSTANT);
          break;
        case Op.i32Add:
        case Op.i32Sub: {
          const right = stack.pop() ?? UNKNOWN;
          const left = stack.pop() ?? UNKNOWN;
          stack.push(left !== UNKNOWN && right !== UNKNOWN ? STEPPING : UNKNOWN);
          break;
        }
        case Op.i32Shl:
        case Op.i32Mul: {
          const right = stack.pop() ?? UNKNOWN;
          const left = stack.pop() ?? UNKNOWN;
          stack.push(left !== UNKNOWN && right === SMALL_CONSTANT ? STEPPING : UNKNOWN);
          break;
        }
        case Op.block:
          break;
        default: {
          if (storeSize(op) > 0) {
            stack.pop();
            if ((stack.pop() ?? UNKNOWN) !== UNKNOWN) stores.push(i);
            break;
          }
          const effect = op < 256 ? stackEffects[op] : 255;
          if (effect === 255) stack.length = 0;
          else {
            for (let pops = effect >> 2; pops > 0; pops--) stack.pop();
            for (let pushes = effect & 3; pushes > 0; pushes--) stack.push(UNKNOWN);
          }
        }
      }
    }
  }
  return stores;
}
