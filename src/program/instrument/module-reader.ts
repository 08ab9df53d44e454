import { BadInputError } from "../program.ts";
import { type ByteReader, createByteReader } from "./byte-reader.ts";
import { ValueType } from "./opcodes.ts";

export const SectionId = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

export const ExternalKind = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

export interface Section {
  readonly id: number;
  /** Offset of the section's id; its contents are [contents, end). */
  readonly start: number;
  readonly contents: number;
  readonly end: number;
}

export interface FunctionType {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
}

export interface MemoryLimits {
  /** In 64 KiB pages. */
  readonly minimum: number;
  readonly maximum: number | undefined;
}

export interface ImportEntry {
  readonly module: string;
  readonly name: string;
  readonly kind: number;
  /** Bytes of the whole entry in the file. */
  readonly start: number;
  readonly end: number;
}

export interface ExportEntry {
  readonly name: string;
  readonly kind: number;
  readonly index: number;
}

export interface GlobalEntry {
  readonly valueType: number;
  readonly mutable: boolean;
  readonly imported: boolean;
}

/** What a module declares, everything but the contents of its code, element, data and name sections. */
export interface ModuleOutline {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  readonly types: readonly FunctionType[];
  readonly imports: readonly ImportEntry[];
  readonly importedFunctionCount: number;
  /** Type index of each function, imports first. */
  readonly functionTypes: readonly number[];
  readonly globals: readonly GlobalEntry[];
  readonly memory: MemoryLimits | undefined;
  readonly memoryImport: ImportEntry | undefined;
  readonly exports: readonly ExportEntry[];
  readonly startFunction: number | undefined;
  /** Byte length of each data segment. */
  readonly dataSegmentBytes: readonly number[];
}

/** The one sentence for a feature that is not supported. */
export function unsupported(feature: string, offset: number): never {
  throw new BadInputError(`WebAssembly module uses ${feature} at byte ${offset}, which is not supported here`);
}

export function readModule(bytes: Uint8Array): ModuleOutline {
  const sections = readSections(bytes);
  const sectionReader = (id: number): ByteReader | undefined => {
    const section = sections.find((one) => one.id === id);
    return section && createByteReader(bytes, section.contents, section.end);
  };
  const types = readTypes(sectionReader(SectionId.type));
  const globals: GlobalEntry[] = [];
  const functionTypes: number[] = [];
  const memories: MemoryLimits[] = [];
  const typeIndex = (reader: ByteReader): number => {
    const offset = reader.position;
    const index = reader.u32();
    if (index >= types.length) reader.fail(`there is no type ${index}`, offset);
    return index;
  };

  const imports: ImportEntry[] = [];
  let memoryImport: ImportEntry | undefined;
  const importReader = sectionReader(SectionId.import);
  if (importReader) {
    for (let left = importReader.count("imports"); left > 0; left--) {
      const start = importReader.position;
      const module = importReader.name();
      const name = importReader.name();
      const kind = importReader.u8();
      if (kind === ExternalKind.function) functionTypes.push(typeIndex(importReader));
      else if (kind === ExternalKind.table) readTableType(importReader);
      else if (kind === ExternalKind.memory) memories.push(readMemoryLimits(importReader));
      else if (kind === ExternalKind.global) globals.push({ ...readGlobalType(importReader), imported: true });
      else if (kind === ExternalKind.tag) {
        importReader.u8();
        typeIndex(importReader);
      } else importReader.fail(`unknown kind of import ${kind}`);
      const entry = { module, name, kind, start, end: importReader.position };
      imports.push(entry);
      if (kind === ExternalKind.memory) memoryImport = entry;
      if (memories.length > 1) unsupported("more than one memory", start);
    }
  }
  const importedFunctionCount = functionTypes.length;

  const functionReader = sectionReader(SectionId.function);
  if (functionReader)
    for (let left = functionReader.count("functions"); left > 0; left--) functionTypes.push(typeIndex(functionReader));

  const memoryReader = sectionReader(SectionId.memory);
  if (memoryReader) {
    for (let left = memoryReader.count("memories"); left > 0; left--) {
      if (memories.length > 0) unsupported("more than one memory", memoryReader.position);
      memories.push(readMemoryLimits(memoryReader));
    }
  }

  const globalReader = sectionReader(SectionId.global);
  if (globalReader) {
    for (let left = globalReader.count("globals"); left > 0; left--) {
      globals.push({ ...readGlobalType(globalReader), imported: false });
      skipConstantExpression(globalReader);
    }
  }

  const exports: ExportEntry[] = [];
  const exportReader = sectionReader(SectionId.export);
  if (exportReader)
    for (let left = exportReader.count("exports"); left > 0; left--)
      exports.push({ name: exportReader.name(), kind: exportReader.u8(), index: exportReader.u32() });

  return {
    bytes,
    sections,
    types,
    imports,
    importedFunctionCount,
    functionTypes,
    globals,
    memory: memories[0],
    memoryImport,
    exports,
    startFunction: sectionReader(SectionId.start)?.u32(),
    dataSegmentBytes: readDataSegmentSizes(sectionReader(SectionId.data)),
  };
}

