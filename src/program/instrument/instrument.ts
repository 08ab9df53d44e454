import { BadInputError } from "../program.ts";
import { allocatorNamed } from "./allocators.ts";
import { assembleModule } from "./assemble.ts";
import { createByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { CodeWriter } from "./code-writer.ts";
import { createDecodedBody, decodeBody } from "./decode.ts";
import { emitFunction } from "./emit-function.ts";
import { type HelperFunction, type HostFunction, helperFunctions, hostFunctionsOf, writeHelper } from "./helpers.ts";
import { FRAME_BYTES, hasMultiMemory, layOutTables, MAX_MEMORY_PAGES } from "./layout.ts";
import { ExternalKind, type FunctionType, type ModuleOutline, readModule, SectionId } from "./module-reader.ts";
import { displayName, readFunctionNames, writeNameSection } from "./names.ts";
import { createOffsetMap } from "./offset-map.ts";
import { defaultWeight, ValueType } from "./opcodes.ts";
import { CallGraph } from "./reach.ts";
import type { RewriteContext } from "./rewrite-context.ts";
import type {
  CountedBlock,
  FunctionInfo,
  GlobalType,
  InstructionWeight,
  InstructionWeights,
  InstrumentedModule,
  InstrumentOptions,
  MutableGlobal,
  StoreGroup,
  StoreSite,
} from "./types.ts";

const IMPORT_MODULE = "checkpoint-lens";

/**
 * Adds page checks, virtual cycles and recording to a module.
 * @throws BadInputError if the module is malformed or uses a feature that is not supported; it names the byte offset
 */
export function instrument(wasm: Uint8Array, options: InstrumentOptions): InstrumentedModule {
  const { mode, maxMemoryPages } = options;
  if (!Number.isInteger(maxMemoryPages) || maxMemoryPages < 1 || maxMemoryPages > MAX_MEMORY_PAGES)
    throw new BadInputError(`the memory limit is ${maxMemoryPages} pages of 64 KiB, not 1 to ${MAX_MEMORY_PAGES}`);
  const module = readModule(wasm);
  const bodies = functionBodies(module);
  const weight = options.weight ?? defaultWeight;
  requireValid(module, bodies, weight);
  const minimum = module.memory?.minimum ?? 0;
  if (minimum > maxMemoryPages)
    throw new BadInputError(
      `the program needs ${minimum} pages of memory (64 KiB each) at its start, more than the limit of ${maxMemoryPages}`,
    );

  const placement = options.placement ?? (hasMultiMemory() ? "second-memory" : "same-memory");
  const codeBytes = bodies.reduce((sum, { start, end }) => sum + end - start, 0);
  const mostBlocks = (codeBytes >> 1) + 1; // no counted run is shorter than two bytes
  const talliesStores = mode === "record" && options.coalesce === false;
  const layout = layOutTables(mode, placement, maxMemoryPages, mostBlocks, module.globals.length, talliesStores);

  const hosts = hostFunctionsOf(mode);
  const importedCount = module.importedFunctionCount;
  const newIndex = (index: number) => (index >= importedCount ? index + hosts.length : index);
  const firstHelper = newIndex(module.functionTypes.length);
  const host = (name: HostFunction) => importedCount + hosts.findIndex((one) => one.name === name);
  const addedTypes: FunctionType[] = [];
  const typeIndex = (parameters: readonly number[], results: readonly number[]): number => {
    const same = (x: readonly number[], y: readonly number[]) => x.length === y.length && x.every((t, i) => t === y[i]);
    const matches = (one: FunctionType) => same(one.parameters, parameters) && same(one.results, results);
    const known = module.types.findIndex(matches);
    if (known >= 0) return known;
    const added = addedTypes.findIndex(matches);
    return module.types.length + (added >= 0 ? added : addedTypes.push({ parameters, results }) - 1);
  };

  const names = readFunctionNames(module);
  const offsets = createOffsetMap();
  const sites: StoreSite[] = [];
  const groups = new Map<number, StoreGroup>();
  const blocks: CountedBlock[] = [];
  const context: RewriteContext = {
    module,
    mode,
    layout,
    countedBlocks: options.countedBlocks ?? "stores",
    coalesce: options.coalesce ?? true,
    watchVariables: mode === "watch" && options.watchVariables === true,
    reaching: mode === "watch" ? reachingFunctions(module, bodies, weight) : new Set(),
    allocators: mode === "watch" ? allocatingFunctions(module, names) : new Set(),
    frameRoom: FRAME_BYTES,
    sites,
    groups,
    blocks,
    offsets,
    newIndex,
    host,
    helper: (name: HelperFunction) => firstHelper + helperFunctions.findIndex((one) => one.name === name),
    typeIndex,
  };

  const code = new ByteWriter(wasm.length * 2 + 4096);
  code.u32(bodies.length + helperFunctions.length);
  const hints: { functionIndex: number; offsets: number[] }[] = [];
  const weights = createWeightList();
  const frameLocals = new Map<number, readonly GlobalType[]>();
  const decoded = createDecodedBody();
  const writer = new CodeWriter(layout, 65536);
  for (const [i, { start, end }] of bodies.entries()) {
    const functionIndex = importedCount + i;
    decodeBody(decoded, module, functionIndex, start, end, weight);
    for (let k = 0; k < decoded.count; k++) weights.add(decoded.position[k], weight(decoded.opcode[k]));
    writer.clear();
    const mark = offsets.mark();
    const body = emitFunction(context, decoded, functionIndex, writer);
    code.u32(body.locals.length + body.code.length);
    code.append(body.locals);
    if (body.frameLocals !== undefined) frameLocals.set(functionIndex, body.frameLocals.map(globalType));
    offsets.shift(mark, code.length);
    code.append(body.code);
    if (options.branchHints !== false && writer.unlikely.length > 0)
      hints.push({
        functionIndex: newIndex(functionIndex),
        offsets: writer.unlikely.map((at) => at + body.locals.length),
      });
  }
  offsets.none(code.length);
  for (const { name } of helperFunctions) {
    const helper = writeHelper(name, context);
    code.u32(helper.length);
    code.append(helper);
  }

  const newNames = new Map([...names].map(([index, name]) => [newIndex(index), name]));
  for (const { name } of hosts) newNames.set(host(name), `${IMPORT_MODULE}.${name}`);
  for (const { name } of helperFunctions) newNames.set(context.helper(name), `${IMPORT_MODULE}.${name}`);

  const exports = createExports(module, newIndex);
  const { bytes, codeStart } = assembleModule({
    module,
    layout,
    importModule: IMPORT_MODULE,
    hosts,
    addedTypes,
    typeIndex,
    newIndex,
    code,
    hints,
    names: writeNameSection(newNames),
    addedExports: exports.list(placement === "second-memory"),
  });
  return {
    mode,
    trapsEachStore: mode === "exact" || options.coalesce === false,
    bytes,
    layout,
    sites,
    groups,
    blocks,
    weights: weights.finish(),
    frameLocals,
    functions: describeFunctions(module, names, bodies),
    memoryExportName: exports.memory,
    tableExportName: placement === "second-memory" ? exports.tables : exports.memory,
    mutableGlobals: exports.globals,
    startExportName: module.startFunction === undefined ? undefined : exports.start,
    importModule: IMPORT_MODULE,
    importedMemory: module.memoryImport && { module: module.memoryImport.module, name: module.memoryImport.name },
    originalOffset: offsets.build(codeStart),
  };
}

interface BodyRange {
  /** Byte range of a function body in the file. */
  readonly start: number;
  readonly end: number;
}

function reachingFunctions(
  module: ModuleOutline,
  bodies: readonly BodyRange[],
  weight: InstructionWeight,
): ReadonlySet<number> {
  const graph = new CallGraph(module);
  const decoded = createDecodedBody();
  for (const [i, { start, end }] of bodies.entries()) {
    const functionIndex = module.importedFunctionCount + i;
    decodeBody(decoded, module, functionIndex, start, end, weight);
    graph.add(functionIndex, decoded);
  }
  return graph.reaching();
}

/** Those whose names and types are an allocator's. */
function allocatingFunctions(module: ModuleOutline, names: ReadonlyMap<number, string>): ReadonlySet<number> {
  const found = [...names].filter(([index, name]) => {
    const type = module.types[module.functionTypes[index]];
    if (type === undefined || allocatorNamed(name) === undefined) return false;
    const { parameters, results } = type;
    return (
      parameters.length <= 3 && results.length <= 1 && [...parameters, ...results].every((one) => one === ValueType.i32)
    );
  });
  return new Set(found.map(([index]) => index));
}

function functionBodies(module: ModuleOutline): BodyRange[] {
  const section = module.sections.find((one) => one.id === SectionId.code);
  const defined = module.functionTypes.length - module.importedFunctionCount;
  const bodies: BodyRange[] = [];
  if (section) {
    const reader = createByteReader(module.bytes, section.contents, section.end);
    for (let left = reader.count("function bodies"); left > 0; left--) {
      const body = reader.part(reader.u32(), "a function body");
      bodies.push({ start: body.position, end: body.end });
    }
  }
  if (bodies.length !== defined)
    throw new BadInputError(
      `malformed WebAssembly at byte ${section?.contents ?? module.bytes.length}: ${defined} functions declared, ${bodies.length} bodies`,
    );
  return bodies;
}

/** The engine judges the module; where it refuses one for a feature that we know by name, we name it. */
function requireValid(module: ModuleOutline, bodies: readonly BodyRange[], weight: InstructionWeight): void {
  if (WebAssembly.validate(module.bytes)) return;
  const decoded = createDecodedBody();
  for (const [i, { start, end }] of bodies.entries())
    decodeBody(decoded, module, module.importedFunctionCount + i, start, end, weight);
  let reason = "the engine refuses it";
  try {
    new WebAssembly.Module(module.bytes);
  } catch (error) {
    if (error instanceof Error)
      reason = error.message.replace(/^WebAssembly\.Module\(\): /, "").replace("@+", "at byte ");
  }
  throw new BadInputError(`not a valid WebAssembly module: ${reason}`);
}

function createWeightList(): { add(offset: number, cycles: number): void; finish(): InstructionWeights } {
  let offsets = new Uint32Array(4096);
  let cycles = new Uint16Array(4096);
  let count = 0;
  return {
    add(offset, weight) {
      if (weight === 0) return;
      if (!Number.isInteger(weight) || weight < 0 || weight > 0xffff)
        throw new RangeError(`weight ${weight} of the instruction at byte ${offset} is not an integer from 0 to 65535`);
      if (count === offsets.length) {
        const [oldOffsets, oldCycles] = [offsets, cycles];
        offsets = new Uint32Array(count * 2);
        offsets.set(oldOffsets);
        cycles = new Uint16Array(count * 2);
        cycles.set(oldCycles);
      }
      offsets[count] = offset;
      cycles[count++] = weight;
    },
    finish: () => ({ offsets: offsets.slice(0, count), cycles: cycles.slice(0, count) }),
  };
}

/** The exports that are added, under names that the program does not use. */
function createExports(module: ModuleOutline, newIndex: (index: number) => number) {
  const taken = new Set(module.exports.map(({ name }) => name));
  const fresh = (name: string): string => (taken.has(name) ? fresh(`${name}'`) : name);
  const globals: MutableGlobal[] = [];
  for (const [index, { valueType, mutable }] of module.globals.entries())
    if (mutable) globals.push({ index, exportName: fresh(`lens:global:${index}`), type: globalType(valueType) });
  const memory = fresh("lens:memory");
  const tables = fresh("lens:tables");
  const start = fresh("lens:start");
  return {
    globals,
    memory,
    tables,
    start,
    list(secondMemory: boolean) {
      const list = [{ name: memory, kind: ExternalKind.memory as number, index: 0 }];
      if (secondMemory) list.push({ name: tables, kind: ExternalKind.memory, index: 1 });
      if (module.startFunction !== undefined)
        list.push({ name: start, kind: ExternalKind.function, index: newIndex(module.startFunction) });
      for (const { exportName, index } of globals) list.push({ name: exportName, kind: ExternalKind.global, index });
      return list;
    },
  };
}

function globalType(valueType: number): GlobalType {
  switch (valueType) {
    case ValueType.i32:
      return "i32";
    case ValueType.i64:
      return "i64";
    case ValueType.f32:
      return "f32";
    case ValueType.f64:
      return "f64";
    case ValueType.v128:
      return "v128";
    default:
      return "reference";
  }
}

function describeFunctions(
  module: ModuleOutline,
  names: ReadonlyMap<number, string>,
  bodies: readonly BodyRange[],
): FunctionInfo[] {
  return module.functionTypes.map((_, index) => {
    const body = bodies[index - module.importedFunctionCount];
    return {
      index,
      name: displayName(module, names, index),
      imported: body === undefined,
      offset: body?.start ?? 0,
      endOffset: body?.end ?? 0,
    };
  });
}
