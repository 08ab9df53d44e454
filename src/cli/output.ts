import Table from "cli-table3"; // cli-table3 0.6.5, MIT: tables with alignment; no colours where the output is no terminal

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

export function integer(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Cycles in few characters: 8,123 · 81.2 k · 8.12 M · 8.12 G. */
export function cycles(value: number): string {
  for (const [limit, unit, name] of [
    [1e9, 1e9, " G"],
    [1e6, 1e6, " M"],
    [1e4, 1e3, " k"],
  ] as const) {
    if (Math.abs(value) >= limit) return `${(value / unit).toPrecision(3)}${name}`;
  }
  return integer(value);
}

export function bytes(value: number): string {
  for (const [unit, name] of [
    [1 << 30, "GiB"],
    [1 << 20, "MiB"],
    [1 << 10, "KiB"],
  ] as const) {
    if (value >= unit) return `${trimZeros((value / unit).toFixed(1))} ${name}`;
  }
  return `${value} B`;
}

export function percent(value: number): string {
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} %`;
}

function trimZeros(text: string): string {
  return text.replace(/\.0$/, "");
}

/** A short line on a terminal's standard error that the next one replaces; nothing where there is no terminal. */
export function status(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}

/** Prints one JSON document; waits until all of it is out, also through a pipe. */
export async function printJson(value: unknown): Promise<void> {
  await print(`${JSON.stringify(value, null, 2)}\n`);
}

export async function print(text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
