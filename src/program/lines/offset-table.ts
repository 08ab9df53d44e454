import type { LineTable, SourceLine } from "../program.ts";

/** A line table that also knows which files it speaks of. */
export interface ModuleLines extends LineTable {
  /** Every file that `lookup` can name, in order of first appearance. */
  readonly files: readonly string[];
}

/** No file: the code from here on has no known source. */
export const NO_FILE = -1;

/** "From this offset of the file on, up to the next row, code belongs to this line." */
export interface OffsetRow {
  readonly offset: number;
  /** Index in the table's files, or `NO_FILE`. */
  readonly file: number;
  readonly line: number;
  readonly column: number;
}

/**
 * A table for fast lookups.
 * @param rows in ascending order of their offsets; of several at one offset the last counts
 */
export function offsetTable(
  kind: LineTable["kind"],
  files: readonly string[],
  rows: readonly OffsetRow[],
): ModuleLines {
  const offsets = Float64Array.from(rows, (row) => row.offset);
  return {
    kind,
    files,
    lookup(offset: number): SourceLine | undefined {
      let low = 0;
      let high = offsets.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (offsets[middle] <= offset) low = middle + 1;
        else high = middle;
      }
      const row = rows[low - 1];
      if (row === undefined || row.file === NO_FILE) return undefined;
      return { file: files[row.file], line: row.line, column: row.column };
    },
  };
}

/** The table of a module that says nothing of its source. */
export const noLines: ModuleLines = { kind: "none", files: [], lookup: () => undefined };

/** The same table with its files under other names. */
export function renameFiles(lines: ModuleLines, rename: (file: string) => string): ModuleLines {
  const names = new Map(lines.files.map((file) => [file, rename(file)]));
  return {
    kind: lines.kind,
    files: [...new Set(names.values())],
    lookup(offset: number): SourceLine | undefined {
      const found = lines.lookup(offset);
      return found && { ...found, file: names.get(found.file) ?? found.file };
    },
  };
}
