import { type ByteReader, createByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { helperFunctions, type hostFunctions } from "./helpers.ts";
import { hasExtendedConstants } from "./layout.ts";
import {
  ExternalKind,
  type FunctionType,
  type ModuleOutline,
  readConstantExpression,
  SectionId,
  unsupported,
} from "./module-reader.ts";
import { Op } from "./opcodes.ts";
import type { TableLayout } from "./types.ts";
import { WASM_PAGE_BYTES } from "./types.ts";

export interface AssemblyInput {
  readonly module: ModuleOutline;
  readonly layout: TableLayout;
  readonly importModule: string;
  readonly hosts: readonly (typeof hostFunctions)[number][];
  readonly addedTypes: readonly FunctionType[];
  typeIndex(parameters: readonly number[], results: readonly number[]): number;
  newIndex(functionIndex: number): number;
  /** Contents of the code section, with the helpers at its end. */
  readonly code: ByteWriter;
  /** By function in ascending order: offsets of unlikely branches from the body's local declarations. */
  readonly hints: readonly { readonly functionIndex: number; readonly offsets: readonly number[] }[];
  readonly names: ByteWriter;
  readonly addedExports: readonly { readonly name: string; readonly kind: number; readonly index: number }[];
}

export interface Assembly {
  readonly bytes: Uint8Array;
  /** Where the contents of the code section begin. */
  readonly codeStart: number;
}

/** Puts the new module together: the sections of the original with what moved renumbered, and what was added. */
export function assembleModule(input: AssemblyInput): Assembly {
  const { module, layout, newIndex } = input;
  const out = new ByteWriter(module.bytes.length * 2 + WASM_PAGE_BYTES);
  out.copy(module.bytes, 0, 8);
  const section = (id: number, contents: ByteWriter): number => {
    out.u8(id);
    out.u32(contents.length);
    const start = out.length;
    out.append(contents);
    return start;
  };
  const readerOf = (id: number): ByteReader | undefined => {
    const found = module.sections.find((one) => one.id === id);
    return found && createByteReader(module.bytes, found.contents, found.end);
  };
  const copySection = (id: number) => {
    const found = module.sections.find((one) => one.id === id);
    if (found) out.copy(module.bytes, found.start, found.end);
  };

  section(SectionId.type, typeSection(input, readerOf(SectionId.type)));
  section(SectionId.import, importSection(input));
  section(SectionId.function, functionSection(input, readerOf(SectionId.function)));
  copyRenumbered(SectionId.table);
  section(SectionId.memory, memorySection(module, layout));
  copySection(SectionId.tag);
  copyRenumbered(SectionId.global);
  section(SectionId.export, exportSection(input));
  copyElements();
  copySection(SectionId.dataCount);
  if (input.hints.length > 0) section(SectionId.custom, hintSection(input));
  const codeStart = section(SectionId.code, input.code);
  copyData();
  section(SectionId.custom, input.names);
  return { bytes: out.finish(), codeStart };

  /** Tables and globals: entries whose initialisers may name functions. */
  function copyRenumbered(id: typeof SectionId.table | typeof SectionId.global): void {
    const reader = readerOf(id);
    if (!reader) return;
    const w = new ByteWriter(reader.end - reader.position + 16);
    const count = reader.count("entries");
    w.u32(count);
    for (let left = count; left > 0; left--) {
      const start = reader.position;
      if (id === SectionId.global) {
        reader.skip(2);
        w.copy(module.bytes, start, reader.position);
        copyExpression(w, reader, newIndex);
        continue;
      }
      const hasInitialiser = reader.u8() === 0x40;
      if (hasInitialiser) reader.skip(2); // the zero after 0x40 and the element type
      const flags = reader.u8();
      reader.u32();
      if (flags & 1) reader.u32();
      w.copy(module.bytes, start, reader.position);
      if (hasInitialiser) copyExpression(w, reader, newIndex);
    }
    section(id, w);
  }

  /** The eight forms of element segments. */
  function copyElements(): void {
    const reader = readerOf(SectionId.element);
    if (!reader) return;
    const w = new ByteWriter(reader.end - reader.position + 16);
    const count = reader.count("element segments");
    w.u32(count);
    for (let left = count; left > 0; left--) {
      const form = reader.u32();
      w.u32(form);
      if ((form & 1) === 0) {
        if (form & 2) w.u32(reader.u32());
        copyExpression(w, reader, newIndex);
      }
      if (form & 3) w.u8(reader.u8());
      const length = reader.count("elements");
      w.u32(length);
      for (let i = 0; i < length; i++) {
        if (form & 4) copyExpression(w, reader, newIndex);
        else w.u32(newIndex(reader.u32()));
      }
    }
    section(SectionId.element, w);
  }

  function copyData(): void {
    if (layout.guestBase === 0) {
      copySection(SectionId.data);
      return;
    }
    const reader = readerOf(SectionId.data);
    if (!reader) return;
    const w = new ByteWriter(reader.end - reader.position + 64);
    const count = reader.count("data segments");
    w.u32(count);
    for (let left = count; left > 0; left--) {
      const mode = reader.u32();
      w.u32(mode);
      if (mode === 2) w.u32(reader.u32());
      if (mode !== 1) copyShifted(w, reader, layout.guestBase);
      const size = reader.u32();
      w.u32(size);
      reader.skip(size);
      w.copy(module.bytes, reader.position - size, reader.position);
    }
    section(SectionId.data, w);
  }
}

function copyExpression(w: ByteWriter, reader: ByteReader, newIndex: (index: number) => number): void {
  for (const part of readConstantExpression(reader)) {
    if (part.kind === "copy") w.copy(reader.bytes, part.start, part.end);
    else {
      w.u8(Op.refFunc);
      w.u32(newIndex(part.index));
    }
  }
}

/** An address as a constant expression, plus the guest base. */
function copyShifted(w: ByteWriter, reader: ByteReader, guestBase: number): void {
  const start = reader.position;
  const parts = readConstantExpression(reader);
  const [first] = parts;
  if (parts.length === 2 && first.kind === "copy" && first.opcode === Op.i32Const) {
    const address = createByteReader(reader.bytes, first.start + 1, first.end).s32() >>> 0;
    w.u8(Op.i32Const);
    w.s32(Math.min(address + guestBase, 0xffffffff));
    w.u8(Op.end);
    return;
  }
  if (!hasExtendedConstants()) unsupported("a data segment at an imported address (on this engine)", start);
  for (const part of parts)
    if (part.kind === "copy" && part.opcode !== Op.end) w.copy(reader.bytes, part.start, part.end);
  w.u8(Op.i32Const);
  w.s32(guestBase);
  w.u8(Op.i32Add);
  w.u8(Op.end);
}

function typeSection(input: AssemblyInput, reader: ByteReader | undefined): ByteWriter {
  // Asking for them adds those that are missing.
  for (const { parameters, results } of [...input.hosts, ...helperFunctions]) input.typeIndex(parameters, results);
  const w = new ByteWriter();
  w.u32((reader ? reader.u32() : 0) + input.addedTypes.length);
  if (reader) w.copy(reader.bytes, reader.position, reader.end);
  for (const { parameters, results } of input.addedTypes) {
    w.u8(0x60);
    for (const list of [parameters, results]) {
      w.u32(list.length);
      for (const type of list) w.u8(type);
    }
  }
  return w;
}

/** An imported memory is defined inside instead: its size and its contents are the tables' as well. */
function importSection({ module, hosts, importModule, typeIndex }: AssemblyInput): ByteWriter {
  const w = new ByteWriter();
  const kept = module.imports.filter((entry) => entry.kind !== ExternalKind.memory);
  w.u32(kept.length + hosts.length);
  for (const entry of kept) w.copy(module.bytes, entry.start, entry.end);
  for (const { name, parameters, results } of hosts) {
    w.name(importModule);
    w.name(name);
    w.u8(ExternalKind.function);
    w.u32(typeIndex(parameters, results));
  }
  return w;
}

function functionSection({ typeIndex }: AssemblyInput, reader: ByteReader | undefined): ByteWriter {
  const w = new ByteWriter();
  w.u32((reader ? reader.u32() : 0) + helperFunctions.length);
  if (reader) w.copy(reader.bytes, reader.position, reader.end);
  for (const { parameters, results } of helperFunctions) w.u32(typeIndex(parameters, results));
  return w;
}

function memorySection(module: ModuleOutline, layout: TableLayout): ByteWriter {
  const w = new ByteWriter();
  const basePages = layout.guestBase / WASM_PAGE_BYTES;
  const minimum = module.memory?.minimum ?? 0;
  const maximum = module.memory ? Math.min(module.memory.maximum ?? layout.maxMemoryPages, layout.maxMemoryPages) : 0;
  const second = layout.placement === "second-memory";
  w.u32(second ? 2 : 1);
  w.u8(1);
  w.u32(minimum + basePages);
  w.u32(maximum + basePages);
  if (second) {
    const pages = layout.tableBytes / WASM_PAGE_BYTES;
    w.u8(1);
    w.u32(pages);
    w.u32(pages);
  }
  return w;
}

function exportSection({ module, newIndex, addedExports }: AssemblyInput): ByteWriter {
  const w = new ByteWriter();
  const all = [
    ...module.exports.map(({ name, kind, index }) => ({
      name,
      kind,
      index: kind === ExternalKind.function ? newIndex(index) : index,
    })),
    ...addedExports,
  ];
  w.u32(all.length);
  for (const { name, kind, index } of all) {
    w.name(name);
    w.u8(kind);
    w.u32(index);
  }
  return w;
}

/** Source: WebAssembly branch hinting proposal; the value 0 means unlikely. */
function hintSection({ hints }: AssemblyInput): ByteWriter {
  const w = new ByteWriter(4096);
  w.name("metadata.code.branch_hint");
  w.u32(hints.length);
  for (const { functionIndex, offsets } of hints) {
    w.u32(functionIndex);
    w.u32(offsets.length);
    for (const offset of offsets) {
      w.u32(offset);
      w.u8(1);
      w.u8(0);
    }
  }
  return w;
}
