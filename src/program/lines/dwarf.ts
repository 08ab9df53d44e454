import { ByteReader } from "./byte-reader.ts";

/** The debug sections that line tables need; absent ones are empty. */
export interface DebugSections {
  readonly line: Uint8Array;
  readonly lineStr: Uint8Array;
  readonly str: Uint8Array;
  readonly strOffsets: Uint8Array;
  readonly info: Uint8Array;
  readonly abbrev: Uint8Array;
}

/** How a unit writes its numbers, from its header. */
export interface UnitFormat {
  readonly version: number;
  /** 4 or 8 bytes for an offset into another section. */
  readonly offsetSize: 4 | 8;
  readonly addressSize: number;
}

/** An attribute's value as far as line tables care. A `strx` is a string whose place stands in `.debug_str_offsets`. */
export type FormValue =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "strx"; readonly index: number }
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
      reader.skip(format.addressSize);
      return other;
    case 0x03: // block2
      reader.skip(reader.u16());
      return other;
    case 0x04: // block4
      reader.skip(reader.u32());
      return other;
    case 0x05: // data2
      return number(reader.u16());
    case 0x06: // data4
      return number(reader.u32());
    case 0x07: // data8
    case 0x14: // ref8
    case 0x20: // ref_sig8
    case 0x24: // ref_sup8
      reader.skip(8);
      return other;
    case 0x08: // string
      return { kind: "string", text: reader.cString() };
    case 0x09: // block
    case 0x18: // exprloc
      reader.skip(reader.uleb());
      return other;
    case 0x0a: // block1
      reader.skip(reader.u8());
      return other;
    case 0x0b: // data1
    case 0x0c: // flag
    case 0x11: // ref1
      return number(reader.u8());
    case 0x0d: // sdata
      return number(reader.sleb());
    case 0x0e: // strp
      return { kind: "string", text: stringAt(sections.str, ".debug_str", readOffset(reader, format)) };
    case 0x0f: // udata
    case 0x15: // ref_udata
    case 0x1b: // addrx
    case 0x22: // loclistx
    case 0x23: // rnglistx
      return number(reader.uleb());
    case 0x10: // ref_addr
    case 0x17: // sec_offset
    case 0x1d: // strp_sup
      return number(readOffset(reader, format));
    case 0x12: // ref2
      return number(reader.u16());
    case 0x13: // ref4
    case 0x1c: // ref_sup4
      return number(reader.u32());
    case 0x16: {
      // indirect: the form itself stands before the value
      const actual = reader.uleb();
      if (actual === 0x16) reader.fail("an indirect form names itself");
      return readForm(reader, actual, format, sections);
    }
    case 0x19: // flag_present
      return number(1);
    case 0x1a: // strx
      return { kind: "strx", index: reader.uleb() };
    case 0x1e: // data16
      reader.skip(16);
      return other;
    case 0x1f: // line_strp
      return { kind: "string", text: stringAt(sections.lineStr, ".debug_line_str", readOffset(reader, format)) };
    case 0x21: // implicit_const
      return number(implicit);
    case 0x25: // strx1
      return { kind: "strx", index: reader.u8() };
    case 0x26: // strx2
      return { kind: "strx", index: reader.u16() };
    case 0x27: // strx3
      return { kind: "strx", index: reader.u24() };
    case 0x28: // strx4
      return { kind: "strx", index: reader.u32() };
    case 0x29: // addrx1
      return number(reader.u8());
    case 0x2a: // addrx2
      return number(reader.u16());
    case 0x2b: // addrx3
      return number(reader.u24());
    case 0x2c: // addrx4
      return number(reader.u32());
    default:
      return reader.fail(`attribute form 0x${form.toString(16)} is not known`);
  }
}
