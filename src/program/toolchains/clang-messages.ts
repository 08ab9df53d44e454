import type { Diagnostic } from "../program.ts";

const AT_PLACE = /^(.+?):(\d+):(\d+): (fatal error|error|warning|note|remark): (.*)$/;
const AT_NO_PLACE =
  /^(?:clang(?:\+\+|-\d+)?|wasm-ld(?:-\d+)?): (error|warning|note): (?:(.+?\.(?:c|cc|cpp|cxx)): )?(.*)$/;

/** The errors, warnings and notes in what clang and wasm-ld print; source excerpts and summaries are passed over. */
export function parseClangMessages(text: string): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const line of text.split(/\r?\n/)) {
    const placed = AT_PLACE.exec(line);
    if (placed) {
      const [, file, lineNumber, column, severity, message] = placed;
      diagnostics.push({
        severity: severityOf(severity),
        file,
        line: Number(lineNumber),
        column: Number(column),
        message,
      });
      continue;
    }
    const unplaced = AT_NO_PLACE.exec(line);
    if (unplaced) {
      const [, severity, file = "", message] = unplaced;
      diagnostics.push({ severity: severityOf(severity), file, line: 0, column: 0, message });
    }
  }
  return diagnostics;
}

function severityOf(word: string): Diagnostic["severity"] {
  if (word.endsWith("error")) return "error";
  return word === "warning" ? "warning" : "note";
}
