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

/** Where libraries are: AssemblyScript's, the checkpoint interface's own module, and the systems' of C and C++ compilers. */
const LIBRARIES = /^(?:~lib\/|<sdk>\/|\/usr\/(?:include|lib|share)\/)|\/include\/c\+\+\/v1\//;

/** Lines of code that users did not write. */
export function isLibrary(file: string): boolean {
  return LIBRARIES.test(file);
}

/** V8's way of writing a WebAssembly frame. */
const WASM_FRAME = /wasm-function\[\d+\]:0x([0-9a-f]+)/;

/** What is used of V8's CallSite. */
interface CallSite {
  /** `wasm://` and a hash for WebAssembly. */
  getFileName(): string | null;
  /** For WebAssembly the byte in the module. */
  getPosition(): number;
}

/** V8's hooks for stack traces. */
interface StackTraces {
  stackTraceLimit: number;
  prepareStackTrace?: ((error: Error, frames: readonly CallSite[]) => unknown) | undefined;
  captureStackTrace(target: object, below: (...args: never[]) => unknown): void;
}

const STACK_TRACES = Error as unknown as StackTraces;
/** Frames that are looked at in all. */
export const STACK_FRAMES = 64;
/** Frames of a first look, and of a second where there are more: V8 walks no further, and walking is what takes long. */
const LOOKS = [8, STACK_FRAMES];
const asTheyAre = (_error: Error, frames: readonly CallSite[]) => frames;
const traced: { readonly stack?: readonly CallSite[] } = {};

/** What runs below a function, innermost first; nothing of it is written out, which would take longer than finding it. */
function framesBelow(below: (...args: never[]) => unknown, limit: number): readonly CallSite[] {
  const { stackTraceLimit, prepareStackTrace } = STACK_TRACES;
  STACK_TRACES.prepareStackTrace = asTheyAre;
  STACK_TRACES.stackTraceLimit = limit;
  try {
    STACK_TRACES.captureStackTrace(traced, below);
    return traced.stack ?? [];
  } finally {
    STACK_TRACES.prepareStackTrace = prepareStackTrace;
    STACK_TRACES.stackTraceLimit = stackTraceLimit;
  }
}

const UNSEEN = -1;
/** Library code, whose caller is asked each time. */
const OF_CALLER = -2;

/** A frame, and the user's line that it stands at or for. */
interface Place {
  readonly frame: Frame;
  readonly user: { readonly file: string; readonly line: number } | undefined;
}

/**
 * Gives the places of a run small numbers in the order in which they first matter, and finds their source lines. A place
 * in a library is told apart by the nearest caller that has one, and takes that caller's line.
 */
export class SiteTable {
  readonly #module: InstrumentedModule;
  readonly #lines: LineTable;
  readonly #cycles: () => number;
  /** Site number of each store site of the module, `UNSEEN` or `OF_CALLER`. */
  readonly #ofStore: Int32Array;
  /** Who called the library code of a store site when it wrote to a page. */
  readonly #callers = new Map<number, number>();
  /** What a site writes within one cycle of the program, it writes in one go. */
  #lastWrite = { site: UNSEEN, cycle: 0, number: UNSEEN };
  readonly #numbers = new Map<string, number>();
  readonly #sources: SiteSource[] = [];
  /** By the offset in the instrumented module, as frames name it; undefined in code that instrumentation added. */
  readonly #places = new Map<number, Place | undefined>();

  /** @param cycles the program's, as they are now */
  constructor(module: InstrumentedModule, lines: LineTable, cycles: () => number) {
    this.#module = module;
    this.#lines = lines;
    this.#cycles = cycles;
    this.#ofStore = new Int32Array(module.sites.length).fill(UNSEEN);
  }

  get sources(): readonly SiteSource[] {
    return this.#sources;
  }

