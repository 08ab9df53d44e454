import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Stands for the directory of our library files in the compiler's calls; no directory has this name. */
export const LIBRARY_DIRECTORY = "<checkpoint-lens>";
/** Files that take the place of AssemblyScript's own, or are always there. */
export const LIBRARY_FILES = ["wasi.ts", "bindings/dom.ts", "bindings/node.ts"];
/** Files that are there for who imports them. */
const IMPORTABLE_FILES = ["veloc.ts"];

/** Texts by name in the library. */
export function readLibrary(sdk: string): ReadonlyMap<string, string> {
  return new Map(
    [...LIBRARY_FILES, ...IMPORTABLE_FILES].map((name) => [name, readFileSync(join(sdk, "assembly", name), "utf8")]),
  );
}
