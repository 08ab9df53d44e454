import type { AddressGroup } from "./coalesce.ts";
import { NO_LOCAL } from "./code-writer.ts";
import type { DecodedBody } from "./decode.ts";
import { Op, stackEffects, storeSize } from "./opcodes.ts";

/** Sum of locals, each times a factor, plus a constant; modulo 2^32. */
export interface LinearForm {
  readonly terms: ReadonlyMap<number, number>;
  readonly constant: number;
}

/** A store (or group) whose address moves by the same distance in each iteration. */
export interface ArrayStore {
  /** The store, or the first one of the group. */
  readonly instruction: number;
  /** Its address in terms of the locals at the head of the loop. */
  readonly address: LinearForm;
  readonly size: number;
  readonly storeCount: number;
  /** Bytes from one iteration to the next, signed. */
  readonly stride: number;
  /** Offset of the memory argument, which is in `address` already; 0 for groups. */
  readonly memoryOffset: number;
}

/**
 * A loop that is one straight-line run, as compilers make them for arrays. When its addresses at one iteration are
 * known, so is the number of iterations that all stay in their pages: these need no check but that of the number.
 */
export interface ArrayLoop {
  readonly loop: number;
  readonly block: number;
  readonly stores: readonly ArrayStore[];
}

const ZERO: LinearForm = { terms: new Map(), constant: 0 };
const MAX_STORES = 6;
const MAX_TERMS = 3;

export function findArrayLoops(body: DecodedBody, groupOf: Int32Array, groups: readonly AddressGroup[]): ArrayLoop[] {
  const found: ArrayLoop[] = [];
  for (const [index, loop] of body.loops.entries()) {
    const last = loop.end - 1;
    if (!loop.innermost || loop.reachesHost || last <= loop.start) continue;
    const block = body.block[loop.start + 1];
    if (body.block[last] !== block || body.opcode[last] !== Op.brIf) continue;
    const target = body.frames[body.b[last]];
    if (target.start !== loop.start || target.labelArity > 0 || body.blocks[block].cycles === 0) continue;
    if (body.blocks[block].storeCount === 0) continue;
    const stores = findArrayStores(body, loop.start + 1, last, groupOf, groups);
    if (stores.length > 0) found.push({ loop: index, block, stores });
  }
  return found;
}

function findArrayStores(
  body: DecodedBody,
  first: number,
  last: number,
  groupOf: Int32Array,
  groups: readonly AddressGroup[],
): ArrayStore[] {
  /** Locals that were set in this iteration, in terms of their values at its beginning. */
  const now = new Map<number, LinearForm | undefined>();
  const formOf = (local: number): LinearForm | undefined =>
    now.has(local) ? now.get(local) : { terms: new Map([[local, 1]]), constant: 0 };
  const stack: (LinearForm | undefined)[] = [];
  const candidates: Omit<ArrayStore, "stride">[] = [];
  for (let i = first; i < last; i++) {
    const op = body.opcode[i];
    const size = storeSize(op);
    if (size > 0) {
      stack.pop();
      const address = stack.pop();
      if (groupOf[i] > 0) {
        const { local, low, high, members } = groups[groupOf[i] - 1];
        const base = local === NO_LOCAL ? ZERO : formOf(local);
        const form = add(base, { terms: new Map(), constant: low }, 1);
        if (form)
          candidates.push({
            instruction: i,
            address: form,
            size: high - low,
            storeCount: members.length,
            memoryOffset: 0,
          });
      } else if (groupOf[i] === 0) {
        const form = add(address, { terms: new Map(), constant: body.b[i] }, 1);
        if (form) candidates.push({ instruction: i, address: form, size, storeCount: 1, memoryOffset: body.b[i] });
      }
      continue;
    }
    switch (op) {
      case Op.localGet:
        stack.push(formOf(body.a[i]));
        break;
      case Op.localSet:
        now.set(body.a[i], stack.pop());
        break;
      case Op.localTee:
        now.set(body.a[i], stack.pop());
        stack.push(now.get(body.a[i]));
        break;
      case Op.i32Const:
        stack.push({ terms: new Map(), constant: body.a[i] });
        break;
      case Op.i32Add:
      case Op.i32Sub: {
        const right = stack.pop();
        stack.push(add(stack.pop(), right, op === Op.i32Add ? 1 : -1));
        break;
      }
      case Op.i32Shl:
      case Op.i32Mul: {
        const right = stack.pop();
        const left = stack.pop();
        const factor = right?.terms.size === 0 ? right.constant : undefined;
        if (factor === undefined) stack.push(undefined);
        else stack.push(add(ZERO, left, op === Op.i32Mul ? factor : 1 << (factor & 31)));
        break;
      }
      default: {
        const effect = op < 256 ? stackEffects[op] : 255;
        if (effect === 255) stack.length = 0;
        else {
          for (let pops = effect >> 2; pops > 0; pops--) stack.pop();
          for (let pushes = effect & 3; pushes > 0; pushes--) stack.push(undefined);
        }
      }
    }
  }
  const stores: ArrayStore[] = [];
  for (const candidate of candidates) {
    let stride: number | undefined = 0;
    for (const [local, factor] of candidate.address.terms) {
      const step = stepOf(local, formOf(local));
      stride = step === undefined || stride === undefined ? undefined : (stride + Math.imul(step, factor)) | 0;
    }
    if (stride === undefined || stride === -0x80000000 || candidate.address.terms.size > MAX_TERMS) continue;
    if (stores.length < MAX_STORES) stores.push({ ...candidate, stride });
  }
  return stores;
}

/** By how much a local grows in one iteration; undefined if not by a constant. */
function stepOf(local: number, end: LinearForm | undefined): number | undefined {
  return end?.terms.size === 1 && end.terms.get(local) === 1 ? end.constant : undefined;
}

/** left + factor * right */
function add(left: LinearForm | undefined, right: LinearForm | undefined, factor: number): LinearForm | undefined {
  if (left === undefined || right === undefined) return undefined;
  const terms = new Map(left.terms);
  for (const [local, own] of right.terms) {
    const sum = ((terms.get(local) ?? 0) + Math.imul(own, factor)) | 0;
    if (sum === 0) terms.delete(local);
    else terms.set(local, sum);
  }
  return { terms, constant: (left.constant + Math.imul(right.constant, factor)) | 0 };
}
