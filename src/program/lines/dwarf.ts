import { ByteReader } from "./byte-reader.ts";
import { customSection, type Section } from "./sections.ts";

/** The debug sections of a module; absent ones are empty. */
export interface DebugSections {
  readonly line: Uint8Array;
  readonly lineStr: Uint8Array;
  readonly str: Uint8Array;
  readonly strOffsets: Uint8Array;
  readonly info: Uint8Array;
  readonly abbrev: Uint8Array;
  /** Addresses that others name by index, from DWARF 5 on. */
  readonly addr: Uint8Array;
  /** Address ranges: up to DWARF 4, and from 5 on. */
  readonly ranges: Uint8Array;
  readonly rngLists: Uint8Array;
  /** Location lists: up to DWARF 4, and from 5 on. */
  readonly loc: Uint8Array;
  readonly locLists: Uint8Array;
}

export function debugSections(module: Uint8Array, sections: readonly Section[]): DebugSections {
  const named = (name: string): Uint8Array => customSection(module, sections, name) ?? new Uint8Array();
  return {
    line: named(".debug_line"),
    lineStr: named(".debug_line_str"),
    str: named(".debug_str"),
    strOffsets: named(".debug_str_offsets"),
    info: named(".debug_info"),
    abbrev: named(".debug_abbrev"),
    addr: named(".debug_addr"),
    ranges: named(".debug_ranges"),
    rngLists: named(".debug_rnglists"),
    loc: named(".debug_loc"),
    locLists: named(".debug_loclists"),
  };
}

/** How a unit writes its numbers, from its header. */
export interface UnitFormat {
  readonly version: number;
  /** 4 or 8 bytes for an offset into another section. */
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
}

/**
 * An attribute's value as far as it matters here. What ends in `x` stands in a table: a `strx` in `.debug_str_offsets`,
 * an `addrx` in `.debug_addr`, a `rnglistx` and a `loclistx` in the lists' sections.
 */
export type FormValue =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "address"; readonly value: number }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "strx" | "addrx" | "rnglistx" | "loclistx"; readonly index: number }
  /** An expression or other bytes. */
  | { readonly kind: "block"; readonly bytes: ByteReader }
  /** Another entry: by its offset in the unit, or in all of `.debug_info`. */
  | { readonly kind: "reference"; readonly offset: number; readonly from: "unit" | "section" }
  | { readonly kind: "other" };

/** A unit's length as it stands at its head: 32-bit, or the mark of the 64-bit format and 64 bits. */
export function readUnitLength(reader: ByteReader): { length: number; offsetSize: 4 | 8 } {
  const start = reader.position;
  const length = reader.u32();
  if (length === 0xffffffff) return { length: reader.u64(), offsetSize: 8 };
  if (length >= 0xfffffff0) reader.fail("a unit's length is a reserved value", start);
  return { length, offsetSize: 4 };
}

export function readOffset(reader: ByteReader, format: UnitFormat): number {
  return format.offsetSize === 8 ? reader.u64() : reader.u32();
}

/** The string at an offset of a string section. */
export function stringAt(section: Uint8Array, name: string, offset: number): string {
  return new ByteReader(section, name, offset).cString();
}

const number = (value: number): FormValue => ({ kind: "number", value });
const other: FormValue = { kind: "other" };
const inUnit = (offset: number): FormValue => ({ kind: "reference", offset, from: "unit" });
const block = (bytes: ByteReader): FormValue => ({ kind: "block", bytes });

/**
 * Reads a value of a form (DWARF 5, section 7.5.6; the GNU forms are not used for WebAssembly).
 * @param implicit the value of `DW_FORM_implicit_const`, which stands in the abbreviation
 */
export function readForm(
  reader: ByteReader,
  form: number,
  format: UnitFormat,
  sections: DebugSections,
  implicit = 0,
): FormValue {
  switch (form) {
    case 0x01: // addr
      return { kind: "address", value: format.addressSize === 8 ? reader.u64() : reader.u32() };
    case 0x03: // block2
      return block(reader.slice(reader.u16()));
    case 0x04: // block4
      return block(reader.slice(reader.u32()));
    case 0x05: // data2
      return number(reader.u16());
    case 0x06: // data4
      return number(reader.u32());
    case 0x07: // data8: constants of the program, which may be any bits
    case 0x20: // ref_sig8
    case 0x24: // ref_sup8
      reader.skip(8);
      return other;
    case 0x08: // string
      return { kind: "string", text: reader.cString() };
    case 0x09: // block
    case 0x18: // exprloc
      return block(reader.slice(reader.uleb()));
    case 0x0a: // block1
      return block(reader.slice(reader.u8()));
    case 0x0b: // data1
    case 0x0c: // flag
      return number(reader.u8());
    case 0x0d: // sdata
      return number(reader.sleb());
    case 0x0e: // strp
      return { kind: "string", text: stringAt(sections.str, ".debug_str", readOffset(reader, format)) };
    case 0x0f: // udata
      return number(reader.uleb());
    case 0x10: // ref_addr: in DWARF 2 as large as an address
      return {
        kind: "reference",
        offset: format.version === 2 ? reader.u32() : readOffset(reader, format),
        from: "section",
      };
    case 0x11: // ref1
      return inUnit(reader.u8());
    case 0x12: // ref2
      return inUnit(reader.u16());
    case 0x13: // ref4
      return inUnit(reader.u32());
    case 0x14: // ref8
      return inUnit(reader.u64());
    case 0x15: // ref_udata
      return inUnit(reader.uleb());
    case 0x16: {
      // indirect: the form itself stands before the value
      const actual = reader.uleb();
      if (actual === 0x16) reader.fail("an indirect form names itself");
      return readForm(reader, actual, format, sections);
    }
    case 0x17: // sec_offset
      return number(readOffset(reader, format));
    case 0x19: // flag_present
      return number(1);
    case 0x1a: // strx
      return { kind: "strx", index: reader.uleb() };
    case 0x1b: // addrx
      return { kind: "addrx", index: reader.uleb() };
    case 0x1c: // ref_sup4: in a file that is not here
      reader.skip(4);
      return other;
    case 0x1d: // strp_sup: in a file that is not here
      readOffset(reader, format);
      return other;
    case 0x1e: // data16
      reader.skip(16);
      return other;
    case 0x1f: // line_strp
      return { kind: "string", text: stringAt(sections.lineStr, ".debug_line_str", readOffset(reader, format)) };
    case 0x21: // implicit_const
      return number(implicit);
    case 0x22: // loclistx
      return { kind: "loclistx", index: reader.uleb() };
    case 0x23: // rnglistx
      return { kind: "rnglistx", index: reader.uleb() };
    case 0x25: // strx1
      return { kind: "strx", index: reader.u8() };
    case 0x26: // strx2
      return { kind: "strx", index: reader.u16() };
    case 0x27: // strx3
      return { kind: "strx", index: reader.u24() };
    case 0x28: // strx4
      return { kind: "strx", index: reader.u32() };
    case 0x29: // addrx1
      return { kind: "addrx", index: reader.u8() };
    case 0x2a: // addrx2
      return { kind: "addrx", index: reader.u16() };
    case 0x2b: // addrx3
      return { kind: "addrx", index: reader.u24() };
    case 0x2c: // addrx4
      return { kind: "addrx", index: reader.u32() };
    default:
      return reader.fail(`attribute form 0x${form.toString(16)} is not known`);
  }
}
