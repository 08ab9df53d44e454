import type { ImageSurface } from "./surface.ts";

type Style = CanvasRenderingContext2D["fillStyle"];

interface Kept {
  readonly styles: readonly [Style, Style, number, number, string, CanvasTextAlign, CanvasTextBaseline];
  readonly x: number;
  readonly y: number;
  /** Groups that were opened since, to be closed. */
  readonly groups: number;
}

const ANCHORS: Readonly<Record<CanvasTextAlign, string>> = {
  left: "start",
  start: "start",
  center: "middle",
  right: "end",
  end: "end",
};

/** Draws into the text of an SVG what a canvas would show. Paths are lines and rectangles, as our pictures need. */
export class SvgSurface implements ImageSurface {
  fillStyle: Style = "#000000";
  strokeStyle: Style = "#000000";
  lineWidth = 1;
  globalAlpha = 1;
  font = "11px sans-serif";
  textAlign: CanvasTextAlign = "start";
  textBaseline: CanvasTextBaseline = "alphabetic";

  readonly #measure: CanvasRenderingContext2D;
  readonly #parts: string[] = [];
  readonly #stack: Kept[] = [];
  #path = "";
  #x = 0;
  #y = 0;
  #groups = 0;
  #clips = 0;

  /** @param measure knows how wide texts are */
  constructor(measure: CanvasRenderingContext2D) {
    this.#measure = measure;
  }

  /** The whole document, once everything is drawn. */
  document(width: number, height: number): string {
    const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>\n${this.#parts.join("\n")}\n</svg>\n`;
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    this.#parts.push(`<rect ${this.#box(x, y, width, height)} fill="${escaped(this.fillStyle)}"${this.#opacity()}/>`);
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.#parts.push(`<rect ${this.#box(x, y, width, height)} fill="none"${this.#stroke()}/>`);
  }

  fillText(text: string, x: number, y: number, maxWidth?: number): void {
    const { size, weight, family } = fontParts(this.font);
    const width = this.measureText(text).width;
    const fitted = maxWidth !== undefined && width > maxWidth ? ` textLength="${short(maxWidth)}"` : "";
    // Most readers of SVG do not know baselines: the middle of small letters is a third of their size above it.
    const baseline = this.textBaseline === "middle" ? y + size * 0.35 : y;
    this.#parts.push(
      `<text x="${short(this.#x + x)}" y="${short(this.#y + baseline)}" font-family="${escaped(family)}" font-size="${size}"` +
        `${weight === "" ? "" : ` font-weight="${weight}"`} text-anchor="${ANCHORS[this.textAlign]}"` +
        ` fill="${escaped(this.fillStyle)}"${this.#opacity()}${fitted}>${escaped(text)}</text>`,
    );
  }

  measureText(text: string): TextMetrics {
    this.#measure.font = this.font;
    return this.#measure.measureText(text);
  }

  beginPath(): void {
    this.#path = "";
  }

  moveTo(x: number, y: number): void {
    this.#path += `M${short(this.#x + x)} ${short(this.#y + y)}`;
  }

  lineTo(x: number, y: number): void {
    this.#path += `L${short(this.#x + x)} ${short(this.#y + y)}`;
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.moveTo(x, y);
    this.#path += `h${short(width)}v${short(height)}h${short(-width)}z`;
  }

  stroke(): void {
    this.#parts.push(`<path d="${this.#path}" fill="none"${this.#stroke()}/>`);
  }

  /** Until `restore`. */
  clip(): void {
    const id = `clip${++this.#clips}`;
    this.#parts.push(`<clipPath id="${id}"><path d="${this.#path}"/></clipPath><g clip-path="url(#${id})">`);
    this.#groups++;
  }

  save(): void {
    this.#stack.push({
      styles: [
        this.fillStyle,
        this.strokeStyle,
        this.lineWidth,
        this.globalAlpha,
        this.font,
        this.textAlign,
        this.textBaseline,
      ],
      x: this.#x,
      y: this.#y,
      groups: this.#groups,
    });
    this.#groups = 0;
  }

  restore(): void {
    const kept = this.#stack.pop();
    if (kept === undefined) return;
    for (let i = 0; i < this.#groups; i++) this.#parts.push("</g>");
    [this.fillStyle, this.strokeStyle, this.lineWidth, this.globalAlpha, this.font, this.textAlign, this.textBaseline] =
      kept.styles;
    this.#x = kept.x;
    this.#y = kept.y;
    this.#groups = kept.groups;
  }

  translate(x: number, y: number): void {
    this.#x += x;
    this.#y += y;
  }

  placeImage(image: HTMLCanvasElement, x: number, y: number, width: number, height: number): void {
    const box = this.#box(x, y, width, height);
    this.#parts.push(
      `<image ${box} preserveAspectRatio="none" style="image-rendering:pixelated" href="${image.toDataURL("image/png")}"/>`,
    );
  }

  #box(x: number, y: number, width: number, height: number): string {
    const at = `x="${short(this.#x + x)}" y="${short(this.#y + y)}"`;
    return `${at} width="${short(Math.max(0, width))}" height="${short(Math.max(0, height))}"`;
  }

  #stroke(): string {
    return ` stroke="${escaped(this.strokeStyle)}" stroke-width="${this.lineWidth}"${this.#opacity()}`;
  }

  #opacity(): string {
    return this.globalAlpha === 1 ? "" : ` opacity="${this.globalAlpha}"`;
  }
}

/** Of `600 13px Some Family, sans-serif`, as our pictures set it. */
function fontParts(font: string): { readonly size: number; readonly weight: string; readonly family: string } {
  const match = /^(?:(\w+) )?([\d.]+)px (.+)$/.exec(font);
  return { size: Number(match?.[2] ?? 11), weight: match?.[1] ?? "", family: match?.[3] ?? "sans-serif" };
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function escaped(text: Style): string {
  return String(text).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
