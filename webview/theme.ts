import type { CellColors } from "./draw/page-map.ts";

/** The editor's colours, as canvases need them. */
export interface Theme {
  readonly dark: boolean;
  readonly highContrast: boolean;
  readonly foreground: string;
  readonly dim: string;
  readonly background: string;
  readonly border: string;
  readonly accent: string;
  readonly selection: string;
  /** Of costs that no phase colours. */
  readonly bar: string;
  /** Bytes that differ from the version before. */
  readonly changed: string;
  /** Of failures. */
  readonly error: string;
  readonly font: string;
  /** By phase of a checkpoint, and `program`. */
  readonly phases: Readonly<Record<string, string>>;
  /** Of the map's cells: shade 0 is a page that nobody wrote. */
  readonly cells: CellColors;
}

const PHASES = ["track", "collect", "copy", "arm", "commit", "restart", "register"] as const;

/** Reads what the editor's theme says now. */
export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const of = (name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback;
  const kind = document.body.dataset.vscodeThemeKind ?? "";
  const highContrast = kind.startsWith("vscode-high-contrast");
  const dark = kind === "vscode-dark" || kind === "vscode-high-contrast";
  const background = of("--vscode-editor-background", dark ? "#1f1f1f" : "#ffffff");
  const foreground = of("--vscode-foreground", dark ? "#cccccc" : "#3b3b3b");
  const accent = of("--cl-accent", "#0078d4");
  const plain = paletteOf(
    rgb(of("--cl-empty", background)),
    rgb(of("--cl-low", accent)),
    rgb(of("--cl-high", foreground)),
  );
  const lit = of("--cl-lit", "#cca700");
  return {
    dark,
    highContrast,
    foreground,
    dim: of("--vscode-descriptionForeground", foreground),
    background,
    border: of("--cl-border", "#80808059"),
    accent,
    selection: of("--cl-selection", accent),
    bar: of("--vscode-charts-blue", accent),
    changed: of("--cl-changed", accent),
    error: of("--vscode-errorForeground", "#f14c4c"),
    font: of("--vscode-font-family", "sans-serif"),
    phases: Object.fromEntries(PHASES.map((phase) => [phase, of(`--cl-phase-${phase}`, accent)])),
    cells: {
      plain,
      lit: mixed(plain, rgb(lit), 0.45),
      corner: lit,
    },
  };
}

/** Calls when the editor's theme changes. */
export function onThemeChange(listener: () => void): void {
  new MutationObserver(listener).observe(document.body, {
    attributes: true,
    attributeFilter: ["class", "data-vscode-theme-kind"],
  });
}

type Rgb = readonly [red: number, green: number, blue: number];

/** From shade 1 to 255 by equal steps between two colours; the eye tells about a dozen of them. */
function paletteOf(empty: Rgb, low: Rgb, high: Rgb): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, shade) => {
    const part = (shade - 1) / 254;
    return packed(shade === 0 ? empty : between(low, high, part));
  });
}

function mixed(palette: Uint32Array, color: Rgb, part: number): Uint32Array {
  return palette.map((value) => packed(between([value & 255, (value >> 8) & 255, (value >> 16) & 255], color, part)));
}

function between(a: Rgb, b: Rgb, part: number): Rgb {
  const [red, green, blue] = a.map((value, i) => value + (b[i] - value) * part);
  return [red, green, blue];
}

function packed([red, green, blue]: Rgb): number {
  return ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}

let probe: CanvasRenderingContext2D | null | undefined;

/** Any colour that CSS knows, as bytes. */
function rgb(color: string): Rgb {
  if (probe === undefined) {
    const canvas = document.createElement("canvas");
    canvas.width = 1;
    canvas.height = 1;
    probe = canvas.getContext("2d", { willReadFrequently: true });
  }
  if (probe === null) return [128, 128, 128];
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = color;
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}
