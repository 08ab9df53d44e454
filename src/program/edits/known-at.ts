import { blankText, type SourceLanguage } from "./blank-text.ts";
import { functionAround, functionsIn } from "./blocks.ts";
import type { ProtectPlace } from "./protect-places.ts";
import { lineText, offsetOf } from "./text-lines.ts";

/** What has to be known of a variable to tell where it can be named; its file is that of the text. */
export interface DeclaredVariable {
  readonly name: string;
  /** Of its declaration, from 1. */
  readonly line: number;
  /** Name of the function that declares it; empty outside of functions. */
  readonly scope: string;
}

/**
 * Whether code at a place can name a variable of the same file: it is declared before, outside of functions or in the same
 * one, and no bracket has closed since that was open at its declaration.
 */
export function isKnownAt(
  text: string,
  language: SourceLanguage,
  variable: DeclaredVariable,
  place: ProtectPlace,
): boolean {
  const code = blankText(text, language);
  const isInFunction = variable.scope !== "";
  // What stands outside of functions has run before they are called, in AssemblyScript; the order does not matter to them.
  if (!isInFunction && language === "assemblyscript" && place.function !== "") return true;
  const column = lineText(code, variable.line).search(new RegExp(`(?<![\\w$])${lastName(variable.name)}(?![\\w$])`));
  const declared = offsetOf(text, variable.line) + Math.max(column, 0);
  if (declared >= place.offset) return false;
  if (!isInFunction) return true;
  if (lastName(variable.scope) !== lastName(place.function)) return false;
  const around = functionAround(functionsIn(code, language), place.offset);
  // A parameter stands before the body.
  if (around && declared < around.start) return true;
  let depth = 0;
  for (let at = declared; at < place.offset; at++) {
    if ("({[".includes(code[at])) depth++;
    else if (")}]".includes(code[at]) && --depth < 0) return false;
  }
  return true;
}

/** A name without its classes and namespaces, template arguments and special characters. */
function lastName(name: string): string {
  return /([\w$]+)\W*$/.exec(name.replace(/<.*>$/s, ""))?.[1].replaceAll("$", "\\$") ?? "";
}
