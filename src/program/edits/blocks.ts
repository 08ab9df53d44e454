import type { SourceLanguage } from "./blank-text.ts";

/** A function in a text, as far as text can tell; offsets are into the text. */
export interface FunctionText {
  /** `work`, `Grid::step`; of a method of AssemblyScript `Grid#step`; empty for what is outside of functions there. */
  readonly name: string;
  /** Of the first statement, after the brace that opens the body. */
  readonly start: number;
  /** Of the brace that closes it, or the end of the text. */
  readonly end: number;
}

const C_NO_NAME = /^(?:if|for|while|switch|catch|return|sizeof|alignas|decltype|noexcept|__attribute__|defined)$/;
const METHOD = /([\w$]+)\s*(?:<[^()]*>)?\s*\([^{}]*\)\s*(?::[^{};]*)?$/;

/**
 * The functions of a text in the order of their beginnings, without those that lie in others. In AssemblyScript the text
 * itself comes first: its statements outside of functions are the program's.
 * @param code the blanked text
 */
export function functionsIn(code: string, language: SourceLanguage): readonly FunctionText[] {
  const found: FunctionText[] = [];
  if (language === "assemblyscript") found.push({ name: "", start: 0, end: code.length });
  /** Names of the classes and namespaces around, undefined for other braces. */
  const around: (string | undefined)[] = [];
  let headStart = 0;
  for (let at = 0; at < code.length; at++) {
    const character = code[at];
    if (character === ";" || character === "}") {
      if (character === "}") around.pop();
      headStart = at + 1;
    }
    if (character !== "{") continue;
    const head = code.slice(headStart, at).trim();
    if (language === "c" && /\)\s*:[^?]*[\w>]$/.test(head)) {
      at = closing(code, at); // a member's initial value, before the body of a constructor
      continue;
    }
    headStart = at + 1;
    const name = language === "c" ? cFunctionName(head) : assemblyScriptFunctionName(head, around);
    if (name === undefined) {
      around.push(/\b(?:class|struct|namespace)\s+([\w:$]+)/.exec(head)?.[1]);
      continue;
    }
    const end = closing(code, at);
    const scopes = around.filter((scope) => scope !== undefined);
    const qualified =
      language === "c" ? [...scopes, name].join("::") : [scopes.join("."), name].filter(Boolean).join("#");
    found.push({ name: qualified, start: at + 1, end });
    at = end;
    headStart = end + 1;
  }
  return found;
}

/** The function whose body contains the offset; the innermost, which with AssemblyScript's text itself matters. */
export function functionAround(functions: readonly FunctionText[], offset: number): FunctionText | undefined {
  return functions.filter(({ start, end }) => start <= offset && offset <= end).at(-1);
}

/** Offset of what closes the bracket at `open`; the end of the code where nothing does. */
export function closing(code: string, open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if ("({[".includes(code[at])) depth++;
    else if (")}]".includes(code[at]) && --depth === 0) return at;
  }
  return code.length;
}

function cFunctionName(head: string): string | undefined {
  if (!head.includes("(") || /^(?:typedef\b|enum\b)|=\s*(?:\([^()]*\)\s*)?$|\boperator\b/.test(head)) return undefined;
  for (const match of head.matchAll(/([A-Za-z_~][\w:~]*)\s*\(/g)) if (!C_NO_NAME.test(match[1])) return match[1];
  return undefined;
}

function assemblyScriptFunctionName(head: string, around: readonly (string | undefined)[]): string | undefined {
  const named = [...head.matchAll(/\bfunction\s+([\w$]+)/g)].at(-1);
  if (named) return named[1];
  // A method: directly in a class.
  if (around.at(-1) === undefined || /\b(?:class|namespace|if|for|while|switch)\b/.test(head)) return undefined;
  return METHOD.exec(head)?.[1];
}

/** Statements directly in a block. */
export interface Statement {
  readonly start: number;
  /** After its last character. */
  readonly end: number;
}

/** The statements from `start` to `end` of the code, which are those of a body or a block. */
export function statementsIn(code: string, start: number, end: number, language: SourceLanguage): readonly Statement[] {
  const statements: Statement[] = [];
  for (let at = start; at < end; ) {
    while (at < end && /\s/.test(code[at])) at++;
    if (at >= end) break;
    const last = Math.min(statementEnd(code, at, end, language), end);
    if (last > at) statements.push({ start: at, end: last });
    at = Math.max(last, at + 1);
  }
  return statements;
}

const CONTROL = /(?:else\s+if|if|for|while|switch|else|do|try|catch)\b(?:\s+constexpr\b)?/y;

function statementEnd(code: string, start: number, end: number, language: SourceLanguage): number {
  let at = skipSpace(code, start, end);
  if (code[at] === "{") return closing(code, at) + 1;
  CONTROL.lastIndex = at;
  const control = CONTROL.exec(code)?.[0];
  if (control === undefined) return simpleEnd(code, at, end, language);
  at = skipSpace(code, at + control.length, end);
  if (code[at] === "(") at = closing(code, at) + 1;
  at = statementEnd(code, at, end, language);
  // What belongs to it goes on: `else`, `catch`, and the `while` of a `do`.
  const next = skipSpace(code, at, end);
  if (/^(?:else|catch|finally)\b/.test(code.slice(next, next + 8))) return statementEnd(code, next, end, language);
  if (control === "do" && /^while\b/.test(code.slice(next, next + 6))) return simpleEnd(code, next, end, language);
  return at;
}

/** Up to the semicolon; in AssemblyScript also up to the end of a line that the next does not go on from. */
function simpleEnd(code: string, start: number, end: number, language: SourceLanguage): number {
  for (let at = start; at < end; at++) {
    if ("({[".includes(code[at])) at = closing(code, at);
    else if (code[at] === ";") return at + 1;
    else if (code[at] === "}") return at;
    else if (
      code[at] === "\n" &&
      language === "assemblyscript" &&
      isComplete(code.slice(start, at), code.slice(at, end))
    ) {
      return start + code.slice(start, at).trimEnd().length;
    }
  }
  return end;
}

function isComplete(before: string, after: string): boolean {
  return /[\w$)\]}"]\s*$/.test(before) && /^\s*(?:[\w$@}"]|$)/.test(after);
}

function skipSpace(code: string, start: number, end: number): number {
  let at = start;
  while (at < end && /\s/.test(code[at])) at++;
  return at;
}
