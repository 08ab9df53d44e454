/** What stands after a line: pure, so that it can be tested without an editor. */
import type { LineMark } from "../session/figures.ts";
import type { LineItem } from "./settings.ts";
import { cycleText, pages, share, stores, type Translate, time, traps } from "./wording.ts";

/** How much of the overhead a line is worth looking at. */
export type Heat = "high" | "medium" | "low";

export function heatOf(lineShare: number): Heat {
  if (lineShare >= 0.2) return "high";
  return lineShare >= 0.05 ? "medium" : "low";
}

/** Lines that are marked: those that cost, or that were the first to write a page, from a share on; one entry for each. */
export function markedLines<L extends LineMark>(
  lines: readonly L[],
  file: string,
  threshold: number,
): ReadonlyMap<number, readonly L[]> {
  const marked = new Map<number, L[]>();
  for (const figures of lines) {
    if (figures.file !== file || figures.line < 1) continue;
    if (figures.cycles === 0 && figures.dirtyPages === 0) continue;
    const before = marked.get(figures.line);
    if (before === undefined) marked.set(figures.line, [figures]);
    else before.push(figures);
  }
  for (const [line, parts] of marked) if (shareOf(parts) < threshold) marked.delete(line);
  return marked;
}

/** One line may belong to several functions: what it costs is the sum. */
export function shareOf(parts: readonly LineMark[]): number {
  return parts.reduce((sum, part) => sum + part.share, 0);
}

/** The line that most of the overhead is of, over all functions that it belongs to; undefined where none costs anything. */
export function costliestLine(
  lines: readonly LineMark[],
): { readonly file: string; readonly line: number } | undefined {
  const found = [...new Set(lines.map(({ file }) => file))].flatMap((file) =>
    [...markedLines(lines, file, 0)].map(([line, parts]) => ({ file, line, share: shareOf(parts) })),
  );
  return found.filter(({ share }) => share > 0).sort((a, b) => b.share - a.share)[0];
}

/** The parts that say something, separated by dots: `38 % · 1,204 traps · 96 pages`. */
export function lineText(parts: readonly LineMark[], items: readonly LineItem[], ghz: number, t: Translate): string {
  const sum = (of: (part: LineMark) => number) => parts.reduce((total, part) => total + of(part), 0);
  const cycleCount = sum((part) => part.cycles);
  const count = (of: (part: LineMark) => number, word: (count: number, t: Translate) => string): string => {
    const total = sum(of);
    return total === 0 ? "" : word(total, t);
  };
  const texts: Readonly<Record<LineItem, () => string>> = {
    share: () => share(shareOf(parts)),
    time: () => (cycleCount === 0 ? "" : time(cycleCount, ghz)),
    cycles: () => (cycleCount === 0 ? "" : cycleText(cycleCount, t)),
    traps: () => count((part) => part.traps, traps),
    pages: () => count((part) => part.dirtyPages, pages),
    stores: () => count((part) => part.stores, stores),
  };
  return items
    .map((item) => texts[item]())
    .filter((text) => text !== "")
    .join(" · ");
}
