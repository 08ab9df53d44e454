import { arrowOf } from "./arrow.ts";
import { csvOf } from "./csv.ts";
import type { ExportedRun } from "./exported-run.ts";
import type { ExportFormat, ExportTableName } from "./formats.ts";
import { perfettoOf } from "./perfetto.ts";
import { exportTable } from "./tables.ts";

/**
 * The contents of a file of a format.
 * @param table which one, for formats that hold one
 */
export function exportRun(run: ExportedRun, format: ExportFormat, table: ExportTableName = "costs"): Uint8Array {
  switch (format) {
    case "perfetto":
      return perfettoOf(run);
    case "csv":
      return csvOf(exportTable(run, table));
    case "arrow":
      return arrowOf(exportTable(run, table));
  }
}
