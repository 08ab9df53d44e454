import { debugSections } from "../lines/dwarf.ts";
import { type FunctionRange, functionAt } from "../lines/functions.ts";
import { CODE_SECTION, type Section } from "../lines/sections.ts";
import { rangesOf } from "./address-ranges.ts";
import { Attribute, Tag } from "./dwarf-constants.ts";
import {
  chainOf,
  type Entries,
  type Entry,
  expressionOf,
  placeOf,
  readEntries,
  textOf,
  tolerantly,
} from "./dwarf-entries.ts";
import { qualifiedName } from "./dwarf-names.ts";
import { type DwarfTypes, dwarfTypes } from "./dwarf-types.ts";
import { evaluate, type Location, locationsOf, type PlacedLocation } from "./locations.ts";
import type {
  FrameVariable,
  GlobalVariable,
  LocalVariable,
  OffsetRange,
  Variable,
  WasmGlobalVariable,
} from "./symbols.ts";
import type { TypeInfo } from "./type-info.ts";

/** What a module's DWARF tells of variables. */
export interface DwarfSymbols {
  readonly globals: readonly GlobalVariable[];
  readonly frames: readonly FrameVariable[];
  readonly locals: readonly LocalVariable[];
  readonly wasmGlobals: readonly WasmGlobalVariable[];
}

/** A function or inlined function around an entry, while the tree is walked. */
interface Scope {
  readonly name: string;
  /** Undefined outside of functions that the module has. */
  readonly inside: { readonly body: FunctionRange; readonly frameBase: Location | undefined } | undefined;
  /** In the module's file. */
  readonly ranges: readonly OffsetRange[];
}

const OUTSIDE: Scope = { name: "", inside: undefined, ranges: [] };
/** What linkers put in place of an address that they dropped is this or above. */
const TOMBSTONES_FROM = 0xfffffff0;

/**
 * Variables and parameters of C and C++ as DWARF 2 to 5 describes them. Malformed parts are left out.
 * @param show the name under which a file of the debug information goes
 */
export function dwarfSymbols(
  module: Uint8Array,
  sections: readonly Section[],
  functions: readonly FunctionRange[],
  show: (file: string) => string,
): DwarfSymbols {
  const entries = readEntries(debugSections(module, sections));
  const collector = new Collector(entries, sections.find(({ id }) => id === CODE_SECTION)?.start ?? 0, functions, show);
  for (const unit of entries.units) tolerantly(() => collector.walk(unit.root));
  return {
    globals: ascending(collector.globals),
    frames: collector.frames,
    locals: collector.locals,
    wasmGlobals: collector.wasmGlobals,
  };
}

/** In the order of addresses, each once: variables of headers come with every source that includes them. */
function ascending(globals: readonly GlobalVariable[]): readonly GlobalVariable[] {
  const names = new Set<string>();
  let at = -1;
  return [...globals]
    .sort((a, b) => a.address - b.address)
    .filter(({ address, name, scope }) => {
      if (address !== at) names.clear();
      at = address;
      const key = `${scope} ${name}`;
      const isNew = !names.has(key);
      names.add(key);
      return isNew;
    });
}

class Collector {
  readonly globals: GlobalVariable[] = [];
  readonly frames: FrameVariable[] = [];
  readonly locals: LocalVariable[] = [];
  readonly wasmGlobals: WasmGlobalVariable[] = [];
  readonly #entries: Entries;
  readonly #types: DwarfTypes;
  readonly #codeStart: number;
  readonly #functions: readonly FunctionRange[];
  readonly #show: (file: string) => string;

  constructor(
    entries: Entries,
    codeStart: number,
    functions: readonly FunctionRange[],
    show: (file: string) => string,
  ) {
    this.#entries = entries;
    this.#types = dwarfTypes(entries);
    this.#codeStart = codeStart;
    this.#functions = functions;
    this.#show = show;
  }

