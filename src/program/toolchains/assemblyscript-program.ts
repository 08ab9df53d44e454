import { basename, dirname, join, resolve } from "node:path";
import { renameFiles } from "../lines/offset-table.ts";
import { isLibrary, parseSourceMap, readSourceMapLines } from "../lines/source-map.ts";
import { CompileError, type Diagnostic, type Program } from "../program.ts";
import type { Declarations } from "../symbols/declarations.ts";
import { inlineAccessors, inlineArrayAccessors } from "./assemblyscript-accessors.ts";
import { mendDebugInfo } from "./assemblyscript-debug-info.ts";
import { collectDeclarations } from "./assemblyscript-declarations.ts";
import { type Entry, entryOf } from "./assemblyscript-entry.ts";
import { LIBRARY_DIRECTORY, LIBRARY_FILES, readLibrary } from "./assemblyscript-library.ts";
import { type Cache, cacheKey } from "./cache.ts";
import type { LoadOptions, Optimize } from "./load-options.ts";
import { packageVersion } from "./packages.ts";
import { sdkDirectory } from "./sdk.ts";
import { displayPath, readIfPresent, readUserText } from "./user-files.ts";

/**
 * Optimised at level 2 without shrinking, with accesses to arrays inlined, so that their stores lie in the user's functions
 * and can be told apart by line. Measured on the samples: level 2 runs 1.1 to 1.5 times as fast as level 1, level 3 no faster
 * than 2 (within 5 %), and shrinking 1.0 to 1.4 times slower; at 2 every store of the user's own statements in kv.ts and
 * order-book.ts is found under its line.
 *
 * For an audit not at all, but for accessors, so that every local keeps its variable from its declaration on, and its name.
 */
const LEVEL: Readonly<Record<Optimize, readonly string[]>> = {
  release: ["--optimizeLevel", "2", "--shrinkLevel", "0"],
  audit: ["--optimizeLevel", "0", "--shrinkLevel", "0"],
};

const OUTPUT = "program.wasm";
/** `--debug` only adds names. */
const ARGUMENTS: readonly string[] = [
  ...["--outFile", OUTPUT, "--sourceMap", "--debug"],
  ...["--exportStart", "_start"],
  ...["--lib", LIBRARY_DIRECTORY],
  ...["abort", "trace", "seed"].flatMap((name) => ["--use", `${name}=wasi_${name}`]),
  "--noColors",
];

/** What a compilation made and what it read: a cached one holds as long as every read would give the same again. */
interface Result {
  readonly wasm: Uint8Array;
  readonly sourceMap: string;
  readonly diagnostics: readonly Diagnostic[];
  /** Texts by the name that the compiler asked for, null where there was no such file. */
  readonly reads: ReadonlyMap<string, string | null>;
  readonly declarations: Declarations;
}

/**
 * Compiles an AssemblyScript program. Other files are imported as in any AssemblyScript project: relative to the
 * importing file, or from `node_modules` above the program.
 * @throws CompileError with the compiler's messages
 */
export async function loadAssemblyScript(
  path: string,
  options: LoadOptions,
  workingDirectory: string,
  cache: Cache | undefined,
): Promise<Program> {
  const text = readUserText(path, workingDirectory);
  const directory = dirname(resolve(workingDirectory, path));
  const entry = entryOf(path, text);
  const library = readLibrary(sdkDirectory(options.sdkDirectory));
  const version = packageVersion("assemblyscript");
  const { optimize = "release" } = options;
  const key = cacheKey([
    `assemblyscript ${version}, lines, names and declarations kept, accessors inlined and placed`,
    JSON.stringify([optimize, LEVEL[optimize], ARGUMENTS, entry, text, [...library]]),
  ]);

  // The compiler names files relative to the directory of the program.
  const show = (file: string): string =>
    file === basename(path) ? path : isLibrary(file) ? file : displayPath(join(directory, file), workingDirectory);
  const read = (name: string): string | null =>
    name === entry.file && entry.text !== undefined ? entry.text : (readIfPresent(resolve(directory, name)) ?? null);

  let result = readCached(cache, key, read);
  if (!result) {
    options.onProgress?.(`compiling ${path}`);
    result = await compile(entry, optimize, library, read, show);
    cache?.write(key, encode(result));
  }
  const map = parseSourceMap(result.sourceMap, `the source map of ${path}`);
  const sources = new Map<string, string>();
  map.sources.forEach((source, i) => {
    const content = map.sourcesContent[i];
    if (content !== null && content !== undefined) sources.set(show(source), content);
  });
  return {
    path,
    language: "assemblyscript",
    wasm: result.wasm,
    lines: renameFiles(readSourceMapLines(result.wasm, map, `the source map of ${path}`), show),
    sources,
    diagnostics: result.diagnostics.map((diagnostic) => ({ ...diagnostic, file: show(diagnostic.file) })),
    showFile: show,
    declarations: result.declarations,
  };
}

