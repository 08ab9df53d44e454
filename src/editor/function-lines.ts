/** Where functions begin in a source, as far as text can tell: pure. */

/** A name as a source writes it: without the file and the class that compilers put before it. */
export function simpleName(name: string): string {
  let plain = name.replace(/\(.*$/s, "");
  for (let before = ""; before !== plain; ) {
    before = plain;
    plain = plain.replace(/<[^<>]*>/g, "");
  }
  return /[A-Za-z_$][\w$]*$/.exec(plain)?.[0] ?? "";
}

/**
 * The line on which a function is defined: the nearest one that has its name before a parenthesis and no semicolon at its
 * end, at or above `line`, or else below it, as a function's first line with figures may be one of another function that
 * the compiler put into it.
 * @param lineAt text of a line, from 1 to `lineCount`
 * @returns undefined when there is none, as for code outside functions
 */
export function definitionLine(
  name: string,
  line: number,
  lineCount: number,
  lineAt: (line: number) => string,
): number | undefined {
  const simple = simpleName(name);
  if (simple === "" || name.startsWith("start:")) return undefined;
  const named = new RegExp(`(?:^|[^\\w$.>])${simple.replaceAll("$", "\\$")}\\s*(?:<[^()]*>)?\\s*\\(`);
  const isDefinition = (candidate: number): boolean => {
    const text = lineAt(candidate);
    return named.test(text) && !NO_DEFINITION.test(text) && !/;\s*$/.test(text);
  };
  for (let above = line; above >= 1; above--) if (isDefinition(above)) return above;
  for (let below = line + 1; below <= lineCount; below++) if (isDefinition(below)) return below;
  return undefined;
}

/** Comments, and statements that call. */
const NO_DEFINITION = /^\s*(?:\/\/|\/?\*|return\b|if\b|else\b|while\b|for\b|switch\b)|=[^=].*\(/;