function readSections(bytes: Uint8Array): Section[] {
  const reader = createByteReader(bytes, 0, bytes.length);
  const magic = [0x00, 0x61, 0x73, 0x6d];
  if (bytes.length < 8 || magic.some((byte, i) => bytes[i] !== byte))
    throw new BadInputError("not a WebAssembly module: the file does not begin with \\0asm");
  if (bytes[4] !== 1 || bytes[5] !== 0 || bytes[6] !== 0 || bytes[7] !== 0)
    throw new BadInputError(
      "WebAssembly at byte 4 is not a core module of version 1 (components must be taken apart into core modules first)",
    );
  reader.position = 8;
  const sections: Section[] = [];
  while (reader.position < bytes.length) {
    const start = reader.position;
    const id = reader.u8();
    const size = reader.u32();
    const contents = reader.position;
    if (size > bytes.length - contents) reader.fail(`section ${id} is longer than what is left of the file`, start);
    if (id > SectionId.tag) reader.fail(`unknown section ${id}`, start);
    if (id !== SectionId.custom && sections.some((one) => one.id === id)) reader.fail(`second section ${id}`, start);
    reader.position = contents + size;
    sections.push({ id, start, contents, end: contents + size });
  }
  return sections;
}

function readTypes(reader: ByteReader | undefined): FunctionType[] {
  const types: FunctionType[] = [];
  if (!reader) return types;
  for (let left = reader.count("types"); left > 0; left--) {
    const offset = reader.position;
    const form = reader.u8();
    if (form !== 0x60) {
      if (form === 0x5e || form === 0x5f || form === 0x4e || form === 0x4f || form === 0x50)
        unsupported("garbage-collected types (GC)", offset);
      reader.fail(`unknown form of type 0x${form.toString(16)}`, offset);
    }
    types.push({ parameters: readValueTypes(reader), results: readValueTypes(reader) });
  }
  return types;
}

function readValueTypes(reader: ByteReader): number[] {
  const list: number[] = [];
  for (let left = reader.count("value types"); left > 0; left--) list.push(readValueType(reader));
  return list;
}

export function readValueType(reader: ByteReader): number {
  const offset = reader.position;
  const type = reader.u8();
  if (type >= ValueType.v128 && type <= ValueType.i32) return type;
  if (type === ValueType.funcref || type === ValueType.externref) return type;
  if (type === 0x69) return type; // exnref
  if (type === 0x63 || type === 0x64) unsupported("typed function references", offset);
  if (type >= 0x6a && type <= 0x74) unsupported("garbage-collected types (GC)", offset);
  return reader.fail(`unknown value type 0x${type.toString(16)}`, offset);
}

function readTableType(reader: ByteReader): void {
  readValueType(reader);
  const flags = reader.u8();
  if (flags & 4) unsupported("64-bit tables (memory64)", reader.position - 1);
  reader.u32();
  if (flags & 1) reader.u32();
}

function readMemoryLimits(reader: ByteReader): MemoryLimits {
  const offset = reader.position;
  const flags = reader.u8();
  if (flags & 4) unsupported("64-bit memory (memory64)", offset);
  if (flags & 2) unsupported("shared memory (threads)", offset);
  if (flags & 8) unsupported("custom page sizes", offset);
  const minimum = reader.u32();
  return { minimum, maximum: flags & 1 ? reader.u32() : undefined };
}

function readGlobalType(reader: ByteReader): { valueType: number; mutable: boolean } {
  const valueType = readValueType(reader);
  const offset = reader.position;
  const flag = reader.u8();
  if (flag & 2) unsupported("shared globals (threads)", offset);
  return { valueType, mutable: flag === 1 };
}

function readDataSegmentSizes(reader: ByteReader | undefined): number[] {
  const sizes: number[] = [];
  if (!reader) return sizes;
  for (let left = reader.count("data segments"); left > 0; left--) {
    const offset = reader.position;
    const mode = reader.u32();
    if (mode > 2) reader.fail(`unknown mode of a data segment ${mode}`, offset);
    if (mode === 2 && reader.u32() !== 0) unsupported("more than one memory", offset);
    if (mode !== 1) skipConstantExpression(reader);
    const size = reader.u32();
    reader.skip(size);
    sizes.push(size);
  }
  return sizes;
}

/** One instruction of a constant expression: copied as it is, or with an index to renumber. */
export type ConstantPart =
  | { readonly kind: "copy"; readonly opcode: number; readonly start: number; readonly end: number }
  | { readonly kind: "function"; readonly index: number };

/** Reads a constant expression with its `end`. */
export function readConstantExpression(reader: ByteReader): ConstantPart[] {
  const parts: ConstantPart[] = [];
  for (;;) {
    const start = reader.position;
    const op = reader.u8();
    if (op === 0xd2) {
      parts.push({ kind: "function", index: reader.u32() });
      continue;
    }
    if (op === 0x41) reader.skipSigned(32);
    else if (op === 0x42) reader.skipSigned(64);
    else if (op === 0x43) reader.skip(4);
    else if (op === 0x44) reader.skip(8);
    else if (op === 0x23) reader.u32();
    else if (op === 0xd0) reader.s33();
    else if (op === 0xfd) {
      if (reader.u32() !== 12) reader.fail("not a constant instruction", start);
      reader.skip(16);
    } else if (op === 0xfb) unsupported("garbage-collected types (GC)", start);
    else if (op !== 0x0b && op !== 0x6a && op !== 0x6b && op !== 0x6c && op !== 0x7c && op !== 0x7d && op !== 0x7e)
      reader.fail(`0x${op.toString(16)} is not a constant instruction`, start);
    parts.push({ kind: "copy", opcode: op, start, end: reader.position });
    if (op === 0x0b) return parts;
  }
}

export function skipConstantExpression(reader: ByteReader): void {
  readConstantExpression(reader);
}
