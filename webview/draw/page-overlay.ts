import type { Surface } from "../export/surface.ts";
import type { Theme } from "../theme.ts";
import { blocksBetween, cellOf, HEADING_HEIGHT, type PageLayout } from "./page-layout.ts";

/** Cells from this size on show the 64-byte lines of their page. */
export const LINES_FROM_CELL = 20;

export interface OverlayPicture {
  readonly layout: PageLayout;
  readonly scrollTop: number;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
  /** Page under the pointer, and the one that the keyboard is on; -1 for none. */
  readonly hovered: number;
  readonly current: number;
  /** 64-byte lines of the pages from `first` on, two words each; undefined where cells are too small for them. */
  readonly masks: { readonly first: number; readonly words: Uint32Array } | undefined;
}

/** What stands over the cells: headings, 64-byte lines of pages, outlines. On a surface that is empty. */
export function drawOverlay(context: Surface, picture: OverlayPicture): void {
  const { layout, scrollTop, width, height, theme, hovered, current, masks } = picture;
  context.font = `11px ${theme.font}`;
  context.textBaseline = "middle";
  for (const block of blocksBetween(layout, scrollTop, scrollTop + height)) {
    context.fillStyle = theme.dim;
    context.fillText(block.label, 0, block.headingTop - scrollTop + HEADING_HEIGHT / 2, width);
  }
  if (masks !== undefined && layout.cellSize >= LINES_FROM_CELL) drawLines(context, picture, masks);
  for (const [page, color] of [
    [hovered, theme.dim],
    [current, theme.selection],
  ] as const) {
    const cell = page < 0 ? undefined : cellOf(layout, page);
    if (cell === undefined) continue;
    const size = Math.max(layout.cellSize, 4);
    context.strokeStyle = color;
    context.lineWidth = 2;
    context.strokeRect(cell.x - 0.5, cell.y - scrollTop - 0.5, size, size);
  }
}

/** Eight by eight lines in each cell; those that were written stand out. */
function drawLines(
  context: Surface,
  { layout, scrollTop, height, theme }: OverlayPicture,
  { first, words }: NonNullable<OverlayPicture["masks"]>,
): void {
  const side = (layout.cellSize - 3) / 8;
  context.fillStyle = theme.foreground;
  for (let i = 0; i * 2 < words.length; i++) {
    if ((words[2 * i] | words[2 * i + 1]) === 0) continue;
    const cell = cellOf(layout, first + i);
    if (cell === undefined || cell.y - scrollTop > height || cell.y + layout.cellSize < scrollTop) continue;
    for (let line = 0; line < 64; line++) {
      if (((words[2 * i + (line >> 5)] >>> (line & 31)) & 1) === 0) continue;
      const x = cell.x + 1 + (line & 7) * side;
      const y = cell.y - scrollTop + 1 + (line >> 3) * side;
      context.fillRect(x, y, Math.max(1, side - 0.5), Math.max(1, side - 0.5));
    }
  }
}
