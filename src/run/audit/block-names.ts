import type { SymbolTable, Variable } from "../../program/symbols/symbols.ts";
import type { TypeInfo } from "../../program/symbols/type-info.ts";

/** By what a block of the heap is called: the variable that leads to it, and how. */
export interface BlockName {
  readonly variable: Variable;
  /**
   * From the variable to the pointer: `.cells`, `->next`, `[2]`; empty of a pointer itself. A chain of the same member is one step, the
   * pointers of long arrays are all `ANY_INDEX`, and indices of anything else are left out.
   */
  readonly path: string;
  /** What lies in the block, once or one after the other; undefined where unknown. */
  readonly type: TypeInfo | undefined;
}

/** A variable from which pointers lead into the heap, in memory or not. */
export type Root =
  | { readonly variable: Variable; readonly address: number }
  | { readonly variable: Variable; readonly value: number };

interface Block {
  readonly address: number;
  readonly sizeBytes: number;
}

/** Memory whose type is known. */
interface Area extends Block {
  readonly variable: Variable;
  readonly path: string;
  readonly type: TypeInfo | undefined;
  readonly isHeap: boolean;
}

/** Slots that are looked at in all, and the depth to which types are followed into themselves. */
const MOST_SLOTS = 300_000;
const MAX_DEPTH = 8;
/** Pointers of arrays that are no longer have their indices. */
const MOST_INDICES = 8;
export const ANY_INDEX = "[i]";
/** What libraries name their own members. */
const OWN_MEMBER = /^_/;

/**
 * Follows the pointers of a process from its variables, breadth first, as a debugger would, so that each block goes by the
 * shortest way to it.
 * @param blocks live ones by address
 */
export function nameBlocks(
  memory: Uint8Array,
  blocks: ReadonlyMap<number, Block>,
  roots: readonly Root[],
  symbols: Pick<SymbolTable, "classType">,
): ReadonlyMap<number, BlockName> {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  const wordAt = (at: number) => (at >= 0 && at + 4 <= view.byteLength ? view.getUint32(at, true) : 0);
  const names = new Map<number, BlockName>();
  const queue: Area[] = [];
  let slots = 0;
  const reach = (value: number, variable: Variable, path: string, told: TypeInfo | undefined) => {
    slots++;
    const block = blocks.get(value);
    if (block === undefined || names.has(value)) return;
    // An object's own header knows better than what a variable was declared to hold.
    const type = told?.kind === "object" ? (symbols.classType(wordAt(value - 8)) ?? told) : told;
    names.set(value, { variable, path, type });
    queue.push({ ...block, variable, path, type, isHeap: true });
  };
  for (const root of roots) {
    const { variable } = root;
    if ("value" in root) reach(root.value, variable, "", targetOf(variable.type));
    else
      queue.push({
        ...{ address: root.address, sizeBytes: variable.sizeBytes, variable, path: "" },
        ...{ type: variable.type, isHeap: false },
      });
  }
  for (let next = 0; next < queue.length && slots < MOST_SLOTS; next++) {
    const { address, sizeBytes, variable, path, type, isHeap } = queue[next];
    if (type?.kind === "object" && isHeap && (type.members.length === 0 || type.element !== undefined)) {
      // What an array's object holds are its elements, wherever they lie.
      for (let at = address; at + 4 <= address + sizeBytes && slots < MOST_SLOTS; at += 4)
        reach(wordAt(at), variable, path, type.element);
      continue;
    }
    const stride =
      isHeap && type !== undefined && type.kind !== "object" && type.sizeBytes > 0 ? type.sizeBytes : sizeBytes;
    for (let start = address; start + stride <= address + sizeBytes && slots < MOST_SLOTS; start += stride) {
      if (type === undefined || stride === 0) break;
      // A block of pointers.
      const index = type.kind === "pointer" ? indexOf((start - address) / stride, sizeBytes / stride) : "";
      eachPointer(type, isHeap, (offset, member, target) => {
        const way = isHeap ? path + index : path;
        reach(wordAt(start + offset), variable, joined(way, member, isHeap, type === target), target);
        return slots < MOST_SLOTS;
      });
      if (!hasPointers(type, isHeap)) break;
    }
  }
  return names;
}

/** @param isOfObject whether the fields of an object are meant, and not the reference to it */
function hasPointers(type: TypeInfo, isOfObject: boolean): boolean {
  let found = false;
  eachPointer(type, isOfObject, () => {
    found = true;
    return false;
  });
  return found;
}

/** Calls for each pointer in something of this type, until it answers false. @returns whether all were told */
function eachPointer(
  type: TypeInfo | undefined,
  isOfObject: boolean,
  tell: (offset: number, path: string, target: TypeInfo | undefined) => boolean,
  at = 0,
  path = "",
  depth = 0,
): boolean {
  if (type === undefined || depth > MAX_DEPTH) return true;
  switch (type.kind) {
    case "pointer":
      return tell(at, path, type.target);
    case "object":
      if (!isOfObject) return tell(at, path, type);
      break;
    case "array": {
      const { element, count = 0 } = type;
      if (element === undefined || element.sizeBytes === 0 || !hasPointers(element, false)) return true;
      for (let i = 0; i < count; i++) {
        const longer = element.kind === "pointer" ? path + indexOf(i, count) : path;
        if (!eachPointer(element, false, tell, at + i * element.sizeBytes, longer, depth + 1)) return false;
      }
      return true;
    }
    case "record":
      break;
    default:
      return true;
  }
  return type.members.every((member) => {
    const isOwn = member.name === "" || OWN_MEMBER.test(member.name);
    const longer = isOwn ? path : `${path}.${member.name}`;
    return eachPointer(member.type, false, tell, at + member.offsetBytes, longer, depth + 1);
  });
}

function indexOf(index: number, count: number): string {
  return count <= MOST_INDICES ? `[${index}]` : ANY_INDEX;
}

function targetOf(type: TypeInfo | undefined): TypeInfo | undefined {
  return type?.kind === "pointer" ? type.target : type;
}

/** One step further: what hangs on a block is behind an arrow, and more of the same adds nothing: a list's next node. */
function joined(path: string, member: string, isHeap: boolean, isSame: boolean): string {
  if (isHeap && isSame) return path;
  if (!isHeap || member === "" || member.startsWith("[")) return path + member;
  const step = `->${member.slice(1)}`;
  return path.endsWith(step) ? path : path + step;
}
