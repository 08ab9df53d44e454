/** What pictures are drawn on: a canvas, or the text of an SVG. */
export type Surface = Pick<
  CanvasRenderingContext2D,
  | "fillStyle"
  | "strokeStyle"
  | "lineWidth"
  | "globalAlpha"
  | "font"
  | "textAlign"
  | "textBaseline"
  | "fillRect"
  | "strokeRect"
  | "fillText"
  | "measureText"
  | "beginPath"
  | "moveTo"
  | "lineTo"
  | "rect"
  | "stroke"
  | "clip"
  | "save"
  | "restore"
  | "translate"
>;

/** A surface that takes what was drawn elsewhere, with its pixels as they are. */
export interface ImageSurface extends Surface {
  placeImage(image: HTMLCanvasElement, x: number, y: number, width: number, height: number): void;
}

export function isImageSurface(surface: Surface): surface is ImageSurface {
  return "placeImage" in surface;
}

/** Puts a canvas on a surface, with its pixels as they are. */
export function placeImage(
  surface: Surface,
  image: HTMLCanvasElement,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  if (isImageSurface(surface)) surface.placeImage(image, x, y, width, height);
  else if (surface instanceof CanvasRenderingContext2D) {
    surface.imageSmoothingEnabled = false;
    surface.drawImage(image, x, y, width, height);
  }
}
