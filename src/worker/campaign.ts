import { createMachine, type MachineOptions } from "../run/machine.ts";
import type { CampaignInput } from "../run/restart/reference.ts";
import { loadHostFiles, parseSharedDirectory } from "./host-files.ts";
import { openProgram } from "./program-store.ts";
import type { ProgramInput, RunResult } from "./session.ts";

/**
 * Compiles a program and gathers what it sees of the world, for runs that change nothing outside of their guests.
 * @throws BadInputError, CompileError
 */
export async function openCampaign(
  request: ProgramInput & { readonly machine: MachineOptions; onProgress?(text: string): void },
): Promise<{ readonly input: CampaignInput; readonly about: RunResult["input"] }> {
  // Refuses what cannot be before anything is compiled.
  createMachine(request.machine, { startPages: 1, residentPages: [] });
  request.onProgress?.(`compiling ${request.paths[0]}`);
  const { program, instrumented } = await openProgram(request.paths, request);
  const { machine, args, env, stdin, seed, maxCycles } = request;
  const { tree: files } = loadHostFiles(request.dirs.map(parseSharedDirectory));
  return {
    input: { program, instrumented, options: machine, args, env, stdin, files, seed, maxCycles },
    about: { path: program.path, language: program.language, args },
  };
}
