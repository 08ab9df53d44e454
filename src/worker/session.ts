import type { ImageStore } from "../checkpoint/images.ts";
import type { PriceProfile } from "../machine/prices.ts";
import { priceList } from "../machine/prices.ts";
import { type LiveRun, runLive } from "../run/live.ts";
import { createMachine, type MachineOptions } from "../run/machine.ts";
import { type Outcome, outcomeOf } from "../run/outcome.ts";
import type { Recording } from "../run/recording.ts";
import { type CostReport, report } from "../run/report.ts";
import { savedRunOf } from "../run/run-file.ts";
import { loadHostFiles, parseSharedDirectory } from "./host-files.ts";
import { writeBack } from "./host-write-back.ts";
import { type OpenedProgram, openProgram } from "./program-store.ts";
import { writeRunFile } from "./run-files.ts";

/** A program and what it sees of the world. */
export interface ProgramInput {
  readonly paths: readonly string[];
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly stdin: Uint8Array;
  /** `HOST::GUEST` folders. */
  readonly dirs: readonly string[];
  readonly maxMemoryMiB: number;
  readonly maxCycles: number;
  readonly seed: number;
}

export interface RunRequest extends ProgramInput {
  readonly machine: MachineOptions;
  readonly profile: PriceProfile;
  readonly images: ImageStore;
  readonly out?: string | undefined;
  onProgress?(text: string): void;
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
  const { input, run } = await liveRun(request);
  if (request.out !== undefined) writeRunFile(request.out, savedRunOf(input, run));
  return { input, run, report: priced(run.recording, outcomeOf(run), profile), profile };
}

export function priced(recording: Recording, outcome: Outcome, profile: PriceProfile): CostReport {
  return report(recording, outcome, priceList(profile, outcome.pathLengths));
}

export async function liveRun(
  request: ProgramInput & Pick<RunRequest, "machine" | "images" | "onProgress">,
  opened?: OpenedProgram,
): Promise<{ readonly input: RunResult["input"]; readonly run: LiveRun }> {
  request.onProgress?.(`compiling ${request.paths[0]}`);
  const { program, instrumented } = opened ?? (await openProgram(request.paths, request));
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
    onCheckpoint: (version) => request.onProgress?.(`running ${request.paths[0]}: checkpoint ${version}`),
  });
  if (run.ending.kind === "exit") writeBack(files);
  return { input: { path: program.path, language: program.language, args: request.args }, run };
}

/** One result of `compare`: a technique in an environment. */
export interface Comparison {
  readonly outcome: Outcome;
  readonly report: CostReport;
}

export function comparisonOf(recording: Recording, outcome: Outcome, profile: PriceProfile): Comparison {
  return { outcome, report: priced(recording, outcome, profile) };
}
