/** Languages whose text is looked at; C stands for C++ too. */
export type SourceLanguage = "c" | "assemblyscript";

/**
 * The text with everything that is no code made blank: comments, what strings and characters contain, in C also directives.
 * Offsets and lines stay, so that what is found in the one is in the same place of the other.
 */
export function blankText(text: string, language: SourceLanguage): string {
  const skipped = language === "c" ? C_SKIPPED : ASSEMBLYSCRIPT_SKIPPED;
  return text.replaceAll(skipped, (match) => {
    if (/^\d/.test(match)) return match;
    const blank = match.replaceAll(/[^\r\n]/g, " ");
    return /^["'`]/.test(match) && match.length > 1 ? `"${blank.slice(2)}"` : blank;
  });
}

const COMMENT = String.raw`\/\/[^\n]*|\/\*[^]*?(?:\*\/|(?![^]))`;
const QUOTED = String.raw`"(?:\\[^]|[^"\\\n])*"?|'(?:\\[^]|[^'\\\n])*'?`;
/** Taken whole, and kept: an apostrophe between digits separates them, in C++. */
const NUMBER = String.raw`\b\d(?:'?[\w.])*`;
const DIRECTIVE = String.raw`^[ \t]*#(?:\\\r?\n|\/\*[^]*?\*\/|[^\n])*`;
const RAW_STRING = String.raw`\bR"([^\s()\\]{0,16})\([^]*?\)\1"`;
const C_SKIPPED = new RegExp(`${DIRECTIVE}|${COMMENT}|${RAW_STRING}|${NUMBER}|${QUOTED}`, "gm");
const ASSEMBLYSCRIPT_SKIPPED = new RegExp(`${COMMENT}|${QUOTED}|${String.raw`\`(?:\\[^]|[^\`\\])*\`?`}`, "g");
