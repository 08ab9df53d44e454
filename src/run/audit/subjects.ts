import type { FrameVariable, SymbolTable, Variable } from "../../program/symbols/symbols.ts";
import type { TypeInfo } from "../../program/symbols/type-info.ts";
import { ANY_INDEX, type BlockName, nameBlocks, type Root } from "./block-names.ts";
import type { ByteRange } from "./byte-ranges.ts";
import type { Place, Subject } from "./findings.ts";

/** A live block of the program's heap. */
export interface HeapBlock {
  readonly address: number;
  readonly sizeBytes: number;
  readonly allocatedAt: Place | undefined;
  /** How many the program had allocated there before. */
  readonly ordinal: number;
}

/** A call that had not returned: which function, and what its local variables of WebAssembly held. */
export interface FrameState {
  readonly functionIndex: number;
  /** Bits of each value; undefined of references and vectors. */
  readonly locals: readonly (bigint | undefined)[];
}

/** A process at one moment, as far as names depend on it. */
export interface NamedState {
  readonly memory: Uint8Array;
  /** Outermost first. */
  readonly frames: readonly FrameState[];
  /** Bits of each mutable global, by its index. */
  readonly globals: ReadonlyMap<number, bigint>;
  /** Ascending addresses. */
  readonly blocks: readonly HeapBlock[];
}

/** Bytes of an AssemblyScript object's header, in front of its address. */
const OBJECT_HEADER_BYTES = 20;

/** A variable that lies in memory, and where. */
interface Placed extends ByteRange {
  readonly variable: Variable;
}

/** What bytes belong to, and which are the ones of the same variable or block. */
export interface PlacedSubject extends ByteRange {
  readonly subject: Subject;
  /** Of what begins at `start`. */
  readonly layout: TypeInfo | undefined;
}

/** Finds what the bytes of a process belong to, by the program's debug information and its allocations. */
export class Subjects {
  readonly #symbols: SymbolTable;
  readonly #state: NamedState;
  /** Variables of the frames that were live. */
  readonly #locals: readonly Placed[];
  readonly #found = new Map<string, Subject>();
  #names: ReadonlyMap<number, BlockName> | undefined;

  constructor(symbols: SymbolTable, state: NamedState) {
    this.#symbols = symbols;
    this.#state = state;
    this.#locals = state.frames.flatMap((frame) => this.#placedIn(frame));
  }

  /** What the byte belongs to; undefined for bytes of nothing that has a name: freed memory, dead frames, a library's own state. */
  at(address: number): PlacedSubject | undefined {
    const local = this.#locals.find(({ start, end }) => address >= start && address < end);
    if (local !== undefined) return this.#variable(local.variable, local.start);
    const global = this.#symbols.globalAt(address);
    if (global !== undefined) return this.#variable(global.variable, global.variable.address);
    const block = this.#blockAt(address);
    return block === undefined ? undefined : this.#block(block);
  }

  /** The variable that a local of WebAssembly holds in one of the live frames. */
  ofLocal(functionIndex: number, localIndex: number): Subject | undefined {
    const variable = this.#symbols.localName(functionIndex, localIndex);
    return variable && this.#register(`local ${functionIndex} ${localIndex}`, variable);
  }

  ofGlobal(globalIndex: number): Subject | undefined {
    const variable = this.#symbols.globalName(globalIndex);
    return variable && this.#register(`global ${globalIndex}`, variable);
  }

