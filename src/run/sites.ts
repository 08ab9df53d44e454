import type { InstrumentedModule } from "../program/instrument/types.ts";
import type { LineTable } from "../program/program.ts";
import type { SiteSource } from "./recording.ts";

/** One WebAssembly frame of a stack trace, innermost first: where in the plain module it stands. */
export interface Frame {
  readonly functionIndex: number;
  readonly functionName: string;
  /** Byte offset in the plain module. */
  readonly offset: number;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Lines of code that users did not write: a standard library, and the checkpoint interface's own module. */
function isLibrary(file: string): boolean {
  return file.startsWith("~lib/") || file.startsWith("<sdk>/");
}

/** V8's way of writing a WebAssembly frame. */
const WASM_FRAME = /wasm-function\[(\d+)\]:0x([0-9a-f]+)/g;

/**
 * Gives the places of a run small numbers in the order in which they first matter, and finds their source lines. A place
 * in a library is told apart by the nearest caller that has one, and takes that caller's line.
 */
export class SiteTable {
  readonly #module: InstrumentedModule;
  readonly #lines: LineTable;
  /** Site number of each store site of the module; -1 not seen yet, -2 needs its caller. */
  readonly #ofStore: Int32Array;
  readonly #numbers = new Map<string, number>();
  readonly #sources: SiteSource[] = [];

  constructor(module: InstrumentedModule, lines: LineTable) {
    this.#module = module;
    this.#lines = lines;
    this.#ofStore = new Int32Array(module.sites.length).fill(-1);
  }

  get sources(): readonly SiteSource[] {
    return this.#sources;
  }

  /** Number of a store site of the module. To be called on the program's stack. */
  ofStore(site: number): number {
    const known = this.#ofStore[site];
    if (known >= 0) return known;
    if (known === -2) return this.ofCaller(site);
    const { offset, functionIndex } = this.#module.sites[site];
    const line = this.#lines.lookup(offset);
    if (this.#lines.kind !== "none" && (line === undefined || isLibrary(line.file))) {
      this.#ofStore[site] = -2;
      return this.ofCaller(site);
    }
    const number = this.#add(`store ${site}`, {
      file: line?.file ?? "",
      line: line?.line ?? 0,
      function: this.#module.functions[functionIndex].name,
    });
    this.#ofStore[site] = number;
    return number;
  }

  /** Number of the place in the user's code that called what runs now. @param of tells apart what it called */
  ofCaller(of: number | string): number {
    const frames = this.frames(new Error().stack ?? "");
    for (const frame of frames) {
      const line = this.#userLine(frame);
      if (line === undefined) continue;
      return this.#add(`${of} from ${frame.offset}`, {
        file: line.file,
        line: line.line,
        function: frame.functionName,
      });
    }
    const innermost = frames.at(0);
    if (innermost === undefined) return this.#add(`outside ${of}`, { file: "", line: 0, function: "" });
    return this.#add(`${of} from ${innermost.offset}`, { file: "", line: 0, function: innermost.functionName });
  }

  /** The WebAssembly frames of a stack trace. */
  frames(stack: string): Frame[] {
    const frames: Frame[] = [];
    for (const match of stack.matchAll(WASM_FRAME)) {
      const offset = this.#module.originalOffset(Number.parseInt(match[2], 16));
      if (offset === undefined) continue;
      const info = this.#module.functions.find(
        (candidate) => !candidate.imported && offset >= candidate.offset && offset < candidate.endOffset,
      );
      const line = this.#lines.lookup(offset);
      frames.push({
        functionIndex: info?.index ?? -1,
        functionName: info?.name ?? "",
        offset,
        file: line?.file ?? "",
        line: line?.line ?? 0,
        column: line?.column ?? 0,
      });
    }
    return frames;
  }

  /**
   * The user's line that a frame stands at. Where the compiler has put a library's code into the user's function, that
   * is the user's nearest line before it.
   */
  #userLine({
    offset,
    functionIndex,
    file,
    line,
  }: Frame): { readonly file: string; readonly line: number } | undefined {
    if (line === 0) return undefined;
    if (!isLibrary(file)) return { file, line };
    for (let at = offset - 1; at >= this.#module.functions[functionIndex].offset; at--) {
      const before = this.#lines.lookup(at);
      if (before !== undefined && !isLibrary(before.file)) return before;
    }
    return undefined;
  }

  #add(key: string, source: SiteSource): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#sources.length;
    this.#sources.push(source);
    this.#numbers.set(key, number);
    return number;
  }
}
