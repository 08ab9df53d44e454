import { blankText, type SourceLanguage } from "./blank-text.ts";
import { type ProtectCallText, protectCalls } from "./protect-places.ts";

/** Numbers that no region of a program has. */
export interface FreeIds {
  readonly ids: readonly number[];
  /** Whether every number in use is known: some programs compute theirs. */
  readonly isCertain: boolean;
}

/** Where numbers in use are not all known, free ones are looked for from here on. */
const BEYOND_COMPUTED = 1000;

/**
 * The lowest numbers that are free.
 * @param texts of all sources of the program
 * @param count how many are wanted
 */
export function freeIds(texts: readonly string[], language: SourceLanguage, count: number): FreeIds {
  const constants = new Map(texts.flatMap((text) => constantsIn(text, language)));
  const used = new Set<number>();
  let isCertain = true;
  for (const text of texts) {
    for (const call of protectCalls(text, language)) {
      const id = idValue(call.arguments[0] ?? "", constants);
      if (id === undefined) isCertain = false;
      else used.add(id);
    }
  }
  const ids: number[] = [];
  const first = isCertain ? 0 : Math.max(BEYOND_COMPUTED, ...[...used].map((id) => id + 1));
  for (let id = first; ids.length < count; id++) if (!used.has(id)) ids.push(id);
  return { ids, isCertain };
}

/** The calls that protect a region under a number, where that is written as one or as a constant's name. */
export function callsWithId(
  texts: readonly string[],
  text: string,
  language: SourceLanguage,
  id: number,
): readonly ProtectCallText[] {
  const constants = new Map(texts.flatMap((one) => constantsIn(one, language)));
  return protectCalls(text, language).filter((call) => idValue(call.arguments[0] ?? "", constants) === id);
}

/** The value of an id as it is written: a number, or the name of one. */
function idValue(written: string, constants: ReadonlyMap<string, number>): number | undefined {
  const plain = written.replace(/^\((.*)\)$/s, "$1").trim();
  if (/^(?:0[xX][\da-fA-F]+|\d+)[uUlL]*$/.test(plain)) return Number(plain.replace(/[uUlL]+$/, ""));
  return constants.get(plain.replace(/^\w+(?:::|\.)(?=\w+$)/, ""));
}

/** Macros, enumerators and constants with a number. */
function constantsIn(text: string, language: SourceLanguage): [string, number][] {
  const found: [string, number][] = [];
  for (const [, name, value] of text.matchAll(
    /^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+\(?(0[xX][\da-fA-F]+|\d+)\)?[ \t\r]*(?:\/[/*].*)?$/gm,
  )) {
    found.push([name, Number(value)]);
  }
  const code = blankText(text, language);
  const constant =
    /\b(?:const|constexpr)\b[^;={}()]*?\b(\w+)(?:\s*:\s*\w+)?\s*=\s*(0[xX][\da-fA-F]+|\d+)[ \t]*(?:;|$)/gm;
  for (const [, name, value] of code.matchAll(constant)) found.push([name, Number(value)]);
  for (const [, list] of code.matchAll(/\benum\b[^;{}]*\{([^{}]*)\}/g)) {
    let next: number | undefined = 0;
    for (const one of list.split(",")) {
      const [, name, value] = /^\s*(\w+)\s*(?:=\s*([\s\S]*\S)\s*)?$/.exec(one) ?? [];
      if (name === undefined) continue;
      if (value !== undefined) next = /^(?:0[xX][\da-fA-F]+|\d+)$/.test(value) ? Number(value) : undefined;
      if (next === undefined) continue;
      found.push([name, next]);
      next++;
    }
  }
  return found;
}
