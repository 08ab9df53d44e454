import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { readDebugLines } from "../lines/debug-line.ts";
import { noLines, renameFiles } from "../lines/offset-table.ts";
import { joinPaths } from "../lines/paths.ts";
import { BadInputError, CompileError, type Diagnostic, type Program } from "../program.ts";
import { bundledClangIdentity, runBundledClang } from "./bundled-clang.ts";
import { collectIncludes } from "./c-includes.ts";
import { type Cache, cacheKey } from "./cache.ts";
import { ALLOCATORS, COMPILE_ARGUMENTS, featuresOf, linkArguments, OPTIMIZED, UNOPTIMIZED } from "./clang-arguments.ts";
import { type ClangJob, type ClangResult, objectPath } from "./clang-job.ts";
import { parseClangMessages } from "./clang-messages.ts";
import type { LoadOptions } from "./load-options.ts";
import { pointerCountedAllocations } from "./pointer-counted.ts";
import { sdkDirectory } from "./sdk.ts";
import { findSystemClang, runSystemClang, type SystemClang } from "./system-clang.ts";
import { displayPath, readUserText } from "./user-files.ts";

/** Above this many bytes of source the bundled compiler takes minutes. */
const LARGE_SOURCE_BYTES = 1 << 20;
const SDK_HEADERS = ["include/veloc.h", "include/veloc/defs.h", "include/mpi.h"];
const POINTER_COUNTED = "libc/pointer-counted.c";

/**
 * Compiles C and C++ sources to one module.
 * @param paths as the user named them
 * @throws CompileError with the compiler's messages, in which files have the names that the user gave them
 */
export async function loadCProgram(
  paths: readonly string[],
  options: LoadOptions,
  workingDirectory: string,
  cache: Cache | undefined,
): Promise<Program> {
  const named = new Map(paths.map((path) => [resolve(workingDirectory, path), path]));
  const texts = new Map([...named].map(([absolute, path]) => [absolute, readUserText(path, workingDirectory)]));
  const includeDirectories = (options.includeDirectories ?? []).map((path) => resolve(workingDirectory, path));
  const { files } = collectIncludes(texts, includeDirectories);

  // Whatever the user's files are called where they lie, the compiler sees them below /program: what it makes then
  // depends on nothing but their contents and how they lie to each other.
  const base = commonDirectory([...files.keys()]);
  const place = (absolute: string): string => join("/program", relative(base, absolute)).split(sep).join("/");
  const showAbsolute = (absolute: string): string => named.get(absolute) ?? displayPath(absolute, workingDirectory);
  const shown = new Map([...files.keys()].map((absolute) => [place(absolute), showAbsolute(absolute)]));

  const warnings = [...texts].flatMap(([absolute, text]) => pointerCountedAllocations(place(absolute), text));
  const job = describeJob([...texts.keys()], files, place, includeDirectories, options, warnings.length > 0);
  const clang = chooseClang(
    options,
    [...files.values()].reduce((sum, text) => sum + text.length, 0),
  );
  const key = cacheKey([
    clang?.identity ?? bundledClangIdentity(),
    JSON.stringify([...job.files]),
    JSON.stringify(job),
  ]);

  let result = readCached(cache, key);
  if (!result) {
    options.onProgress?.(`compiling ${paths.join(", ")}`);
    const run = async (one: ClangJob): Promise<ClangResult> =>
      clang ? runSystemClang(clang, one) : runBundledClang(one);
    let made = await run(job);
    if (made.wasm === undefined && options.optimize === "audit" && /undefined symbol/.test(made.messages)) {
      const again = await run(withInlineFunctions(job));
      if (again.wasm !== undefined) made = again;
    }
    if (made.wasm === undefined) throw compileError(made.messages, job, shown);
    result = { wasm: made.wasm, messages: made.messages };
    cache?.write(key, [result.wasm, Buffer.from(result.messages)]);
  }
  const show = (file: string): string =>
    shown.get(joinPaths(file)) ?? shown.get(joinPaths("/program", file)) ?? showSdk(file);
  const lines = renameFiles(readDebugLines(result.wasm) ?? noLines, show);
  return {
    path: paths[0],
    language: job.cxx ? "c++" : "c",
    wasm: result.wasm,
    lines,
    sources: new Map([...files].map(([absolute, text]) => [showAbsolute(absolute), text])),
    diagnostics: [...warnings, ...parseClangMessages(result.messages)].map((diagnostic) => ({
      ...diagnostic,
      file: show(diagnostic.file),
    })),
    showFile: show,
  };
}

