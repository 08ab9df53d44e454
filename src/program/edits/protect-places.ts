import { blankText, type SourceLanguage } from "./blank-text.ts";
import { closing, type FunctionText, functionAround, functionsIn, statementsIn } from "./blocks.ts";
import { leadingSpace, lineOf, lineText, offsetOf } from "./text-lines.ts";
import { type VelocNames, velocNames } from "./veloc-names.ts";

/** A call in a source that protects memory. */
export interface ProtectCallText {
  /** Of the call's name. */
  readonly offset: number;
  /** After its closing parenthesis. */
  readonly end: number;
  /** From 1. */
  readonly line: number;
  /** Its arguments as they are written. */
  readonly arguments: readonly string[];
  /** Of the function around it; empty outside of functions, in AssemblyScript. */
  readonly function: string;
}

/** Where to insert one more call. */
export interface ProtectPlace {
  /** Where the insertion goes, as an offset in the text, and as line and column from 1. */
  readonly offset: number;
  readonly line: number;
  readonly column: number;
  /** What stands before the statement that it comes after. */
  readonly indentation: string;
  /** The function that it is in; a variable must be known there. */
  readonly function: string;
  /** Whether a restart is called before it in the function: what is protected there is not restored by that. */
  readonly isAfterRestart: boolean;
}

/** The calls that protect memory, in the order of the text. */
export function protectCalls(text: string, language: SourceLanguage): readonly ProtectCallText[] {
  const code = blankText(text, language);
  const functions = functionsIn(code, language);
  return [...code.matchAll(velocNames(text, language).protect)].map((match) => {
    const open = match.index + match[0].length - 1;
    const around = functionAround(functions, match.index);
    return {
      ...{
        offset: match.index,
        end: closing(code, open) + 1,
        line: lineOf(text, match.index),
        function: around?.name ?? "",
      },
      arguments: splitArguments(text, code, open),
    };
  });
}

/**
 * Where to insert a call that protects a variable: after the last one in the function around `line`, else after the call
 * that begins checkpointing there; where that function has neither, in the first function of the text that has.
 * @param declaredOn line of the variable's declaration; in its own function the call comes after it
 * @returns undefined where nothing in the text protects memory or begins checkpointing
 */
export function protectPlace(
  text: string,
  language: SourceLanguage,
  line: number,
  declaredOn = 0,
): ProtectPlace | undefined {
  const code = blankText(text, language);
  const names = velocNames(text, language);
  const functions = functionsIn(code, language);
  const wanted = functionAround(functions, offsetOf(text, line) + leadingSpace(lineText(text, line)).length);
  for (const candidate of [...(wanted ? [wanted] : []), ...functions]) {
    const anchor =
      lastCall(code, names.protect, candidate, functions) ?? lastCall(code, names.begin, candidate, functions);
    if (anchor === undefined) continue;
    const declared =
      declaredOn === 0 ? -1 : offsetOf(text, declaredOn) + leadingSpace(lineText(text, declaredOn)).length;
    const isDeclaredLater = functionAround(functions, declared) === candidate && declared > anchor;
    const after = statementAround(code, isDeclaredLater ? declared : anchor, candidate, names, language);
    return placeAfter(text, code, after, candidate, names);
  }
  return undefined;
}

/** The text to insert at a place: the call as a statement on a line of its own. */
export function insertedCall(text: string, place: ProtectPlace, call: string): string {
  const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
  return `${lineEnd}${place.indentation}${call};`;
}

function lastCall(
  code: string,
  name: RegExp,
  within: FunctionText,
  functions: readonly FunctionText[],
): number | undefined {
  return [...code.slice(0, within.end).matchAll(name)]
    .map(({ index }) => index)
    .filter((index) => functionAround(functions, index) === within)
    .at(-1);
}

/**
 * The statement to come after: the whole `if` or loop around a call, unless the rest of the program lies in it too, which a
 * checkpoint or restart in the same block tells.
 */
function statementAround(
  code: string,
  offset: number,
  { start, end }: FunctionText,
  names: VelocNames,
  language: SourceLanguage,
): { start: number; end: number } {
  let block = { start, end };
  for (;;) {
    const found = statementsIn(code, block.start, block.end, language).find(
      (statement) => statement.start <= offset && offset < statement.end,
    );
    if (!found) return { start: offset, end: offset };
    const inner = blockAround(code, offset, found.start, found.end);
    if (!inner || !contains(code.slice(inner.start, inner.end), names.checkpoint)) return found;
    block = inner;
  }
}

/** The outermost block in a statement that contains the offset. */
function blockAround(
  code: string,
  offset: number,
  start: number,
  end: number,
): { start: number; end: number } | undefined {
  for (let at = start; at < Math.min(offset, end); at++) {
    if (code[at] === "(" || code[at] === "[") at = closing(code, at);
    else if (code[at] === "{") {
      const close = closing(code, at);
      if (close > offset) return { start: at + 1, end: close };
      at = close;
    }
  }
  return undefined;
}

function contains(code: string, name: RegExp): boolean {
  return code.search(name) >= 0;
}

function placeAfter(
  text: string,
  code: string,
  statement: { readonly start: number; readonly end: number },
  around: FunctionText,
  names: VelocNames,
): ProtectPlace {
  // What stands behind the statement on its line stays there if it is a comment, and comes after the call if it is code.
  const newline = text.indexOf("\n", statement.end);
  let lineEnd = newline < 0 ? text.length : newline;
  if (text[lineEnd - 1] === "\r") lineEnd--;
  const offset = code.slice(statement.end, lineEnd).trim() === "" ? lineEnd : statement.end;
  const line = lineOf(text, offset);
  return {
    ...{ offset, line, column: offset - offsetOf(text, line) + 1 },
    indentation: leadingSpace(lineText(text, lineOf(text, statement.start))),
    function: around.name,
    isAfterRestart: contains(code.slice(around.start, offset), names.restart),
  };
}

function splitArguments(text: string, code: string, open: number): readonly string[] {
  const end = closing(code, open);
  const found: string[] = [];
  let start = open + 1;
  for (let at = start; at < end; at++) {
    if ("({[".includes(code[at])) at = closing(code, at);
    else if (code[at] === ",") {
      found.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  const last = text.slice(start, end).trim();
  return last === "" && found.length === 0 ? [] : [...found, last];
}
