import { ByteReader } from "./byte-reader.ts";
import { type DebugSections, type FormValue, readOffset, stringAt, type UnitFormat } from "./dwarf.ts";

/** What stands at the head of a unit of `.debug_info`. */
export interface UnitHeader {
  readonly format: UnitFormat;
  /** Offset of its table in `.debug_abbrev`. */
  readonly abbreviations: number;
}

/**
 * Reads the head of a unit after its length (DWARF 5, section 7.5.1).
 * @returns undefined for units of another kind than code's: types on their own, parts that are in another file
 */
export function readUnitHeader(reader: ByteReader, offsetSize: 4 | 8): UnitHeader | undefined {
  const version = reader.u16();
  if (version < 2 || version > 5) return undefined;
  const format: UnitFormat = { version, offsetSize, addressSize: 4 };
  if (version < 5) {
    const abbreviations = readOffset(reader, format);
    return { format: { ...format, addressSize: reader.u8() }, abbreviations };
  }
  const compile = 1;
  const partial = 3;
  const type = reader.u8();
  if (type !== compile && type !== partial) return undefined;
  const addressSize = reader.u8();
  return { format: { ...format, addressSize }, abbreviations: readOffset(reader, format) };
}

/** Where the strings of a unit without `DW_AT_str_offsets_base` begin: after the section's head. */
const DEFAULT_STRING_BASE = 8;

/** An attribute's text; undefined where it is no string. @param offsetsBase `DW_AT_str_offsets_base` of the unit */
export function resolveString(
  value: FormValue | undefined,
  offsetsBase: FormValue | undefined,
  format: UnitFormat,
  sections: DebugSections,
): string | undefined {
  if (value?.kind === "string") return value.text;
  if (value?.kind !== "strx") return undefined;
  const base = offsetsBase?.kind === "number" ? offsetsBase.value : DEFAULT_STRING_BASE;
  const place = base + value.index * format.offsetSize;
  const offset = readOffset(new ByteReader(sections.strOffsets, ".debug_str_offsets", place), format);
  return stringAt(sections.str, ".debug_str", offset);
}
