import type { ExportColumn, ExportTable } from "./table.ts";

/** Rows that are turned into bytes at a time. */
const BLOCK_ROWS = 10_000;

/** Comma-separated values as RFC 4180 describes them, in UTF-8, with a line of names first. Numbers are not rounded. */
export function csvOf({ rowCount, columns }: ExportTable): Uint8Array {
  const encoder = new TextEncoder();
  const cells = columns.map(cellOf);
  const parts = [encoder.encode(`${columns.map(({ name }) => quoted(name)).join(",")}\r\n`)];
  for (let from = 0; from < rowCount; from += BLOCK_ROWS) {
    let text = "";
    for (let row = from; row < Math.min(rowCount, from + BLOCK_ROWS); row++)
      text += `${cells.map((cell) => cell(row)).join(",")}\r\n`;
    parts.push(encoder.encode(text));
  }
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function cellOf(column: ExportColumn): (row: number) => string {
  switch (column.kind) {
    case "number":
      return (row) => String(column.values[row]);
    case "integer":
      return (row) => (column.values[row] === column.missing ? "" : String(column.values[row]));
    case "text": {
      const texts = column.texts.map(quoted);
      return (row) => texts[column.index[row]];
    }
  }
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
