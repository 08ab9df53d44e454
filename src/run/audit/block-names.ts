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
  /** The pointer as C and C++ write it, from the variable's name on; undefined where no expression means it alone. */
  readonly expression: string | undefined;
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
  /** Of a block the pointer, of a variable itself. */
  readonly expression: string | undefined;
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
  const reach = (value: number, variable: Variable, { path, expression }: Way, told: TypeInfo | undefined) => {
    slots++;
    const block = blocks.get(value);
    if (block === undefined || names.has(value)) return;
    // An object's own header knows better than what a variable was declared to hold.
    const type = told?.kind === "object" ? (symbols.classType(wordAt(value - 8)) ?? told) : told;
    names.set(value, { variable, path, expression, type });
    queue.push({ ...block, variable, path, expression, type, isHeap: true });
  };
  for (const root of roots) {
    const { variable } = root;
    const way = { path: "", expression: variable.name };
    if ("value" in root) reach(root.value, variable, way, targetOf(variable.type));
    else
      queue.push({
        ...{ address: root.address, sizeBytes: variable.sizeBytes, variable, ...way },
        ...{ type: variable.type, isHeap: false },
      });
  }
  for (let next = 0; next < queue.length && slots < MOST_SLOTS; next++) {
    const { address, sizeBytes, variable, path, expression, type, isHeap } = queue[next];
    if (type?.kind === "object" && isHeap && (type.members.length === 0 || type.element !== undefined)) {
      // What an array's object holds are its elements, wherever they lie.
      for (let at = address; at + 4 <= address + sizeBytes && slots < MOST_SLOTS; at += 4)
        reach(wordAt(at), variable, { path, expression: undefined }, type.element);
      continue;
    }
    const stride =
      isHeap && type !== undefined && type.kind !== "object" && type.sizeBytes > 0 ? type.sizeBytes : sizeBytes;
    for (let start = address; start + stride <= address + sizeBytes && slots < MOST_SLOTS; start += stride) {
      if (type === undefined || stride === 0) break;
      // A block of pointers.
      const index = isHeap && type.kind === "pointer" ? indexOf((start - address) / stride, sizeBytes / stride) : "";
      // Of records in a block there may be others that lie there later.
      const from = !isHeap || type.kind === "pointer" ? expression : undefined;
      const to = from === undefined ? undefined : from + index;
      eachPointer(
        type,
        isHeap,
        (offset, way, target) => {
          const whole = joined(path + index, way.path, isHeap, type === target);
          reach(wordAt(start + offset), variable, { path: whole, expression: way.expression }, target);
          return slots < MOST_SLOTS;
        },
        { path: "", expression: to },
      );
      if (!hasPointers(type, isHeap)) break;
    }
  }
  return names;
}

/** @param isOfObject whether the fields of an object are meant, and not the reference to it */
function hasPointers(type: TypeInfo, isOfObject: boolean): boolean {
  let found = false;
  const tell = () => {
    found = true;
    return false;
  };
  eachPointer(type, isOfObject, tell, { path: "", expression: undefined });
  return found;
}

/** Calls for each pointer in something of this type, until it answers false. @returns whether all were told */
function eachPointer(
  type: TypeInfo | undefined,
  isOfObject: boolean,
  tell: (offset: number, way: Way, target: TypeInfo | undefined) => boolean,
  way: Way,
  at = 0,
  depth = 0,
): boolean {
  if (type === undefined || depth > MAX_DEPTH) return true;
  switch (type.kind) {
    case "pointer":
      return tell(at, way, type.target);
    case "object":
      if (!isOfObject) return tell(at, way, type);
      break;
    case "array": {
      const { element, count = 0 } = type;
      if (element === undefined || element.sizeBytes === 0 || !hasPointers(element, false)) return true;
      for (let i = 0; i < count; i++) {
        const longer = element.kind === "pointer" ? further(way, indexOf(i, count)) : { ...way, expression: undefined };
        if (!eachPointer(element, false, tell, longer, at + i * element.sizeBytes, depth + 1)) return false;
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
    const longer = isOwn ? within(way, type.name) : further(way, `.${member.name}`);
    return eachPointer(member.type, false, tell, longer, at + member.offsetBytes, depth + 1);
  });
}

/** How a pointer is got to: see `BlockName`. */
type Way = Pick<BlockName, "path" | "expression">;

function further({ path, expression }: Way, step: string): Way {
  return { path: path + step, expression: expression === undefined ? undefined : expression + step };
}

/** What the standard library's records of a type call the pointer in them. */
const ACCESSORS: readonly (readonly [RegExp, string])[] = [
  [/^std::(?:unique|shared)_ptr</, ".get()"],
  [/^std::vector</, ".data()"],
];

/** A member that has no name to write. @param record the type that it is of */
function within({ path, expression }: Way, record: string): Way {
  if (expression === undefined || expression.endsWith("()")) return { path, expression };
  const accessor = ACCESSORS.find(([name]) => name.test(record))?.[1];
  return { path, expression: accessor === undefined ? undefined : expression + accessor };
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
