import { ByteReader } from "./byte-reader.ts";
import { compilationDirectories } from "./debug-info.ts";
import { debugSections, readUnitLength } from "./dwarf.ts";
import { readLineHeader } from "./line-header.ts";
import { runLineProgram } from "./line-program.ts";
import { type ModuleLines, NO_FILE, type OffsetRow, offsetTable } from "./offset-table.ts";
import { CODE_SECTION, customSection, readSections } from "./sections.ts";

interface PlacedSequence {
  readonly start: number;
  readonly rows: readonly OffsetRow[];
}

/**
 * The line table that a module carries as DWARF 2 to 5, as compilers through LLVM write it: addresses are offsets in the
 * contents of the code section.
 * @returns undefined when the module has none
 * @throws BadInputError where the debug sections are malformed
 */
export function readDebugLines(module: Uint8Array): ModuleLines | undefined {
  const sections = readSections(module);
  const code = sections.find((section) => section.id === CODE_SECTION);
  const line = customSection(module, sections, ".debug_line");
  if (!code || !line) return undefined;
  const debug = debugSections(module, sections);
  const directories = compilationDirectories(debug);
  const files: string[] = [];
  const indices = new Map<string, number>();
  const fileIndex = (name: string | undefined): number => {
    if (name === undefined) return NO_FILE;
    let index = indices.get(name);
    if (index === undefined) {
      index = files.push(name) - 1;
      indices.set(name, index);
    }
    return index;
  };

  const placed: PlacedSequence[] = [];
  const reader = new ByteReader(line, ".debug_line");
  while (!reader.done) {
    const unitStart = reader.position;
    const { length, offsetSize } = readUnitLength(reader);
    const unit = reader.slice(length);
    const header = readLineHeader(unit, offsetSize, debug, directories.get(unitStart) ?? "");
    const program = new ByteReader(line, ".debug_line", header.programStart, unit.end);
    for (const { rows, end } of runLineProgram(program, header)) {
      const start = rows[0]?.address;
      // The linker sets the address of functions that it dropped to 0, -1 or -2. No code is at 0: the number of
      // functions is. Whatever does not lie in the code section is no code either.
      if (start === undefined || start <= 0 || end > code.end - code.start) continue;
      placed.push({
        start,
        rows: [
          ...rows.map((row) => ({
            offset: code.start + row.address,
            // Line 0 is how a compiler says that an instruction comes from no line in particular.
            file: row.line > 0 ? fileIndex(header.files[row.file]) : NO_FILE,
            line: row.line,
            column: row.column,
          })),
          { offset: code.start + end, file: NO_FILE, line: 0, column: 0 },
        ],
      });
    }
  }
  placed.sort((a, b) => a.start - b.start);
  return offsetTable("dwarf", files, inOrder(placed));
}

/** All rows in one ascending list. Sequences do not overlap in a sound module; in another, later ones give way. */
function inOrder(sequences: readonly PlacedSequence[]): readonly OffsetRow[] {
  const rows: OffsetRow[] = [];
  let last = 0;
  for (const sequence of sequences) {
    for (const row of sequence.rows) {
      if (row.offset < last) continue;
      rows.push(row);
      last = row.offset;
    }
  }
  return rows;
}
