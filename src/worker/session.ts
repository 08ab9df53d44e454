import type { ImageStore } from "../checkpoint/images.ts";
import { techniqueOf } from "../checkpoint/techniques.ts";
import type { PriceProfile } from "../machine/prices.ts";
import { priceList } from "../machine/prices.ts";
import { type LiveRun, runLive } from "../run/live.ts";
import { createMachine, type MachineOptions } from "../run/machine.ts";
import { type Outcome, outcomeOf } from "../run/outcome.ts";
import type { Recording } from "../run/recording.ts";
import { type CostReport, report } from "../run/report.ts";
import { type SourceHash, savedRunOf } from "../run/run-file.ts";
import { loadHostFiles, parseSharedDirectory } from "./host-files.ts";
import { writeBack } from "./host-write-back.ts";
import { type OpenedProgram, type OpenOptions, openProgram } from "./program-store.ts";
import { writeRunFile } from "./run-files.ts";
import { sourceHashes } from "./source-hashes.ts";

/** A program and what it sees of the world. */
export interface ProgramInput extends OpenOptions {
  readonly paths: readonly string[];
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly stdin: Uint8Array;
  /** `HOST::GUEST` folders. */
  readonly dirs: readonly string[];
  readonly maxCycles: number;
  readonly seed: number;
}

export interface RunRequest extends ProgramInput {
  readonly machine: MachineOptions;
  readonly profile: PriceProfile;
  readonly images: ImageStore;
  readonly out?: string | undefined;
  /** Whether the run file shall hold every single write, as techniques need that act on each. */
  readonly keepsWrites: boolean;
  onProgress?(text: string): void;
  /** Comes after each checkpoint, with the virtual cycle. */
  onCheckpoint?(version: number, cycle: number): void;
}

export interface RunResult {
  readonly input: { readonly path: string; readonly language: string; readonly args: readonly string[] };
  readonly run: LiveRun;
  readonly report: CostReport;
  readonly profile: PriceProfile;
}

/** The whole of `run`: compile, instrument, run live, price, and keep the run where asked. */
export async function runProgram(request: RunRequest): Promise<RunResult> {
  const { profile } = request;
  // Refuses what cannot be before anything is compiled.
  createMachine(request.machine, { startPages: 1, residentPages: [] });
  const { input, run, sources } = await liveRun({
    ...request,
    tellsWrites: request.out !== undefined && request.keepsWrites,
  });
  if (request.out !== undefined) writeRunFile(request.out, savedRunOf(input, run, sources));
  return { input, run, report: priced(run.recording, outcomeOf(run), profile), profile };
}

export function priced(recording: Recording, outcome: Outcome, profile: PriceProfile): CostReport {
  return report(recording, outcome, priceList(profile, outcome.pathLengths));
}

export async function liveRun(
  request: ProgramInput & Pick<RunRequest, "machine" | "images" | "onProgress" | "onCheckpoint">,
  opened?: OpenedProgram,
): Promise<{
  readonly input: RunResult["input"];
  readonly run: LiveRun;
  readonly sources: readonly SourceHash[];
}> {
  request.onProgress?.(`compiling ${request.paths[0]}`);
  const needsWrites = techniqueOf(request.machine.technique).needsEveryWrite === true;
  const tellsWrites = request.tellsWrites === true || needsWrites;
  const { program, instrumented } = opened ?? (await openProgram(request.paths, { ...request, tellsWrites }));
  request.onProgress?.(`running ${request.paths[0]}`);
  const files = loadHostFiles(request.dirs.map(parseSharedDirectory));
  const run = runLive({
    program,
    instrumented,
    options: request.machine,
    images: request.images,
    args: request.args,
    env: request.env,
    stdin: request.stdin,
    files: files.tree,
    seed: request.seed,
    maxCycles: request.maxCycles,
    onCheckpoint(version, cycle) {
      request.onProgress?.(`running ${request.paths[0]}: checkpoint ${version}`);
      request.onCheckpoint?.(version, cycle);
    },
  });
  if (run.ending.kind === "exit") writeBack(files);
  const input = { path: program.path, language: program.language, args: request.args };
  return { input, run, sources: sourceHashes(program) };
}

/** One result of `compare`: a technique in an environment. */
export interface Comparison {
  readonly outcome: Outcome;
  readonly report: CostReport;
}

export function comparisonOf(recording: Recording, outcome: Outcome, profile: PriceProfile): Comparison {
  return { outcome, report: priced(recording, outcome, profile) };
}
