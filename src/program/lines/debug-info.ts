import { ByteReader } from "./byte-reader.ts";
import type { UnitFormat } from "./dwarf.ts";
import { type DebugSections, type FormValue, readForm, readOffset, readUnitLength, stringAt } from "./dwarf.ts";

const DW_AT_STMT_LIST = 0x10;
const DW_AT_COMP_DIR = 0x1b;
const DW_AT_STR_OFFSETS_BASE = 0x72;
const DW_FORM_IMPLICIT_CONST = 0x21;

/**
 * The directory that each line program's relative names count from, by the program's offset in `.debug_line`:
 * `DW_AT_comp_dir` of the unit that `DW_AT_stmt_list` ties to it. Only the first entry of each unit is read.
 */
export function compilationDirectories(sections: DebugSections): ReadonlyMap<number, string> {
  const directories = new Map<number, string>();
  const reader = new ByteReader(sections.info, ".debug_info");
  while (!reader.done) {
    const { length, offsetSize } = readUnitLength(reader);
    const unit = reader.slice(length);
    const attributes = readFirstEntry(unit, offsetSize, sections);
    if (attributes) directories.set(attributes.lineProgram, attributes.directory);
  }
  return directories;
}

function readFirstEntry(
  reader: ByteReader,
  offsetSize: 4 | 8,
  sections: DebugSections,
): { lineProgram: number; directory: string } | undefined {
  const version = reader.u16();
  if (version < 2 || version > 5) return undefined;
  let format: UnitFormat = { version, offsetSize, addressSize: 4 };
  let abbreviations: number;
  if (version >= 5) {
    const compile = 1;
    const partial = 3;
    const type = reader.u8();
    if (type !== compile && type !== partial) return undefined;
    format = { ...format, addressSize: reader.u8() };
    abbreviations = readOffset(reader, format);
  } else {
    abbreviations = readOffset(reader, format);
    format = { ...format, addressSize: reader.u8() };
  }
  const values = new Map<number, FormValue>();
  for (const { attribute, form, implicit } of readAbbreviation(sections.abbrev, abbreviations, reader.uleb())) {
    values.set(attribute, readForm(reader, form, format, sections, implicit));
  }
  const lineProgram = values.get(DW_AT_STMT_LIST);
  const directory = values.get(DW_AT_COMP_DIR);
  if (lineProgram?.kind !== "number" || directory === undefined) return undefined;
  const base = values.get(DW_AT_STR_OFFSETS_BASE);
  const text = resolveString(directory, base?.kind === "number" ? base.value : 8, format, sections);
  return text === undefined ? undefined : { lineProgram: lineProgram.value, directory: text };
}

function resolveString(
  value: FormValue,
  offsetsBase: number,
  format: UnitFormat,
  sections: DebugSections,
): string | undefined {
  if (value.kind === "string") return value.text;
  if (value.kind !== "strx") return undefined;
  const place = offsetsBase + value.index * format.offsetSize;
  const offset = readOffset(new ByteReader(sections.strOffsets, ".debug_str_offsets", place), format);
  return stringAt(sections.str, ".debug_str", offset);
}

interface AttributeForm {
  readonly attribute: number;
  readonly form: number;
  /** Of `DW_FORM_implicit_const`. */
  readonly implicit: number;
}

/** The attributes of the entry with this code, in the abbreviation table at `offset`. */
function readAbbreviation(section: Uint8Array, offset: number, code: number): readonly AttributeForm[] {
  const reader = new ByteReader(section, ".debug_abbrev", offset);
  for (;;) {
    const found = reader.uleb();
    if (found === 0) return [];
    reader.uleb(); // tag
    reader.u8(); // has children
    const forms: AttributeForm[] = [];
    for (;;) {
      const attribute = reader.uleb();
      const form = reader.uleb();
      const implicit = form === DW_FORM_IMPLICIT_CONST ? reader.sleb() : 0;
      if (attribute === 0 && form === 0) break;
      forms.push({ attribute, form, implicit });
    }
    if (found === code) return forms;
  }
}
