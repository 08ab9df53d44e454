import type { Theme } from "../theme.ts";
import type { Surface } from "./surface.ts";

/** A cost as a bar with its band, or a heading. */
export type BarRow =
  | { readonly heading: string }
  | {
      readonly name: string;
      readonly value: number;
      readonly low: number;
      readonly high: number;
      readonly color: string;
      /** Stand at the row's end, right-aligned. */
      readonly texts: readonly string[];
      readonly shown?: boolean;
    };

export const BAR_ROW_HEIGHT = 22;
const NAME_PART = 0.34;
const TEXT_WIDTH = 66;
const GAP = 8;

/** The rows of a view of bars, as its page shows them. @param scale cost at the end of the longest bar */
export function drawBarRows(
  surface: Surface,
  rows: readonly BarRow[],
  width: number,
  scale: number,
  theme: Theme,
): void {
  const texts = Math.max(0, ...rows.map((row) => ("heading" in row ? 0 : row.texts.length)));
  const barLeft = Math.round(width * NAME_PART);
  const barWidth = width - barLeft - texts * TEXT_WIDTH - GAP;
  surface.textBaseline = "middle";
  for (const [i, row] of rows.entries()) {
    const middle = (i + 0.5) * BAR_ROW_HEIGHT;
    surface.textAlign = "left";
    if ("heading" in row) {
      surface.fillStyle = theme.foreground;
      surface.font = `600 11px ${theme.font}`;
      surface.fillText(row.heading, 0, middle);
      surface.font = `11px ${theme.font}`;
      continue;
    }
    surface.fillStyle = theme.foreground;
    surface.fillText(row.name, row.shown ? 12 : 0, middle, barLeft - GAP);
    if (row.shown) surface.fillText("▸", 0, middle);
    const part = (cost: number) => Math.min(1, Math.max(0, cost / scale)) * barWidth;
    surface.fillStyle = row.color;
    surface.fillRect(barLeft, middle - 5, Math.max(1, part(row.value)), 10);
    surface.globalAlpha = 0.55;
    surface.fillStyle = theme.foreground;
    surface.fillRect(barLeft + part(row.low), middle - 1, part(row.high) - part(row.low), 2);
    surface.globalAlpha = 1;
    surface.fillStyle = theme.foreground;
    if (row.value > scale) surface.fillText("▸", barLeft + barWidth - 6, middle);
    surface.textAlign = "right";
    for (const [column, text] of row.texts.entries()) {
      surface.fillStyle = column === 0 ? theme.foreground : theme.dim;
      surface.fillText(text, width - (texts - 1 - column) * TEXT_WIDTH, middle);
    }
  }
}
