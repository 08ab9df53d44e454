import { extname, resolve } from "node:path";
import { BadInputError, type Program } from "../program.ts";
import { loadAssemblyScript, loadAssemblyScriptCompiler } from "./assemblyscript-program.ts";
import { loadBundledClang } from "./bundled-clang.ts";
import { loadCProgram } from "./c-program.ts";
import { Cache, cacheDirectory } from "./cache.ts";
import type { LoadOptions } from "./load-options.ts";
import { shippedPrograms } from "./sdk.ts";
import { loadWasm } from "./wasm-program.ts";
import { loadWat } from "./wat-program.ts";

const C_EXTENSIONS = [".c", ".cc", ".cpp", ".cxx"];
/** What a program's name ends in. */
export const PROGRAM_FILES = ".c, .cc, .cpp, .cxx, .ts (AssemblyScript), .wasm or .wat";

/**
 * Makes a program of what the user names, by its extension. Several files make one program only in C and C++.
 * @param paths the program and, for C and C++, its further sources; relative ones count from the working directory
 * @throws BadInputError where a file cannot be used
 * @throws CompileError where its compiler refuses it
 */
export async function loadProgram(paths: readonly string[], options: LoadOptions = {}): Promise<Program> {
  const [path] = paths;
  if (path === undefined) throw new BadInputError(`a program is needed: a file ${PROGRAM_FILES}`);
  const workingDirectory = resolve(options.workingDirectory ?? ".");
  const directory = options.cacheDirectory === undefined ? cacheDirectory() : options.cacheDirectory;
  const cache = directory === null ? undefined : new Cache(directory, shippedPrograms(options.sdkDirectory));
  const kinds = paths.map(extensionOf);
  if (kinds.every((kind) => C_EXTENSIONS.includes(kind))) return loadCProgram(paths, options, workingDirectory, cache);
  if (paths.length > 1) {
    const other = paths.find((_, i) => !C_EXTENSIONS.includes(kinds[i]));
    throw new BadInputError(`${other}: only C and C++ programs have several sources (.c, .cc, .cpp, .cxx)`);
  }
  switch (kinds[0]) {
    case ".ts":
      return loadAssemblyScript(path, options, workingDirectory, cache);
    case ".wasm":
      return loadWasm(path, workingDirectory);
    default:
      return loadWat(path, workingDirectory);
  }
}

/** Loads what compiles programs like this one, ahead of the first. */
export async function loadCompiler(path: string): Promise<void> {
  const extension = extname(path).toLowerCase();
  if (extension === ".ts") await loadAssemblyScriptCompiler();
  else if (C_EXTENSIONS.includes(extension)) await loadBundledClang();
}

/** Whether a file is taken for a program by its name. */
export function isProgramName(path: string): boolean {
  return [...C_EXTENSIONS, ".ts", ".wasm", ".wat"].includes(extname(path).toLowerCase());
}

function extensionOf(path: string): string {
  const extension = extname(path).toLowerCase();
  if (isProgramName(path)) return extension;
  const what = extension === "" ? "it has no extension" : `it ends in ${extension}`;
  throw new BadInputError(`${path}: a program is a file ${PROGRAM_FILES}, ${what}`);
}