/** Some 2 s of work, the first time. */
export async function loadAssemblyScriptCompiler(): Promise<typeof import("assemblyscript/asc").default> {
  await mendDebugInfo();
  return (await import("assemblyscript/asc")).default;
}

async function compile(
  entry: Entry,
  optimize: Optimize,
  library: ReadonlyMap<string, string>,
  read: (name: string) => string | null,
  show: (file: string) => string,
): Promise<Result> {
  const asc = await loadAssemblyScriptCompiler();
  const declarations = collectDeclarations();
  const transforms = [declarations.transform, optimize === "audit" ? await inlineAccessors() : inlineArrayAccessors()];
  const reads = new Map<string, string | null>();
  const written = new Map<string, Uint8Array | string>();
  const diagnostics: Diagnostic[] = [];
  const messages = asc.createMemoryStream();
  const textOf = (file: string): string => reads.get(file) ?? "";
  const { error } = await asc.main([entry.file, ...LEVEL[optimize], ...ARGUMENTS], {
    transforms,
    stdout: asc.createMemoryStream(),
    stderr: messages,
    listFiles: (name) => (name === LIBRARY_DIRECTORY ? LIBRARY_FILES : null),
    readFile: (name, base) => {
      if (base === LIBRARY_DIRECTORY) return library.get(name) ?? null;
      const text = read(name);
      reads.set(name, text);
      return text;
    },
    writeFile: (name, contents) => {
      written.set(name, contents);
    },
    reportDiagnostic: (diagnostic) => {
      const file = diagnostic.range?.source?.normalizedPath ?? "";
      const place = diagnostic.range ? placeOf(textOf(file), diagnostic.range.start) : { line: 0, column: 0 };
      diagnostics.push({ severity: severityOf(diagnostic.category), file, ...place, message: diagnostic.message });
    },
  });
  const wasm = written.get(OUTPUT);
  const sourceMap = written.get(`${OUTPUT}.map`);
  if (error || !(wasm instanceof Uint8Array) || typeof sourceMap !== "string") {
    let text = messages.toString().trim() || (error?.message ?? "the compiler made nothing");
    for (const name of reads.keys()) text = text.replaceAll(`in ${name}(`, `in ${show(name)}(`);
    throw new CompileError(
      text,
      diagnostics.map((diagnostic) => ({ ...diagnostic, file: show(diagnostic.file) })),
    );
  }
  return { wasm: wasm.slice(), sourceMap, diagnostics, reads, declarations: declarations.collected() };
}

/** Categories of the compiler's diagnostics: pedantic 0, info 1, warning 2, error 3. */
function severityOf(category: number): Diagnostic["severity"] {
  if (category === 3) return "error";
  return category === 2 ? "warning" : "note";
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}

function encode(result: Result): readonly Uint8Array[] {
  return [
    result.wasm,
    Buffer.from(result.sourceMap),
    Buffer.from(JSON.stringify({ ...result, wasm: undefined, sourceMap: undefined, reads: [...result.reads] })),
  ];
}

function readCached(cache: Cache | undefined, key: string, read: (name: string) => string | null): Result | undefined {
  const [wasm, sourceMap, rest] = cache?.read(key) ?? [];
  if (!wasm || !sourceMap || !rest) return undefined;
  const { diagnostics, reads, declarations } = JSON.parse(Buffer.from(rest).toString()) as {
    diagnostics: readonly Diagnostic[];
    declarations: Declarations;
    reads: readonly (readonly [string, string | null])[];
  };
  if (reads.some(([name, text]) => read(name) !== text)) return undefined;
  return { wasm, sourceMap: Buffer.from(sourceMap).toString(), diagnostics, reads: new Map(reads), declarations };
}
