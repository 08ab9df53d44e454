/** Whole, with a comma at each thousand. */
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

/** In the largest unit that leaves a number above 1. */
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

/** Three digits, at least. */
export function percent(value: number): string {
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} %`;
}

function trimZeros(text: string): string {
  return text.replace(/\.0$/, "");
}
