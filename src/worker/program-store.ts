import { instrument } from "../program/instrument/instrument.ts";
import type { InstrumentedModule } from "../program/instrument/types.ts";
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
 * Compiles what needs compiling and instruments it for a recorded run.
 * @throws BadInputError, CompileError
 */
export async function openProgram(paths: readonly string[], options: OpenOptions): Promise<OpenedProgram> {
  const { workingDirectory, includeDirectories, compilerArguments, audited = false } = options;
  const optimize = audited ? "audit" : options.optimize;
  const program = await loadProgram(paths, {
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    ...(includeDirectories === undefined ? {} : { includeDirectories }),
    ...(compilerArguments === undefined ? {} : { compilerArguments }),
    ...(optimize === undefined ? {} : { optimize }),
  });
  const instrumented = instrument(program.wasm, {
    mode: audited ? "watch" : "record",
    maxMemoryPages: options.maxMemoryMiB * 16,
    coalesce: options.tellsWrites !== true,
    // C's variables are in memory, where an audit builds it.
    watchVariables: audited && program.language !== "c" && program.language !== "c++",
  });
  return { program, instrumented };
}