function describeJob(
  sources: readonly string[],
  userFiles: ReadonlyMap<string, string>,
  place: (absolute: string) => string,
  includeDirectories: readonly string[],
  options: LoadOptions,
  countsInPointers: boolean,
): ClangJob {
  const sdk = sdkDirectory(options.sdkDirectory);
  const files = new Map([...userFiles].map(([absolute, text]) => [place(absolute), text]));
  for (const name of countsInPointers ? [...SDK_HEADERS, POINTER_COUNTED] : SDK_HEADERS) {
    files.set(`/sdk/${name}`, readFileSync(join(sdk, name), "utf8"));
  }
  const features = featuresOf(userFiles.values());
  const optimize = options.optimize ?? "release";
  const common = [
    ...(optimize === "release" ? OPTIMIZED : []),
    ...COMPILE_ARGUMENTS,
    ...features.compile,
    ...includeDirectories.map((directory) => `-I${place(directory)}`),
    // After the user's own, and as system headers, so that theirs win and ours do not add to the warnings. The second
    // makes "include/veloc.h" work, which VELOC's examples use.
    "-isystem/sdk/include",
    "-isystem/sdk",
    ...(options.compilerArguments ?? []),
    ...(optimize === "audit" ? UNOPTIMIZED : []),
  ];
  const units = sources.map((absolute) => ({
    source: place(absolute),
    // WASI's C++ library is built without exceptions: what throws ends the program.
    arguments: isCxx(absolute) ? [...common, "-fno-exceptions"] : common,
  }));
  if (countsInPointers) units.push({ source: `/sdk/${POINTER_COUNTED}`, arguments: ["-O2"] });
  const wrap = countsInPointers ? ALLOCATORS.map((name) => `-Wl,--wrap=${name}`) : [];
  return {
    files,
    units,
    linkArguments: [...linkArguments(optimize), ...features.link, ...wrap],
    cxx: sources.some(isCxx),
  };
}

/**
 * The same with every inline function of C as a function of its own. In C99, one that is declared `inline` alone is no
 * definition for the linker; optimised programs do without, and so nobody notices until they are not optimised.
 */
function withInlineFunctions(job: ClangJob): ClangJob {
  return {
    ...job,
    units: job.units.map((unit) =>
      isCxx(unit.source) ? unit : { ...unit, arguments: [...unit.arguments, "-fgnu89-inline"] },
    ),
    linkArguments: [...job.linkArguments, "-Wl,--allow-multiple-definition"],
  };
}

function isCxx(path: string): boolean {
  return !path.endsWith(".c");
}

function chooseClang(options: LoadOptions, sourceBytes: number): SystemClang | undefined {
  const choice = options.clang ?? "auto";
  if (choice === "bundled") return undefined;
  const forced = choice === "system" || Boolean(process.env.CHECKPOINT_LENS_CLANG);
  if (!forced && sourceBytes <= LARGE_SOURCE_BYTES) return undefined;
  const found = findSystemClang();
  if (forced && !found) {
    throw new BadInputError(
      "no clang of the system can compile for WASI: install clang, lld, wasi-libc and libclang-rt for wasm32, " +
        "set CHECKPOINT_LENS_CLANG to one, or use the bundled compiler",
    );
  }
  return found;
}

function readCached(cache: Cache | undefined, key: string): { wasm: Uint8Array; messages: string } | undefined {
  const [wasm, messages] = cache?.read(key) ?? [];
  return wasm && messages ? { wasm, messages: Buffer.from(messages).toString() } : undefined;
}

/** The deepest directory that contains all these files. */
function commonDirectory(files: readonly string[]): string {
  let common = dirname(files[0]);
  for (const file of files) {
    while (common !== dirname(common)) {
      const path = relative(common, file);
      if (!path.startsWith("..") && !isAbsolute(path)) break;
      common = dirname(common);
    }
  }
  return common;
}

function showSdk(file: string): string {
  return file.replace(/^\/sdk\/(?:include\/)?/, "<sdk>/");
}

function compileError(
  messages: ClangResult["messages"],
  job: ClangJob,
  shown: ReadonlyMap<string, string>,
): CompileError {
  let text = messages.replaceAll(/\/program\/[^\s:]*\/\.\.\/[^\s:]*/g, (path) => joinPaths(path));
  for (const [i, unit] of job.units.entries()) text = text.replaceAll(objectPath(i), unit.source);
  // Longest first, so that no name is taken for the beginning of another.
  for (const [placed, name] of [...shown].sort(([a], [b]) => b.length - a.length)) text = text.replaceAll(placed, name);
  text = text.replaceAll("/sdk/include/", "<sdk>/").trim();
  if (/exceptions disabled/.test(text)) {
    text += "\nC++ exceptions are not available here: WASI's C++ library is built without them.";
  }
  const diagnostics: readonly Diagnostic[] = parseClangMessages(text);
  return new CompileError(text || "the compiler failed and said nothing", diagnostics);
}
