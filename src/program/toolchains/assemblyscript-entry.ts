import { basename } from "node:path";

/** The file that a program starts from, and its text where it is not the user's own. */
export interface Entry {
  readonly file: string;
  readonly text: string | undefined;
}

const START_FILE = "checkpoint-lens-start.ts";
const EXPORTED_MAIN = /^[ \t]*export[ \t]+function[ \t]+main[ \t]*\([ \t]*\)[ \t]*:[ \t]*(\w+)/m;
const CALLED_AT_TOP_LEVEL = /^main[ \t]*\(/m;

/**
 * A program runs from the top of its file. One that exports `main()` and does not call it gets a start of its own that
 * does, and whose exit code is what `main` returns.
 */
export function entryOf(path: string, text: string): Entry {
  const file = basename(path);
  const main = EXPORTED_MAIN.exec(text);
  if (!main || CALLED_AT_TOP_LEVEL.test(text)) return { file, text: undefined };
  const call = main[1] === "void" ? "main();" : "process.exit(<i32>main());";
  return { file: START_FILE, text: `import { main } from "./${file.replace(/\.ts$/, "")}";\n${call}\n` };
}