  #variable(variable: Variable, address: number): PlacedSubject {
    const key = `variable ${variable.name} ${variable.scope} ${address}`;
    const subject = this.#once(key, () => ({
      ...described(variable),
      ...{ key, kind: "variable", address, sizeBytes: variable.sizeBytes },
      protect: (id) => this.#symbols.protectCall(variable, id),
    }));
    return { subject, start: address, end: address + variable.sizeBytes, layout: variable.type };
  }

  #register(key: string, variable: Variable): Subject {
    return this.#once(key, () => ({
      ...described(variable),
      ...{ key, kind: "register", address: 0, sizeBytes: variable.sizeBytes },
      protect: (id) => this.#symbols.protectCall(variable, id),
    }));
  }

  /** A block goes by the variable that leads to it, where there is one, and else by where it was allocated. */
  #block({ address, sizeBytes, allocatedAt }: HeapBlock): PlacedSubject {
    const name = this.#blockNames.get(address);
    const variable = name?.variable;
    const key =
      variable === undefined
        ? `blocks of ${allocatedAt?.file}:${allocatedAt?.line}`
        : `blocks ${variable.file} ${variable.scope} ${variable.name}${name?.path}`;
    const subject = this.#once(key, () => ({
      ...{ key, kind: "heap", address, sizeBytes },
      symbol:
        variable === undefined
          ? `block of ${sizeBytes} bytes`
          : `${variable.name}${name?.path}${elementsOf(variable, name?.path)}`,
      ...(variable?.scope ? { function: variable.scope } : {}),
      ...(name === undefined ? {} : this.#protectBlock(name, sizeBytes)),
      ...(allocatedAt === undefined ? {} : { allocatedAt }),
      ...(variable === undefined || variable.line === 0
        ? {}
        : { declaredAt: { file: variable.file, line: variable.line } }),
    }));
    return { subject, start: address, end: address + sizeBytes, layout: name?.type };
  }

  /** A block is protected by its pointer, where one expression means that one alone. */
  #protectBlock({ variable, path, expression, type }: BlockName, sizeBytes: number): Pick<Subject, "protect"> {
    if (path === "") return { protect: (id) => this.#symbols.protectCall(variable, id, sizeBytes) };
    const indices = (expression ?? "").split(ANY_INDEX).length - 1;
    if (expression === undefined || type?.kind === "object" || indices > 1) return {};
    const callOf = (id: number) =>
      this.#symbols.protectCall({ ...variable, name: expression, type: pointerTo(type) }, id, sizeBytes);
    if (indices === 0) return { protect: callOf };
    return {
      protect(id) {
        const one = callOf(id);
        if (one.kind === "advice") return one;
        const text = one.text.replace(`(${id},`, `(${id} + i,`);
        return {
          kind: "advice",
          text: `Each block of ${expression} needs a region of its own: in a loop over i, ${text}.`,
        };
      },
    };
  }

  get #blockNames(): ReadonlyMap<number, BlockName> {
    this.#names ??= nameBlocks(
      this.#state.memory,
      new Map(this.#state.blocks.map((block) => [block.address, block])),
      [...this.#roots()],
      this.#symbols,
    );
    return this.#names;
  }

  *#roots(): Iterable<Root> {
    for (const { variable, start } of this.#locals) yield { variable, address: start };
    for (const variable of this.#symbols.globals) yield { variable, address: variable.address };
    for (const [index, bits] of this.#state.globals) {
      const variable = this.#symbols.globalName(index);
      if (variable !== undefined) yield { variable, value: Number(bits & 0xffffffffn) };
    }
    for (const { functionIndex, locals } of this.#state.frames) {
      for (const [index, bits] of locals.entries()) {
        const variable = bits === undefined ? undefined : this.#symbols.localName(functionIndex, index);
        if (variable !== undefined) yield { variable, value: Number((bits ?? 0n) & 0xffffffffn) };
      }
    }
  }

  #blockAt(address: number): HeapBlock | undefined {
    const { blocks } = this.#state;
    let [low, high] = [0, blocks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (blocks[middle].address - this.#headerBytes <= address) low = middle + 1;
      else high = middle;
    }
    const block = blocks[low - 1];
    return block !== undefined && address < block.address + block.sizeBytes ? block : undefined;
  }

  get #headerBytes(): number {
    return this.#symbols.className(0) === undefined ? 0 : OBJECT_HEADER_BYTES;
  }

  #placedIn({ functionIndex, locals }: FrameState): Placed[] {
    return this.#symbols.frameVariables(functionIndex).flatMap((variable) => {
      const base = baseOf(variable, locals, this.#state.globals);
      if (base === undefined) return [];
      const start = base + variable.offset;
      return [{ variable, start, end: start + variable.sizeBytes }];
    });
  }

  #once(key: string, make: () => Subject): Subject {
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#found.set(key, made);
    return made;
  }
}

function baseOf(
  { frameBase: { kind, index } }: FrameVariable,
  locals: readonly (bigint | undefined)[],
  globals: ReadonlyMap<number, bigint>,
): number | undefined {
  const bits = kind === "local" ? locals[index] : globals.get(index);
  return bits === undefined ? undefined : Number(bits & 0xffffffffn);
}

function described({
  name,
  file,
  line,
  scope,
  type,
}: Variable): Pick<Subject, "symbol" | "type" | "function" | "declaredAt"> {
  return {
    symbol: name,
    ...(type === undefined || type.name === "" ? {} : { type: type.name }),
    ...(scope === "" ? {} : { function: scope }),
    ...(line === 0 ? {} : { declaredAt: { file, line } }),
  };
}

/** A vector and what it holds are told apart. */
function pointerTo(target: TypeInfo | undefined): TypeInfo {
  return { kind: "pointer", name: "", sizeBytes: 4, isReference: false, target };
}

function elementsOf({ type }: Variable, path: string | undefined): string {
  return path === "" && type?.kind === "record" ? "[]" : "";
}
