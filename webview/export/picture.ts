import type { PictureFormat } from "../../src/panel/messages/messages.ts";
import type { Theme } from "../theme.ts";
import type { Surface } from "./surface.ts";
import { SvgSurface } from "./svg-surface.ts";

/** What a view gives to be saved: it draws itself from the upper left corner on, in CSS pixels. */
export interface Picture {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  draw(surface: Surface): void;
}

const MARGIN = 16;
const TITLE_HEIGHT = 28;
const CAPTION_LINE = 16;
/** Pictures end up in documents and on large screens. */
const PNG_SCALE = 2;

/**
 * A file of a picture, on the theme's background, under its title and over a caption that says what it is of.
 * @throws Error when the browser has no canvas of that size
 */
export async function renderPicture(
  picture: Picture,
  caption: readonly string[],
  theme: Theme,
  format: PictureFormat,
): Promise<Uint8Array> {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("the picture is too large to be drawn");
  context.font = `11px ${theme.font}`;
  const lines = caption.flatMap((line) => wrapped(context, line, picture.width));
  const width = Math.ceil(picture.width + 2 * MARGIN);
  const height = Math.ceil(picture.height + TITLE_HEIGHT + lines.length * CAPTION_LINE + 2 * MARGIN + 8);
  if (format === "svg") {
    const surface = new SvgSurface(context);
    compose(surface, picture, lines, theme, width, height);
    return new TextEncoder().encode(surface.document(width, height));
  }
  canvas.width = width * PNG_SCALE;
  canvas.height = height * PNG_SCALE;
  context.scale(PNG_SCALE, PNG_SCALE);
  compose(context, picture, lines, theme, width, height);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (blob === null) throw new Error("the picture is too large to be drawn");
  return new Uint8Array(await blob.arrayBuffer());
}

function compose(
  surface: Surface,
  picture: Picture,
  caption: readonly string[],
  theme: Theme,
  width: number,
  height: number,
): void {
  surface.fillStyle = theme.background;
  surface.fillRect(0, 0, width, height);
  surface.textBaseline = "middle";
  surface.textAlign = "left";
  surface.fillStyle = theme.foreground;
  surface.font = `600 13px ${theme.font}`;
  surface.fillText(picture.title, MARGIN, MARGIN + 8);
  surface.save();
  surface.translate(MARGIN, MARGIN + TITLE_HEIGHT);
  surface.font = `11px ${theme.font}`;
  picture.draw(surface);
  surface.restore();
  surface.textBaseline = "middle";
  surface.textAlign = "left";
  surface.globalAlpha = 1;
  surface.font = `11px ${theme.font}`;
  surface.fillStyle = theme.dim;
  const top = MARGIN + TITLE_HEIGHT + picture.height + 8;
  for (const [i, line] of caption.entries()) surface.fillText(line, MARGIN, top + (i + 0.5) * CAPTION_LINE);
}

function wrapped(context: CanvasRenderingContext2D, text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && context.measureText(longer).width > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line === "" ? lines : [...lines, line];
}

/** An entry of a legend. */
export interface LegendEntry {
  readonly color: string;
  readonly text: string;
}

export const LEGEND_HEIGHT = 22;

/** Swatches with their names, in a line. */
export function drawLegend(surface: Surface, entries: readonly LegendEntry[], top: number, theme: Theme): void {
  let x = 0;
  surface.textBaseline = "middle";
  surface.textAlign = "left";
  for (const { color, text } of entries) {
    surface.fillStyle = color;
    surface.fillRect(x, top + 6, 10, 10);
    surface.fillStyle = theme.dim;
    surface.fillText(text, x + 14, top + 11);
    x += 14 + surface.measureText(text).width + 12;
  }
}
