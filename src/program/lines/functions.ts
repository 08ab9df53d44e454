import { ByteReader } from "./byte-reader.ts";
import { readNames } from "./name-section.ts";
import { CODE_SECTION, IMPORT_SECTION, readSections, type Section } from "./sections.ts";

/** A function that the module defines, and where its code is. */
export interface FunctionRange {
  /** In the function index space, in which imported functions come first. */
  readonly index: number;
  /** As the name section has it (C: as written; C++: as the linker wrote it); undefined without one. */
  readonly name: string | undefined;
  /** Offset in the file of the first byte of its body: the declarations of its locals. */
  readonly start: number;
  /** Offset in the file of the byte after its last. */
  readonly end: number;
}

/** The functions that the module defines, in the order of their code. */
export function readFunctions(module: Uint8Array): readonly FunctionRange[] {
  const sections = readSections(module);
  const code = sections.find((section) => section.id === CODE_SECTION);
  if (!code) return [];
  const names = readNames(module, sections).functions;
  const first = countImportedFunctions(module, sections);
  const reader = new ByteReader(module, "the code section", code.start, code.end);
  const count = reader.uleb();
  const functions: FunctionRange[] = [];
  for (let i = 0; i < count; i++) {
    const length = reader.uleb();
    const start = reader.position;
    reader.skip(length);
    functions.push({ index: first + i, name: names.get(first + i), start, end: start + length });
  }
  return functions;
}

/** The function whose body contains the byte at `offset` of the file. */
export function functionAt(functions: readonly FunctionRange[], offset: number): FunctionRange | undefined {
  let low = 0;
  let high = functions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (functions[middle].end <= offset) low = middle + 1;
    else high = middle;
  }
  const candidate = functions[low];
  return candidate && candidate.start <= offset ? candidate : undefined;
}

function countImportedFunctions(module: Uint8Array, sections: readonly Section[]): number {
  const section = sections.find((candidate) => candidate.id === IMPORT_SECTION);
  if (!section) return 0;
  const reader = new ByteReader(module, "the import section", section.start, section.end);
  let functions = 0;
  for (let left = reader.uleb(); left > 0; left--) {
    reader.name();
    reader.name();
    const kind = reader.u8();
    switch (kind) {
      case 0: // function: its type
        reader.uleb();
        functions++;
        break;
      case 1: // table: its reference type and limits
        skipValueType(reader);
        skipLimits(reader);
        break;
      case 2: // memory
        skipLimits(reader);
        break;
      case 3: // global: its type and mutability
        skipValueType(reader);
        reader.u8();
        break;
      case 4: // tag: attribute and type
        reader.u8();
        reader.uleb();
        break;
      default:
        reader.fail(`import kind ${kind} is not known`, reader.position - 1);
    }
  }
  return functions;
}

function skipValueType(reader: ByteReader): void {
  const type = reader.u8();
  if (type === 0x63 || type === 0x64) reader.sleb(); // a reference to a heap type, which follows
}

function skipLimits(reader: ByteReader): void {
  const flags = reader.u8();
  reader.uleb();
  if (flags & 1) reader.uleb();
  if (flags & 8) reader.uleb(); // page size
}
