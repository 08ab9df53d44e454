/** Pages that are shown together under one heading: a region, or a stretch of memory that no region holds. */
export interface PageBlock {
  readonly label: string;
  readonly firstPage: number;
  readonly pageCount: number;
}

/** Where a block stands, in CSS pixels from the top of the whole map. */
export interface PlacedBlock extends PageBlock {
  readonly headingTop: number;
  readonly top: number;
  readonly height: number;
}

/** Pages as square cells, row by row, each block from a new row under its heading. */
export interface PageLayout {
  readonly columns: number;
  /** Side of a cell, its gap included. */
  readonly cellSize: number;
  readonly blocks: readonly PlacedBlock[];
  readonly height: number;
}

export const HEADING_HEIGHT = 20;
const BLOCK_GAP = 8;

/** @param columns cells in a row, at least 1 */
export function layOutPages(blocks: readonly PageBlock[], columns: number, cellSize: number): PageLayout {
  const placed: PlacedBlock[] = [];
  let y = 0;
  for (const block of blocks) {
    const top = y + HEADING_HEIGHT;
    const height = Math.ceil(block.pageCount / columns) * cellSize;
    placed.push({ ...block, headingTop: y, top, height });
    y = top + height + BLOCK_GAP;
  }
  return { columns, cellSize, blocks: placed, height: y };
}

/** The page under a point of the map, or -1. */
export function pageAt(layout: PageLayout, x: number, y: number): number {
  const { columns, cellSize } = layout;
  const column = Math.floor(x / cellSize);
  if (column < 0 || column >= columns) return -1;
  for (const { top, height, firstPage, pageCount } of layout.blocks) {
    if (y < top || y >= top + height) continue;
    const index = Math.floor((y - top) / cellSize) * columns + column;
    return index < pageCount ? firstPage + index : -1;
  }
  return -1;
}

/** Upper left corner of a page's cell, or undefined when no block shows it. */
export function cellOf(layout: PageLayout, page: number): { readonly x: number; readonly y: number } | undefined {
  const { columns, cellSize } = layout;
  for (const { top, firstPage, pageCount } of layout.blocks) {
    const index = page - firstPage;
    if (index < 0 || index >= pageCount) continue;
    return { x: (index % columns) * cellSize, y: top + Math.floor(index / columns) * cellSize };
  }
  return undefined;
}

/** Blocks of which something is between two heights. */
export function blocksBetween(layout: PageLayout, from: number, to: number): readonly PlacedBlock[] {
  return layout.blocks.filter(({ headingTop, top, height }) => headingTop < to && top + height > from);
}
