import { NO_LOCAL } from "./code-writer.ts";
import type { DecodedBody } from "./decode.ts";
import { Op, stackEffects, storeSize } from "./opcodes.ts";
import { LINE_BYTES } from "./types.ts";

/** Stores of one straight-line run off one local that does not change between them, all within 64 bytes. */
export interface AddressGroup {
  /** `NO_LOCAL` for constant addresses. */
  readonly local: number;
  /** The members lie in [local + low, local + high), modulo 2^32. */
  low: number;
  high: number;
  /** In program order. */
  readonly members: { readonly instruction: number; readonly offset: number; readonly size: number }[];
}

/** A value on the operand stack: a local (at some version) plus a constant, a constant, or unknown. */
type Known =
  | { readonly kind: "local"; readonly local: number; readonly version: number; readonly add: number }
  | { readonly kind: "constant"; readonly value: number }
  | undefined;

/** Farther apart than this two stores never share a line; keeps sums of offsets exact. */
const MAX_OFFSET = 0x8000000;

/**
 * Finds stores that one look-up can check. Within 64 bytes a group touches at most two lines and two pages, those of its
 * first and of its last byte, and it does touch both: so checking these two says exactly what checking each store would.
 * @param groupOf receives by instruction: 0 own check, -1 checked by its group's first store, else 1 + index of the
 *   group whose first store it is
 */
export function findGroups(body: DecodedBody, groupOf: Int32Array): AddressGroup[] {
  const found: AddressGroup[] = [];
  const stack: Known[] = [];
  const versions = new Map<number, number>();
  const versionOf = (local: number) => versions.get(local) ?? 0;
  let open = new Map<string, AddressGroup>();
  let block = -1;
  const close = () => {
    for (const group of open.values()) if (group.members.length > 1) found.push(group);
    if (open.size > 0) open = new Map();
    stack.length = 0;
  };
  for (let i = 0; i < body.count; i++) {
    const op = body.opcode[i];
    if (body.block[i] !== block) {
      block = body.block[i];
      close();
    }
    const size = storeSize(op);
    if (size > 0) {
      stack.pop();
      const address = stack.pop();
      if (address === undefined) continue;
      if (address.kind === "local" && address.version !== versionOf(address.local)) continue;
      const offset = (address.kind === "local" ? address.add : address.value) + (body.b[i] >>> 0);
      if (Math.abs(offset) >= MAX_OFFSET) continue;
      const local = address.kind === "local" ? address.local : NO_LOCAL;
      const key = address.kind === "local" ? `${local}:${address.version}` : "constant";
      const group = open.get(key);
      if (group) {
        const low = Math.min(group.low, offset);
        const high = Math.max(group.high, offset + size);
        if (high - low <= LINE_BYTES) {
          group.low = low;
          group.high = high;
          group.members.push({ instruction: i, offset, size });
          continue;
        }
        if (group.members.length > 1) found.push(group);
      }
      const members = [{ instruction: i, offset, size }];
      open.set(key, { local, low: offset, high: offset + size, members });
      continue;
    }
    step(body, i, stack, versions);
  }
  close();
  found.forEach((group, index) => {
    for (const [nth, member] of group.members.entries()) groupOf[member.instruction] = nth === 0 ? index + 1 : -1;
  });
  return found;
}

/** Follows what one instruction other than a store does to the stack. */
function step(body: DecodedBody, i: number, stack: Known[], versions: Map<number, number>): void {
  const op = body.opcode[i];
  const local = body.a[i];
  switch (op) {
    case Op.localGet:
      stack.push({ kind: "local", local, version: versions.get(local) ?? 0, add: 0 });
      return;
    case Op.localSet:
      stack.pop();
      versions.set(local, (versions.get(local) ?? 0) + 1);
      return;
    case Op.localTee: {
      stack.pop();
      const version = (versions.get(local) ?? 0) + 1;
      versions.set(local, version);
      stack.push({ kind: "local", local, version, add: 0 });
      return;
    }
    case Op.i32Const:
      stack.push({ kind: "constant", value: body.a[i] });
      return;
    case Op.i32Add:
    case Op.i32Sub: {
      const right = stack.pop();
      const left = stack.pop();
      if (left?.kind === "local" && right?.kind === "constant" && Math.abs(right.value) < MAX_OFFSET)
        stack.push({ ...left, add: left.add + (op === Op.i32Add ? right.value : -right.value) });
      else stack.push(undefined);
      return;
    }
    case Op.block:
      return; // still the same run
    default: {
      const effect = op < 256 ? stackEffects[op] : 255;
      if (effect === 255) {
        stack.length = 0;
        return;
      }
      for (let pops = effect >> 2; pops > 0; pops--) stack.pop();
      for (let pushes = effect & 3; pushes > 0; pushes--) stack.push(undefined);
    }
  }
}