  /**
   * Number of a store site of the module. To be called on the program's stack.
   * @param again given for writes that come again and again: the page that is written. Code of a library counts then for who
   *   called it when it first wrote to that page since `forgetCallers`, as a look at the stack takes far longer than a store.
   */
  ofStore(site: number, again?: number): number {
    if (this.#ofStore[site] === UNSEEN) this.#ofStore[site] = this.#look(site);
    const known = this.#ofStore[site];
    if (known !== OF_CALLER) return known;
    return again === undefined ? this.#ofCallerNow(site) : this.#ofSameCaller(site, again);
  }

  /** A fill or a copy of many pages is one instruction, with one caller. */
  #ofCallerNow(site: number): number {
    const cycle = this.#cycles();
    const last = this.#lastWrite;
    if (last.site === site && last.cycle === cycle) return last.number;
    const number = this.ofCaller(site);
    this.#lastWrite = { site, cycle, number };
    return number;
  }

  /** @returns the site's number, or `OF_CALLER` */
  #look(site: number): number {
    const { offset, functionIndex } = this.#module.sites[site];
    const { file = "", line = 0 } = this.#lines.lookup(offset) ?? {};
    const user = this.#userLine({ offset, functionIndex, file, line });
    if (user === undefined && this.#lines.kind !== "none") return OF_CALLER;
    const { name } = this.#module.functions[functionIndex];
    return this.#add(`store ${site}`, { file: "", line: 0, ...user, function: name });
  }

  /** The callers of library code are looked up anew. */
  forgetCallers(): void {
    this.#callers.clear();
  }

  #ofSameCaller(site: number, page: number): number {
    const key = page * this.#ofStore.length + site;
    let number = this.#callers.get(key);
    if (number === undefined) {
      number = this.ofCaller(site);
      this.#callers.set(key, number);
    }
    return number;
  }

  /** Number of the place in the user's code that called what runs now. @param of tells apart what it called */
  ofCaller(of: number | string): number {
    let innermost: Frame | undefined;
    for (const limit of LOOKS) {
      const callSites = framesBelow(this.ofCaller, limit);
      for (const callSite of callSites) {
        const place = this.#placeOf(callSite);
        if (place === undefined) continue;
        const { frame, user } = place;
        innermost ??= frame;
        if (user !== undefined)
          return this.#add(`${of} from ${frame.offset}`, { ...user, function: frame.functionName });
      }
      if (callSites.length < limit) break;
    }
    if (innermost === undefined) return this.#add(`outside ${of}`, { file: "", line: 0, function: "" });
    return this.#add(`${of} from ${innermost.offset}`, { file: "", line: 0, function: innermost.functionName });
  }

  /** The WebAssembly frames of a stack trace. */
  frames(stack: string): Frame[] {
    return stack.split("\n").flatMap((line) => {
      const match = WASM_FRAME.exec(line);
      return match === null ? [] : (this.#placeAt(Number.parseInt(match[1], 16))?.frame ?? []);
    });
  }

  #placeOf(callSite: CallSite): Place | undefined {
    return callSite.getFileName()?.startsWith("wasm://") === true ? this.#placeAt(callSite.getPosition()) : undefined;
  }

  /** @param offset in the instrumented module */
  #placeAt(offset: number): Place | undefined {
    if (this.#places.has(offset)) return this.#places.get(offset);
    const place = this.#findPlace(offset);
    this.#places.set(offset, place);
    return place;
  }

  #findPlace(instrumentedOffset: number): Place | undefined {
    const offset = this.#module.originalOffset(instrumentedOffset);
    if (offset === undefined) return undefined;
    const info = this.#module.functions.find(
      (candidate) => !candidate.imported && offset >= candidate.offset && offset < candidate.endOffset,
    );
    const line = this.#lines.lookup(offset);
    const frame = {
      functionIndex: info?.index ?? -1,
      functionName: info?.name ?? "",
      offset,
      file: line?.file ?? "",
      line: line?.line ?? 0,
      column: line?.column ?? 0,
    };
    return { frame, user: this.#userLine(frame) };
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
  }: Pick<Frame, "offset" | "functionIndex" | "file" | "line">):
    | { readonly file: string; readonly line: number }
    | undefined {
    if (line === 0) return undefined;
    if (!isLibrary(file)) return { file, line };
    if (functionIndex < 0) return undefined;
    for (let at = offset - 1; at >= this.#module.functions[functionIndex].offset; at--) {
      const before = this.#lines.lookup(at);
      if (before !== undefined && !isLibrary(before.file)) return { file: before.file, line: before.line };
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
