import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ByteReader } from "../lines/byte-reader.ts";
import { readDebugLines } from "../lines/debug-line.ts";
import { moduleProblem } from "../lines/module-problem.ts";
import { type ModuleLines, noLines, renameFiles } from "../lines/offset-table.ts";
import { customSection, readSections } from "../lines/sections.ts";
import { isLibrary, parseSourceMap, readSourceMapLines, type SourceMap } from "../lines/source-map.ts";
import { BadInputError, type Diagnostic, type Program } from "../program.ts";
import { displayPath, readIfPresent, readUserFile } from "./user-files.ts";

/** Source lines and texts of a module, and what there is to say about them. */
interface ModuleSources {
  readonly lines: ModuleLines;
  readonly texts: ReadonlyMap<string, string>;
  readonly diagnostics: readonly Diagnostic[];
  readonly showFile: (file: string) => string;
}

const noSources: ModuleSources = {
  ...{ lines: noLines, texts: new Map(), diagnostics: [] },
  showFile: (file) => file,
};

/**
 * Takes a module that was compiled elsewhere, with the lines that it carries: DWARF in itself, or a source map that it
 * names and that is beside it. Where these are broken the program is loaded without lines, and a warning says why.
 */
export function loadWasm(path: string, workingDirectory: string): Program {
  const wasm = readUserFile(path, workingDirectory);
  const problem = moduleProblem(wasm);
  if (problem !== undefined) throw new BadInputError(`${path}: not a WebAssembly module that can run: ${problem}`);
  let found: ModuleSources;
  try {
    found = readDwarf(wasm, path, workingDirectory) ?? readMapped(wasm, path, workingDirectory) ?? noSources;
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    const message = `the program runs without source lines: ${error.message}`;
    found = {
      ...noSources,
      diagnostics: [{ severity: "warning", file: path, line: 0, column: 0, message }],
    };
  }
  const { lines, texts, diagnostics, showFile } = found;
  return { path, language: "wasm", wasm, lines, sources: texts, diagnostics, showFile };
}

function readDwarf(wasm: Uint8Array, path: string, workingDirectory: string): ModuleSources | undefined {
  const lines = readDebugLines(wasm);
  if (!lines || lines.files.length === 0) return undefined;
  return locate(lines, [dirname(resolve(workingDirectory, path)), workingDirectory], workingDirectory, () => undefined);
}

function readMapped(wasm: Uint8Array, path: string, workingDirectory: string): ModuleSources | undefined {
  const section = customSection(wasm, readSections(wasm), "sourceMappingURL");
  if (!section) return undefined;
  const url = new ByteReader(section, "the section sourceMappingURL").name();
  const directory = dirname(resolve(workingDirectory, path));
  const text = readMap(url, directory);
  if (text === undefined) throw new BadInputError(`the source map ${url} that ${path} names is not beside it`);
  const map = parseSourceMap(text, `the source map ${url}`);
  const lines = readSourceMapLines(wasm, map, `the source map ${url}`);
  const roots = [resolve(directory, map.sourceRoot), directory, workingDirectory];
  return locate(lines, roots, workingDirectory, (source) => contentOf(map, source));
}

function readMap(url: string, directory: string): string | undefined {
  const data = /^data:[^,]*?(;base64)?,(.*)$/s.exec(url);
  if (data) return data[1] ? Buffer.from(data[2], "base64").toString() : decodeURIComponent(data[2]);
  if (url.startsWith("file:")) return readIfPresent(fileURLToPath(url));
  if (/^[a-z]+:/i.test(url))
    throw new BadInputError(`the source map ${url} is not on this machine, and is not fetched`);
  return readIfPresent(resolve(directory, decodeURIComponent(url)));
}

function contentOf(map: SourceMap, source: string): string | undefined {
  return map.sourcesContent[map.sources.indexOf(source)] ?? undefined;
}

/**
 * Gives the files of a table the names under which the user knows them, and finds their texts: each is looked for
 * under the roots in turn; one that is nowhere keeps its name.
 */
function locate(
  lines: ModuleLines,
  roots: readonly string[],
  workingDirectory: string,
  contentOfSource: (file: string) => string | undefined,
): ModuleSources {
  const names = new Map<string, string>();
  const texts = new Map<string, string>();
  for (const file of lines.files) {
    if (isLibrary(file)) continue;
    let text = contentOfSource(file);
    for (const root of isAbsolute(file) ? ["/"] : roots) {
      const candidate = join(isAbsolute(file) ? "" : root, file);
      const found = readIfPresent(candidate);
      if (found === undefined) continue;
      names.set(file, displayPath(candidate, workingDirectory));
      text ??= found;
      break;
    }
    if (text !== undefined) texts.set(names.get(file) ?? file, text);
  }
  const showFile = (file: string): string => names.get(file) ?? file;
  return { lines: renameFiles(lines, showFile), texts, diagnostics: [], showFile };
}
