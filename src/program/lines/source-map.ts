import { BadInputError } from "../program.ts";
import { type FunctionRange, readFunctions } from "./functions.ts";
import { type ModuleLines, NO_FILE, type OffsetRow, offsetTable } from "./offset-table.ts";
import { decodeMappings } from "./vlq.ts";

/** A source map, version 3, as far as it matters here. */
export interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent: readonly (string | null)[];
  readonly sourceRoot: string;
  readonly mappings: string;
}

/**
 * @param text the map's JSON
 * @param what its name in messages
 */
export function parseSourceMap(text: string, what: string): SourceMap {
  let map: unknown;
  try {
    map = JSON.parse(text);
  } catch (error) {
    throw new BadInputError(
      `${what}: a source map is JSON, this is not (${error instanceof Error ? error.message : error})`,
    );
  }
  if (typeof map !== "object" || map === null) throw new BadInputError(`${what}: a source map is a JSON object`);
  const { version, sources, sourcesContent, sourceRoot, mappings } = map as Readonly<Record<string, unknown>>;
  if (version !== 3)
    throw new BadInputError(`${what}: version 3 of the format is expected, this is ${String(version)}`);
  if (typeof mappings !== "string") throw new BadInputError(`${what}: "mappings" must be a string`);
  if (!Array.isArray(sources) || !sources.every((source) => typeof source === "string" || source === null)) {
    throw new BadInputError(`${what}: "sources" must be a list of file names`);
  }
  return {
    sources: sources.map((source: string | null) => source ?? ""),
    sourcesContent: Array.isArray(sourcesContent)
      ? sourcesContent.map((content: unknown) => (typeof content === "string" ? content : null))
      : [],
    sourceRoot: typeof sourceRoot === "string" ? sourceRoot : "",
    mappings,
  };
}

/** Library code is not the user's: AssemblyScript's own files are under this prefix. */
export function isLibrary(file: string): boolean {
  return file.startsWith("~lib/");
}

/**
 * The line table of a source map whose columns are offsets in the module's file, all on its first line, as
 * AssemblyScript (through Binaryen) and Emscripten write it.
 *
 * Which line an instruction belongs to: its own, if that is the user's. Optimised AssemblyScript inlines the library's
 * stores (`array[i] = x` becomes code of `~lib/staticarray.ts`) and leaves some instructions without a line; such an
 * instruction belongs to the nearest mapped line of the user before it in the same function, or to the first one where
 * none is before it. A function without any line of the user is the library's own, and keeps the library's lines.
 * @throws BadInputError where the mappings are malformed
 */
export function readSourceMapLines(module: Uint8Array, map: SourceMap, what: string): ModuleLines {
  const segments = decodeMappings(map.mappings, what);
  const functions = readFunctions(module);
  const library = map.sources.map(isLibrary);
  const rows: OffsetRow[] = [];
  let next = 0;
  for (const { start, end } of functions) {
    const own: OffsetRow[] = [{ ...NOWHERE, offset: start }];
    for (; next < segments.length && segments[next].column < end; next++) {
      const { column, source, line, sourceColumn } = segments[next];
      if (column < start) continue; // before the first function, or in the length between two
      if (source >= map.sources.length) {
        throw new BadInputError(`${what}: a mapping names source ${source}, of ${map.sources.length}`);
      }
      own.push(
        source < 0
          ? { ...NOWHERE, offset: column }
          : { offset: column, file: source, line: line + 1, column: sourceColumn + 1 },
      );
    }
    const isUser = (row: OffsetRow): boolean => row.file !== NO_FILE && !library[row.file];
    let user = own.find(isUser);
    for (const row of own) {
      if (isUser(row)) user = row;
      rows.push(user === undefined ? row : { ...user, offset: row.offset });
    }
  }
  endAfter(rows, functions);
  return offsetTable("source-map", map.sources, rows);
}

const NOWHERE = { file: NO_FILE, line: 0, column: 0 };

function endAfter(rows: OffsetRow[], functions: readonly FunctionRange[]): void {
  const last = functions.at(-1);
  if (last) rows.push({ ...NOWHERE, offset: last.end });
}
