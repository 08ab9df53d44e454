import type { ProgramInput } from "../worker/session.ts";
import { environmentVariables, type ProgramOptions, readInput } from "./options.ts";

/** What the options of a command say of the program and what it sees. */
export function programInputOf(path: string, args: readonly string[], options: ProgramOptions): ProgramInput {
  return {
    paths: [path, ...options.source],
    args,
    env: environmentVariables(options.envVar),
    stdin: readInput(options.stdin),
    dirs: options.dir,
    maxMemoryMiB: options.maxMemory,
    maxCycles: options.maxCycles,
    seed: options.seed,
  };
}
