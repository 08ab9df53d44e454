import { readFunctions } from "../lines/functions.ts";
import { readNames } from "../lines/name-section.ts";
import { readSections } from "../lines/sections.ts";
import type { Program } from "../program.ts";
import { type DeclaredSymbols, declaredSymbols } from "./declared-symbols.ts";
import { type DwarfSymbols, dwarfSymbols } from "./dwarf-symbols.ts";
import { memberPath } from "./member-path.ts";
import { protectCall } from "./protect-call.ts";
import type { FrameVariable, GlobalVariable, LocalVariable, SymbolTable, WasmGlobalVariable } from "./symbols.ts";

/**
 * The variables and types of a program: of C and C++ from its DWARF, of AssemblyScript from the names in the module and
 * what its compiler told. Never fails: what is missing or malformed is not in the table.
 */
export function loadSymbols(program: Program): SymbolTable {
  const language = program.language === "assemblyscript" ? "assemblyscript" : "c";
  const found = read(program);
  const frames = groupBy(found.frames, ({ functionIndex }) => functionIndex);
  const locals = groupBy(found.locals, ({ functionIndex, localIndex }) => `${functionIndex} ${localIndex}`);
  const wasmGlobals = groupBy(found.wasmGlobals, ({ globalIndex }) => globalIndex);
  const { globals, classes } = found;
  return {
    globals,
    globalAt: (address) => globalAt(globals, address),
    frameVariables: (functionIndex) => frames.get(functionIndex) ?? [],
    localName: (functionIndex, localIndex) => locals.get(`${functionIndex} ${localIndex}`)?.[0],
    globalName: (globalIndex) => wasmGlobals.get(globalIndex)?.[0],
    className: (classId) => classes.get(classId)?.name,
    classType: (classId) => classes.get(classId),
    member: memberPath,
    protectCall: (variable, id, pointedBytes) => protectCall(language, variable, id, pointedBytes),
  };
}

interface Found {
  readonly globals: readonly GlobalVariable[];
  readonly frames: readonly FrameVariable[];
  /** Of those in one place, the first has it: what debug information tells comes before what names tell. */
  readonly locals: readonly LocalVariable[];
  readonly wasmGlobals: readonly WasmGlobalVariable[];
  readonly classes: DeclaredSymbols["classes"];
}

function read(program: Program): Found {
  const { wasm, declarations, showFile = (file: string) => file } = program;
  let dwarf: DwarfSymbols = { globals: [], frames: [], locals: [], wasmGlobals: [] };
  let declared: DeclaredSymbols = { locals: [], wasmGlobals: [], classes: new Map() };
  try {
    const sections = readSections(wasm);
    const functions = readFunctions(wasm);
    const ranges = new Map(functions.map(({ index, start, end }) => [index, { start, end }]));
    declared = declaredSymbols(readNames(wasm, sections), declarations, ranges, showFile);
    dwarf = dwarfSymbols(wasm, sections, functions, showFile);
  } catch {
    // Malformed sections can also exhaust the stack or the memory; the program runs without these names as well.
  }
  return {
    globals: dwarf.globals,
    frames: dwarf.frames,
    locals: [...dwarf.locals, ...declared.locals],
    wasmGlobals: [...dwarf.wasmGlobals, ...declared.wasmGlobals],
    classes: declared.classes,
  };
}

function groupBy<Key, Value>(values: readonly Value[], keyOf: (value: Value) => Key): ReadonlyMap<Key, Value[]> {
  const groups = new Map<Key, Value[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group) group.push(value);
    else groups.set(keyOf(value), [value]);
  }
  return groups;
}

/** @param globals in ascending order of their addresses */
function globalAt(
  globals: readonly GlobalVariable[],
  address: number,
): { variable: GlobalVariable; offset: number } | undefined {
  let low = 0;
  let high = globals.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (globals[middle].address <= address) low = middle + 1;
    else high = middle;
  }
  const variable = globals[low - 1];
  const offset = variable && address - variable.address;
  return variable && offset < variable.sizeBytes ? { variable, offset } : undefined;
}
