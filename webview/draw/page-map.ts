import { blocksBetween, type PageLayout, type PlacedBlock } from "./page-layout.ts";

/** What of a map is seen, in CSS pixels, and at what resolution. */
export interface MapView {
  readonly layout: PageLayout;
  readonly scrollTop: number;
  readonly width: number;
  readonly height: number;
  readonly pixelRatio: number;
}

/** Colours of cells: bytes in memory are red, green, blue, alpha. */
export interface CellColors {
  /** By shade. */
  readonly plain: Uint32Array;
  /** By shade, of lit pages whose cells are too small for a corner. */
  readonly lit: Uint32Array;
  /** Of the corner of lit pages, for a canvas. */
  readonly corner: string;
}

/** Cells from this size on stand apart from each other, and lit ones have a corner that leaves their shade to be seen. */
const GAP_FROM_CELL = 5;
/** Side of that corner, in parts of a cell's. */
const CORNER_PART = 0.5;

/**
 * Draws the cells of a map of pages: one pixel for each cell that is seen into a small picture, which the canvas then
 * enlarges. So a frame costs what is seen, not what there is: a million pages take no longer than a thousand, and nothing
 * needs a GPU. Cells smaller than a pixel share one, which shows the highest shade of them.
 */
export class PageMapRenderer {
  readonly #canvas: HTMLCanvasElement;
  readonly #cells = document.createElement("canvas");

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  /** @param shades a byte a page, like `lit`: 0, or 1 for pages that stand out */
  draw(view: MapView, shades: Uint8Array, lit: Uint8Array, colors: CellColors): void {
    const { layout, scrollTop, width, height, pixelRatio } = view;
    const canvas = this.#canvas;
    const pixelWidth = Math.max(1, Math.round(width * pixelRatio));
    const pixelHeight = Math.max(1, Math.round(height * pixelRatio));
    if (canvas.width !== pixelWidth) canvas.width = pixelWidth;
    if (canvas.height !== pixelHeight) canvas.height = pixelHeight;
    const context = canvas.getContext("2d");
    if (context === null) return;
    context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = false;
    for (const block of blocksBetween(layout, scrollTop, scrollTop + height)) {
      this.#drawBlock(context, view, block, shades, lit, colors);
    }
    if (layout.cellSize < GAP_FROM_CELL) return;
    drawGaps(context, view);
    drawCorners(context, view, lit, colors.corner);
  }

  #drawBlock(
    context: CanvasRenderingContext2D,
    { layout, scrollTop, height }: MapView,
    block: PlacedBlock,
    shades: Uint8Array,
    lit: Uint8Array,
    colors: CellColors,
  ): void {
    const { columns, cellSize } = layout;
    /** Cells along a side of one pixel of the small picture. */
    const side = Math.max(1, Math.round(1 / cellSize));
    const rows = Math.ceil(block.pageCount / columns);
    const firstRow = Math.max(0, Math.floor((scrollTop - block.top) / cellSize / side)) * side;
    const endRow = Math.min(rows, Math.ceil((scrollTop + height - block.top) / cellSize));
    if (endRow <= firstRow) return;
    const pictureWidth = Math.ceil(columns / side);
    const pictureHeight = Math.ceil((endRow - firstRow) / side);
    const picture = new ImageData(pictureWidth, pictureHeight);
    const pixels = new Uint32Array(picture.data.buffer);
    for (let y = 0; y < pictureHeight; y++) {
      for (let x = 0; x < pictureWidth; x++) {
        let shade = -1;
        let isLit = 0;
        for (let row = firstRow + y * side; row < firstRow + (y + 1) * side; row++) {
          for (let column = x * side; column < (x + 1) * side && column < columns; column++) {
            const index = row * columns + column;
            if (index >= block.pageCount) break;
            const page = block.firstPage + index;
            if (shades[page] > shade) shade = shades[page];
            isLit |= lit[page];
          }
        }
        if (shade < 0) continue;
        const shown = isLit !== 0 && cellSize < GAP_FROM_CELL ? colors.lit : colors.plain;
        pixels[y * pictureWidth + x] = shown[shade];
      }
    }
    const cells = this.#cells;
    cells.width = pictureWidth;
    cells.height = pictureHeight;
    cells.getContext("2d")?.putImageData(picture, 0, 0);
    const scale = cellSize * side;
    const top = block.top + firstRow * cellSize - scrollTop;
    context.drawImage(cells, 0, top, pictureWidth * scale, pictureHeight * scale);
  }
}

/** A square in the lower right corner of each lit cell that is seen. */
function drawCorners(
  context: CanvasRenderingContext2D,
  { layout, scrollTop, height }: MapView,
  lit: Uint8Array,
  color: string,
): void {
  const { columns, cellSize } = layout;
  const side = Math.round(cellSize * CORNER_PART);
  context.fillStyle = color;
  for (const { top, firstPage, pageCount } of blocksBetween(layout, scrollTop, scrollTop + height)) {
    const first = Math.max(0, Math.floor((scrollTop - top) / cellSize)) * columns;
    const end = Math.min(pageCount, Math.ceil((scrollTop + height - top) / cellSize) * columns);
    for (let i = first; i < end; i++) {
      if (lit[firstPage + i] === 0) continue;
      const x = ((i % columns) + 1) * cellSize - 1 - side;
      const y = (Math.floor(i / columns) + 1) * cellSize - 1 - side;
      context.fillRect(x, top - scrollTop + y, side, side);
    }
  }
}

/** Lines of one pixel that let the background through, between the cells of each block. */
function drawGaps(context: CanvasRenderingContext2D, { layout, scrollTop, width, height }: MapView): void {
  const { columns, cellSize } = layout;
  for (const { top, height: blockHeight } of blocksBetween(layout, scrollTop, scrollTop + height)) {
    const from = Math.max(0, top - scrollTop);
    const to = Math.min(height, top + blockHeight - scrollTop);
    for (let column = 1; column <= columns; column++) context.clearRect(column * cellSize - 1, from, 1, to - from);
    const firstRow = Math.max(0, Math.floor((scrollTop - top) / cellSize));
    for (let y = top + (firstRow + 1) * cellSize - scrollTop; y <= to; y += cellSize)
      context.clearRect(0, y - 1, width, 1);
  }
}
