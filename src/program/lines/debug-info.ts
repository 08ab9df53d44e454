import { readAbbreviations } from "./abbreviations.ts";
import { ByteReader } from "./byte-reader.ts";
import { type DebugSections, type FormValue, readForm, readUnitLength } from "./dwarf.ts";
import { readUnitHeader, resolveString } from "./unit-header.ts";

const DW_AT_STMT_LIST = 0x10;
const DW_AT_COMP_DIR = 0x1b;
const DW_AT_STR_OFFSETS_BASE = 0x72;

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
  const header = readUnitHeader(reader, offsetSize);
  if (!header) return undefined;
  const { format } = header;
  const abbreviation = readAbbreviations(sections.abbrev, header.abbreviations).get(reader.uleb());
  const values = new Map<number, FormValue>();
  for (const { attribute, form, implicit } of abbreviation?.attributes ?? []) {
    values.set(attribute, readForm(reader, form, format, sections, implicit));
  }
  const lineProgram = values.get(DW_AT_STMT_LIST);
  const directory = resolveString(values.get(DW_AT_COMP_DIR), values.get(DW_AT_STR_OFFSETS_BASE), format, sections);
  if (lineProgram?.kind !== "number" || directory === undefined) return undefined;
  return { lineProgram: lineProgram.value, directory };
}
