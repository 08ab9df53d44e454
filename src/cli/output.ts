import Table from "cli-table3"; // cli-table3 0.6.5, MIT: tables with alignment; no colours where the output is no terminal
import type { Confidence } from "../machine/prices.ts";
import type { CostConfidence } from "../run/confidence.ts";

/** Right-aligned columns are for numbers. */
export type Alignment = "left" | "right";

/** A table without ruling, for a terminal or a file. */
export function table(
  head: readonly string[],
  align: readonly Alignment[],
  rows: readonly (readonly string[])[],
): string {
  const made = new Table({
    head: [...head],
    colAligns: [...align],
    style: {
      head: process.stdout.isTTY ? ["bold"] : [],
      border: [],
      compact: true,
      "padding-left": 0,
      "padding-right": 2,
    },
    chars: {
      top: "",
      "top-mid": "",
      "top-left": "",
      "top-right": "",
      bottom: "",
      "bottom-mid": "",
      "bottom-left": "",
      "bottom-right": "",
      left: "",
      "left-mid": "",
      mid: "",
      "mid-mid": "",
      right: "",
      "right-mid": "",
      middle: "",
    },
  });
  made.push(...rows.map((row) => [...row]));
  return made
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Text in lines of at most so many characters, the later ones indented. */
export function wrapped(text: string, width = 110, indent = "  "): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}

/** What the confidences of prices mean. */
const MEANING: Readonly<Record<Confidence, string>> = {
  A: "read at their source",
  B: "from an abstract",
  C: "from memory",
  D: "derived",
  M: "measured by us",
  S: "supposed",
};

/** What a cost's prices rest on: `62 % derived, 38 % from memory; the most by user.memcpy.byte (derived, 52 %)`. */
export function confidenceText({ shareByConfidence, lowConfidencePrices }: CostConfidence): string {
  const whole = (share: number) => (share < 0.005 ? "under 1 %" : `${(100 * share).toFixed(0)} %`);
  const shares = Object.entries(shareByConfidence)
    .sort(([, a], [, b]) => b - a)
    .map(([confidence, share]) => `${whole(share)} ${MEANING[confidence as Confidence]}`);
  const most = lowConfidencePrices
    .slice(0, 3)
    .map(({ price, confidence, share }) => `${price} (${MEANING[confidence]}, ${whole(share)})`);
  if (shares.length === 0) return "nothing was paid";
  return `${shares.join(", ")}${most.length > 0 ? `; unsure above all: ${most.join(", ")}` : ""}`;
}

/** A short line on a terminal's standard error that the next one replaces; nothing where there is no terminal. */
export function status(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}

/** Prints one JSON document; waits until all of it is out, also through a pipe. */
export async function printJson(value: unknown): Promise<void> {
  await print(`${JSON.stringify(value, null, 2)}\n`);
}

export async function print(text: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
