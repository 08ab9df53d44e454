/** Figures as the editor words them. Pure: no vscode, so that its translation comes from outside. */
import { cycles, integer } from "../run/units.ts";

/** `vscode.l10n.t`, or what stands for it. */
export type Translate = (message: string, ...args: (string | number)[]) => string;

/** A share from 0 to 1 in at most four characters and a percent sign. */
export function share(value: number): string {
  const percent = value * 100;
  if (percent >= 99.95) return `${Math.round(percent)} %`;
  if (percent >= 9.95) return `${percent.toFixed(0)} %`;
  if (percent >= 0.05) return `${percent.toFixed(1)} %`;
  return percent === 0 ? "0 %" : "<0.1 %";
}

/** Cycles as time on a machine: 812 ns · 4.21 µs · 17.3 ms · 2.05 s. */
export function time(cycleCount: number, ghz: number): string {
  const nanoseconds = cycleCount / ghz;
  for (const [limit, unit] of [
    [1e9, "s"],
    [1e6, "ms"],
    [1e3, "µs"],
  ] as const) {
    if (nanoseconds >= limit * 0.9995) return `${threeDigits(nanoseconds / limit)} ${unit}`;
  }
  return `${nanoseconds < 10 && nanoseconds > 0 ? threeDigits(nanoseconds) : Math.round(nanoseconds)} ns`;
}

/** With its unit's word, which English has in two forms. */
export function cycleText(value: number, t: Translate): string {
  return t("{0} cycles", cycles(value));
}

export function traps(count: number, t: Translate): string {
  return count === 1 ? t("1 trap") : t("{0} traps", integer(count));
}

export function pages(count: number, t: Translate): string {
  return count === 1 ? t("1 page") : t("{0} pages", integer(count));
}

export function stores(count: number, t: Translate): string {
  return count === 1 ? t("1 store") : t("{0} stores", compact(count));
}

/** Large counts in few characters. */
export function compact(count: number): string {
  if (count >= 1e9) return `${threeDigits(count / 1e9)} G`;
  if (count >= 1e6) return `${threeDigits(count / 1e6)} M`;
  return count >= 1e5 ? `${threeDigits(count / 1e3)} k` : integer(count);
}

/** Overhead in percent of what the program itself takes. */
export function overhead(percent: number): string {
  const sign = "+";
  if (percent >= 99.95) return `${sign}${integer(percent)} %`;
  return `${sign}${percent >= 9.95 ? percent.toFixed(1) : percent.toFixed(2)} %`;
}

function threeDigits(value: number): string {
  if (value >= 99.95) return integer(value);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