  /** Goes through an entry and all below it, without recursion: malformed trees may be of any depth. */
  walk(root: Entry): void {
    const left: { entry: Entry; scope: Scope }[] = [{ entry: root, scope: OUTSIDE }];
    for (let next = left.pop(); next; next = left.pop()) {
      const { entry, scope } = next;
      let inner = scope;
      tolerantly(() => {
        if (entry.tag === Tag.variable || entry.tag === Tag.formalParameter) this.#variable(entry, scope);
        else inner = this.#scopeOf(entry, scope);
      });
      for (let i = entry.children.length - 1; i >= 0; i--) left.push({ entry: entry.children[i], scope: inner });
    }
  }

  #scopeOf(entry: Entry, around: Scope): Scope {
    switch (entry.tag) {
      case Tag.subprogram: {
        const ranges = this.#fileRanges(entry);
        const body = ranges[0] && functionAt(this.#functions, ranges[0].start);
        const base = expressionOf(entry, Attribute.frameBase);
        return {
          name: qualifiedName(this.#entries, entry),
          inside: body && { body, frameBase: base && evaluate(base, entry.unit) },
          ranges,
        };
      }
      case Tag.inlinedSubroutine:
        return { ...around, name: qualifiedName(this.#entries, entry), ranges: this.#fileRanges(entry) };
      case Tag.lexicalBlock: {
        const ranges = this.#fileRanges(entry);
        return ranges.length === 0 ? around : { ...around, ranges };
      }
      default:
        return around;
    }
  }

  #fileRanges(entry: Entry): readonly OffsetRange[] {
    return rangesOf(entry).map(({ start, end }) => ({ start: this.#codeStart + start, end: this.#codeStart + end }));
  }

  #variable(entry: Entry, scope: Scope): void {
    const chain = chainOf(this.#entries, entry);
    const holder = chain.find((one) => one.attributes.has(Attribute.type));
    const type = holder && this.#types.typeOf(holder);
    const isLocal = scope.name !== "";
    const name = isLocal
      ? (chain.map((one) => textOf(one, Attribute.name)).find((text) => text !== undefined) ?? "")
      : qualifiedName(this.#entries, entry);
    if (name === "" || name.endsWith("_vtable$")) return; // a string literal, or a table of functions
    const { file, line } = placeOf(chain);
    const variable: Variable = {
      name,
      file: file === "" ? "" : this.#show(file),
      line,
      sizeBytes: type?.sizeBytes ?? 0,
      type,
      scope: scope.name,
    };
    const isExternal = chain.some((one) => one.attributes.has(Attribute.external)) && !isLocal;
    for (const placed of locationsOf(entry)) this.#place(variable, placed, scope, isExternal, entry);
  }

  #place(variable: Variable, placed: PlacedLocation, scope: Scope, isExternal: boolean, entry: Entry): void {
    const { location, range } = placed;
    if (location.kind === "address") {
      const { address } = location;
      if (address === 0 || address >= TOMBSTONES_FROM) return;
      this.globals.push({ ...variable, address, isExternal });
      return;
    }
    if (!scope.inside) return;
    const { body, frameBase } = scope.inside;
    const start = this.#codeStart;
    const ranges = range ? [{ start: start + range.start, end: start + range.end }] : scope.ranges;
    const isParameter = entry.tag === Tag.formalParameter;
    const common = { ...variable, functionIndex: body.index };
    if (location.kind === "frame") {
      if (frameBase?.kind !== "local" && frameBase?.kind !== "global") return;
      const { kind, index } = frameBase;
      this.frames.push({
        ...common,
        frameBase: { kind, index },
        offset: frameBase.offset + location.offset,
        isParameter,
        ranges,
      });
      return;
    }
    const { kind, index, offset } = location;
    // No local can hold an array or a record: what it holds then is the address of one, as compilers pass them by value
    // and keep arrays whose length the program computes.
    if (!location.isValue && (offset !== 0 || isAggregate(variable.type))) {
      this.frames.push({ ...common, frameBase: { kind, index }, offset, isParameter, ranges });
    } else if (kind === "local") {
      this.locals.push({ ...common, localIndex: index, ranges });
    } else {
      this.wasmGlobals.push({ ...variable, globalIndex: index });
    }
  }
}

function isAggregate(type: TypeInfo | undefined): boolean {
  return type?.kind === "array" || type?.kind === "record";
}
