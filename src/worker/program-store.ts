import { instrument } from "../program/instrument/instrument.ts";
import type { InstrumentedModule, InstrumentOptions } from "../program/instrument/types.ts";
import type { Program } from "../program/program.ts";
import type { LoadOptions } from "../program/toolchains/load-options.ts";
import { loadProgram } from "../program/toolchains/load-program.ts";

export interface OpenOptions
  extends Pick<LoadOptions, "workingDirectory" | "includeDirectories" | "compilerArguments" | "optimize"> {
  /** Limit of the program's memory in MiB. */
  readonly maxMemoryMiB: number;
  /** Whether every single write is to be told, to a technique that acts on each or for a recording that serves those too. */
  readonly tellsWrites?: boolean;
  /** Whether it is built for a restart audit: every variable has a place and a name, and loads are told as well as stores. */
  readonly audited?: boolean;
}

export interface OpenedProgram {
  readonly program: Program;
  readonly instrumented: InstrumentedModule;
}

/**
 * Compiles what needs compiling.
 * @throws BadInputError, CompileError
 */
export function compileProgram(
  paths: readonly string[],
  options: Omit<OpenOptions, "maxMemoryMiB" | "tellsWrites">,
): Promise<Program> {
  const { workingDirectory, includeDirectories, compilerArguments, audited = false } = options;
  const optimize = audited ? "audit" : options.optimize;
  return loadProgram(paths, {
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    ...(includeDirectories === undefined ? {} : { includeDirectories }),
    ...(compilerArguments === undefined ? {} : { compilerArguments }),
    ...(optimize === undefined ? {} : { optimize }),
  });
}

/**
 * The same, instrumented for a recorded run.
 * @throws BadInputError, CompileError
 */
export async function openProgram(paths: readonly string[], options: OpenOptions): Promise<OpenedProgram> {
  const { audited = false } = options;
  const program = await compileProgram(paths, options);
  const instrumented = instrumentOnce(program.wasm, {
    mode: audited ? "watch" : "record",
    maxMemoryPages: options.maxMemoryMiB * 16,
    coalesce: options.tellsWrites !== true,
    // C's variables are in memory, where an audit builds it.
    watchVariables: audited && program.language !== "c" && program.language !== "c++",
  });
  return { program, instrumented };
}

/** Modules that a process keeps. */
const MOST_KNOWN = 4;
/** The one used last at the end. */
const known: { readonly wasm: Uint8Array; readonly how: string; readonly instrumented: InstrumentedModule }[] = [];

/** A module that was instrumented lately is the same object, and so are what V8 made of it and what else goes with it. */
function instrumentOnce(wasm: Uint8Array, options: InstrumentOptions): InstrumentedModule {
  const how = JSON.stringify(options);
  const at = known.findIndex((one) => one.how === how && Buffer.compare(one.wasm, wasm) === 0);
  const [found] = at < 0 ? [] : known.splice(at, 1);
  const { instrumented } = found ?? { instrumented: instrument(wasm, options) };
  known.push({ wasm, how, instrumented });
  if (known.length > MOST_KNOWN) known.shift();
  return instrumented;
}
