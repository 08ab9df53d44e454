import { t } from "../text.ts";
import { element } from "../ui/dom.ts";
import type { ShownByte } from "./byte-window.ts";
import { asciiOf, hexByte, hexOffset, offsetDigits, ROW_BYTES } from "./hex.ts";

export const ROW_HEIGHT = 20;

export interface GridContents {
  readonly sizeBytes: number;
  readonly topRow: number;
  /** Offset of the byte that the keyboard is on. */
  readonly cursor: number;
  byteAt(offset: number): ShownByte | undefined;
}

interface GridRow {
  readonly root: HTMLElement;
  readonly offset: HTMLElement;
  readonly cells: readonly HTMLElement[];
  readonly characters: readonly HTMLElement[];
}

export interface HexGrid {
  readonly root: HTMLElement;
  /** Whole rows that are seen. */
  rowCount(): number;
  show(contents: GridContents): void;
}

/** Rows of bytes: the elements of as many as are seen, filled anew as the region moves under them. */
export function hexGrid(onPick: (offset: number) => void): HexGrid {
  const root = element("div", {
    class: "hex-grid",
    role: "grid",
    tabindex: "0",
    "aria-readonly": "true",
    "aria-colcount": String(ROW_BYTES + 1),
  });
  let rows: GridRow[] = [];
  let topRow = 0;

  root.addEventListener("pointerdown", (event) => {
    const target = event.target as HTMLElement;
    const column = Number(target.dataset.column ?? Number.NaN);
    const row = rows.findIndex((one) => one.root.contains(target));
    if (row >= 0 && Number.isInteger(column)) onPick((topRow + row) * ROW_BYTES + column);
  });

  const rowCount = () => Math.max(1, Math.floor(root.clientHeight / ROW_HEIGHT));

  return {
    root,
    rowCount,
    show({ sizeBytes, topRow: top, cursor, byteAt }) {
      topRow = top;
      // One more than fits, cut off below.
      const count = rowCount() + 1;
      if (rows.length !== count) {
        rows = Array.from({ length: count }, (_, i) => gridRow(i));
        root.replaceChildren(...rows.map((row) => row.root));
      }
      const digits = offsetDigits(sizeBytes);
      root.setAttribute("aria-rowcount", String(Math.ceil(sizeBytes / ROW_BYTES)));
      root.removeAttribute("aria-activedescendant");
      for (const [i, row] of rows.entries()) {
        const first = (top + i) * ROW_BYTES;
        row.root.hidden = first >= sizeBytes;
        if (row.root.hidden) continue;
        row.root.setAttribute("aria-rowindex", String(top + i + 1));
        row.offset.textContent = hexOffset(first, digits);
        for (let column = 0; column < ROW_BYTES; column++) {
          const offset = first + column;
          const cell = row.cells[column];
          const character = row.characters[column];
          const byte = offset < sizeBytes ? byteAt(offset) : undefined;
          const mark = `${byte?.changed ? " changed" : ""}${offset === cursor ? " cursor" : ""}`;
          cell.className = `hex-byte${mark}${byte?.now === 0 ? " zero" : ""}`;
          character.className = `hex-character${mark}`;
          cell.textContent = offset >= sizeBytes ? "" : byte === undefined ? "··" : hexByte(byte.now);
          const seen = byte === undefined ? undefined : asciiOf(byte.now);
          character.textContent = byte === undefined ? " " : (seen ?? "·");
          if (seen === undefined) character.classList.add("unseen");
          if (offset !== cursor) {
            cell.removeAttribute("aria-selected");
            cell.removeAttribute("aria-label");
            continue;
          }
          cell.setAttribute("aria-selected", "true");
          if (byte !== undefined) cell.setAttribute("aria-label", spoken(offset, digits, byte));
          root.setAttribute("aria-activedescendant", cell.id);
        }
      }
    },
  };
}

function gridRow(number: number): GridRow {
  const offset = element("span", { class: "hex-offset", role: "rowheader" });
  const cells = Array.from({ length: ROW_BYTES }, (_, column) =>
    element("span", {
      role: "gridcell",
      id: `byte-${number}-${column}`,
      "data-column": String(column),
      "aria-colindex": String(column + 2),
    }),
  );
  const characters = Array.from({ length: ROW_BYTES }, (_, column) =>
    element("span", { "data-column": String(column) }),
  );
  const root = element(
    "div",
    { class: "hex-row", role: "row" },
    offset,
    element("span", { class: "hex-half", role: "presentation" }, ...cells.slice(0, ROW_BYTES / 2)),
    element("span", { class: "hex-half", role: "presentation" }, ...cells.slice(ROW_BYTES / 2)),
    element("span", { class: "hex-text", "aria-hidden": "true" }, ...characters),
  );
  return { root, offset, cells, characters };
}

function spoken(offset: number, digits: number, { now, before, changed }: ShownByte): string {
  const at = hexOffset(offset, digits);
  if (!changed) return t("{0}: {1}", at, hexByte(now));
  return before === undefined
    ? t("{0}: {1}, new", at, hexByte(now))
    : t("{0}: {1}, was {2}", at, hexByte(now), hexByte(before));
}
