import { blankText, type SourceLanguage } from "./blank-text.ts";
import type { ProtectCallText } from "./protect-places.ts";

/**
 * What to take out of a text so that a call is gone: its statement, with the line where it stands alone.
 * @returns [start, end) offsets; undefined where the call is part of a larger statement
 */
export function removedCall(
  text: string,
  language: SourceLanguage,
  { offset, end: callEnd }: ProtectCallText,
): { readonly start: number; readonly end: number } | undefined {
  const code = blankText(text, language);
  const semicolon = /^\s*;/.exec(code.slice(callEnd));
  const before = /(?:^|[;{}])\s*$/.exec(code.slice(0, offset));
  if (semicolon === null || before === null) return undefined;
  const end = callEnd + semicolon[0].length;
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  const lineEnd = text.indexOf("\n", end);
  const rest = text.slice(end, lineEnd < 0 ? text.length : lineEnd);
  const isAlone = text.slice(lineStart, offset).trim() === "" && /^\s*(?:\/\/.*|\/\*[^\n]*\*\/\s*)?$/.test(rest);
  return isAlone ? { start: lineStart, end: lineEnd < 0 ? text.length : lineEnd + 1 } : { start: offset, end };
}
