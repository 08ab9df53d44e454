import type { ByteReader } from "./byte-reader.ts";
import { type DebugSections, type FormValue, readForm, readOffset, type UnitFormat } from "./dwarf.ts";
import { joinPaths } from "./paths.ts";

/** What the header of a line program says about how to run it. */
export interface LineHeader {
  readonly minimumInstructionLength: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Number of LEB128 operands by standard opcode. */
  readonly operandCounts: readonly number[];
  /** File names by the numbers that the program uses; holes where there is none. */
  readonly files: readonly (string | undefined)[];
  /** Where the opcodes begin, in `.debug_line`. */
  readonly programStart: number;
}

/**
 * Reads a header of DWARF 2 to 5 (DWARF 5, section 6.2.4).
 * @param directory what relative names count from
 */
export function readLineHeader(
  reader: ByteReader,
  offsetSize: 4 | 8,
  sections: DebugSections,
  directory: string,
): LineHeader {
  const versionAt = reader.position;
  const version = reader.u16();
  if (version < 2 || version > 5) reader.fail(`DWARF version 2 to 5 is expected, this is ${version}`, versionAt);
  const format: UnitFormat = { version, offsetSize, addressSize: version >= 5 ? reader.u8() : 4 };
  if (version >= 5) reader.u8(); // size of a segment selector
  const headerLength = readOffset(reader, format);
  const programStart = reader.position + headerLength;
  if (programStart > reader.end) reader.fail("the header is longer than its unit");
  const minimumInstructionLength = reader.u8();
  if (version >= 4) reader.u8(); // operations per instruction: more than one only on VLIW machines
  reader.u8(); // whether rows begin as statements
  const lineBase = reader.i8();
  const rangeAt = reader.position;
  const lineRange = reader.u8();
  const opcodeBase = reader.u8();
  if (lineRange === 0) reader.fail("the range of lines is 0", rangeAt);
  const operandCounts = [0];
  for (let opcode = 1; opcode < opcodeBase; opcode++) operandCounts.push(reader.u8());
  const files = version >= 5 ? readFiles5(reader, format, sections, directory) : readFiles2(reader, directory);
  return { minimumInstructionLength, lineBase, lineRange, opcodeBase, operandCounts, files, programStart };
}

/** DWARF 2 to 4: two lists, each ended by an empty name; numbers start at 1, directory 0 is the compilation's. */
function readFiles2(reader: ByteReader, directory: string): (string | undefined)[] {
  const directories = [directory];
  for (let name = reader.cString(); name !== ""; name = reader.cString()) directories.push(joinPaths(directory, name));
  const files: (string | undefined)[] = [undefined];
  for (let name = reader.cString(); name !== ""; name = reader.cString()) {
    const index = reader.uleb();
    reader.uleb(); // time of change
    reader.uleb(); // length
    files.push(joinPaths(directories[index] ?? "", name));
  }
  return files;
}

const DW_LNCT_PATH = 1;
const DW_LNCT_DIRECTORY_INDEX = 2;

/** DWARF 5: two tables that describe their own columns; numbers start at 0. */
function readFiles5(reader: ByteReader, format: UnitFormat, sections: DebugSections, directory: string): string[] {
  const directories = readEntries(reader, format, sections).map(({ path }) => path);
  const base = joinPaths(directory, directories[0] ?? "");
  return readEntries(reader, format, sections).map(({ path, index }) =>
    joinPaths(base, directories[index] ?? "", path),
  );
}

function readEntries(
  reader: ByteReader,
  format: UnitFormat,
  sections: DebugSections,
): { path: string; index: number }[] {
  const columns: { content: number; form: number }[] = [];
  for (let left = reader.u8(); left > 0; left--) columns.push({ content: reader.uleb(), form: reader.uleb() });
  const count = reader.uleb();
  if (columns.length === 0 && count > 0) reader.fail("a table has entries and no columns");
  const entries: { path: string; index: number }[] = [];
  for (let i = 0; i < count; i++) {
    const before = reader.position;
    let path = "";
    let index = 0;
    for (const { content, form } of columns) {
      const value = readForm(reader, form, format, sections);
      if (content === DW_LNCT_PATH) path = textOf(reader, value);
      if (content === DW_LNCT_DIRECTORY_INDEX && value.kind === "number") index = value.value;
    }
    if (reader.position === before) reader.fail("a table has entries of no bytes");
    entries.push({ path, index });
  }
  return entries;
}

function textOf(reader: ByteReader, value: FormValue): string {
  return value.kind === "string" ? value.text : reader.fail("a file's name is no string");
}
