import { existsSync } from "node:fs";
import { SingleBar } from "cli-progress"; // cli-progress 3.12, MIT: a bar on standard error, only on a terminal
import { type Command, Option } from "commander";
import { ImageStore } from "../../checkpoint/images.ts";
import { optionsIn, refusalOf, refusalText } from "../../checkpoint/refusal.ts";
import { ENVIRONMENTS, type Environment } from "../../checkpoint/technique.ts";
import { TECHNIQUE_IDS, type TechniqueId, techniqueOf } from "../../checkpoint/techniques.ts";
import { Ledger } from "../../machine/ledger.ts";
import { PRIMITIVES } from "../../machine/primitives.ts";
import { BadInputError } from "../../program/program.ts";
import { isProgramName, PROGRAM_FILES } from "../../program/toolchains/load-program.ts";
import { meanCheckpointCycles, overheadPercent } from "../../run/comparison.ts";
import { ledgerOf } from "../../run/cost-table.ts";
import type { LiveRun } from "../../run/live.ts";
import { DEFAULT_MACHINE, type MachineOptions } from "../../run/machine.ts";
import { type Outcome, outcomeOf } from "../../run/outcome.ts";
import type { Recording } from "../../run/recording.ts";
import { replayRefusal } from "../../run/replay.ts";
import { type OpenedProgram, openProgram } from "../../worker/program-store.ts";
import { replayAll } from "../../worker/replay-all.ts";
import { isRunFile, readRunFile } from "../../worker/run-files.ts";
import { comparisonOf, liveRun, type ProgramInput } from "../../worker/session.ts";
import {
  addCheckpointOptions,
  addPriceOptions,
  addProgramOptions,
  listOf,
  type MachineFlags,
  machineOptionsOf,
  optionsDocument,
  type PriceFlags,
  type ProgramOptions,
  profileOf,
} from "../options.ts";
import { print, printJson, status } from "../output.ts";
import { programInputOf } from "../program-input.ts";
import { refuseProgramOptions, refuseUnused } from "../unused-options.ts";
import { type Cell, comparisonText } from "./compare-text.ts";

interface CompareOptions extends ProgramOptions, MachineFlags, PriceFlags {
  readonly techniques: TechniqueId[];
  readonly environments: Environment[];
  readonly live?: boolean;
  readonly json?: boolean;
}

export function addCompareCommand(program: Command): void {
  const command = program
    .command("compare")
    .description("what every technique costs in every environment, from one recorded run")
    .argument("<program or run file>", ".c .cc .cpp .ts .wasm .wat, or what run --out kept")
    .argument("[args...]", "what the program gets as its arguments (after --)")
    .addOption(
      new Option("--techniques <a,b>", "only these")
        .argParser(listOf(TECHNIQUE_IDS))
        .default([...TECHNIQUE_IDS], "all"),
    )
    .addOption(
      new Option("--environments <a,b>", "only these")
        .argParser(listOf(ENVIRONMENTS))
        .default([...ENVIRONMENTS], "all"),
    )
    .option("--live", "run each live instead of from one recording, and check that the ledgers are equal")
    .option("--json", "print one JSON document");
  addPriceOptions(addCheckpointOptions(addProgramOptions(command)));
  command.action(async (path: string, args: string[], options: CompareOptions) => {
    refuseUnused(command, options);
    const profile = profileOf(options);
    const base = machineOptionsOf({ ...options, environment: "native", technique: "full-copy" });
    const saved = isRunFile(path) ? readRunFile(path) : undefined;
    if (saved !== undefined) refuseProgramOptions(command, path, args);
    else if (!isProgramName(path)) throw new BadInputError(noProgramText(path));
    if (saved !== undefined && options.live === true) {
      throw new BadInputError("--live runs the program again, and a run file holds none; name the program instead");
    }
    const input = programInputOf(path, args, options);
    const actsOnWrites = (technique: TechniqueId) => techniqueOf(technique).needsEveryWrite === true;
    const needsWrites = options.techniques.some(actsOnWrites);
    /** What one recording serves: where runs are live, those whose stores all trap are apart, as they take far longer. */
    const sets: readonly Recorded[] =
      saved !== undefined
        ? [{ ...saved, about: saved.program, opened: undefined, serves: () => true }]
        : options.live === true && needsWrites
          ? [
              { ...(await record(path, input)), serves: (technique) => !actsOnWrites(technique) },
              { ...(await record(path, { ...input, tellsWrites: true })), serves: actsOnWrites },
            ]
          : [{ ...(await record(path, { ...input, tellsWrites: needsWrites })), serves: () => true }];
    const [{ recording, ending, about }] = sets;
    status("");
    if (ending.kind !== "exit") {
      process.stderr.write(`the program did not end: ${ending.message}; compared is what it did until then\n`);
    }

    const wanted = options.environments.flatMap((environment) =>
      options.techniques.map((technique) => ({ ...optionsIn(environment, base), environment, technique })),
    );
    const bar = new SingleBar({
      format: "{bar} {value}/{total} {what}",
      stream: process.stderr,
      noTTYOutput: false,
      clearOnComplete: true,
    });
    /** What came of each, or why nothing can. */
    const outcomes = new Map<MachineOptions, Outcome | string>();
    for (const machine of wanted) {
      const refusal =
        refusalOf(techniqueOf(machine.technique), machine) ??
        replayRefusal(setOf(sets, machine.technique).recording, machine.technique);
      if (refusal !== undefined) outcomes.set(machine, refusalText(refusal));
    }
    const machines = wanted.filter((machine) => !outcomes.has(machine));
    if (process.stderr.isTTY) bar.start(machines.length, 0, { what: "" });
    for (const set of sets) {
      const served = machines.filter(({ technique }) => set.serves(technique));
      const found = await replayAll(set.recording, served, {
        onDone: (number) => bar.increment(1, { what: `${served[number].technique} in ${served[number].environment}` }),
      });
      served.forEach((machine, i) => {
        outcomes.set(machine, found[i]);
      });
    }
    bar.stop();
    const cells: Cell[] = [];
    for (const machine of wanted) {
      const { environment, technique } = machine;
      const outcome = outcomes.get(machine);
      if (outcome === undefined) continue;
      const { opened, recording } = setOf(sets, technique);
      if (typeof outcome === "string") cells.push({ environment, technique, reason: outcome });
      else if (options.live === true) {
        status(`running ${path} under ${technique} in ${environment}`);
        const { run } = await liveRun({ ...input, machine, images: new ImageStore() }, opened);
        status("");
        const lived = outcomeOf(run);
        // All but what the loader was charged, of which no figure is made.
        const difference = Ledger.difference(ledgerOf(lived.costs), ledgerOf(outcome.costs), (p) => PRIMITIVES[p].name);
        if (difference !== undefined) {
          throw new Error(`${technique} in ${environment}: the live run and the replay differ: ${difference}`);
        }
        cells.push({ environment, technique, comparison: comparisonOf(run.recording, lived, profile) });
      } else cells.push({ environment, technique, comparison: comparisonOf(recording, outcome, profile) });
    }

    if (options.json === true) {
      await printJson({
        program: about,
        kernel: base.kernel,
        prices: { name: profile.name, ghz: profile.ghz },
        options: optionsDocument(base, options),
        recording: recordingSummary(recording),
        results: cells.map(jsonOf),
      });
    } else await print(comparisonText(path, recordingSummary(recording), cells, profile, base));
    process.exitCode = ending.kind === "exit" && ending.code === 0 ? 0 : 1;
  });
}

/** Why a path names neither a program nor a run file. */
function noProgramText(path: string): string {
  if (!existsSync(path))
    return `${path}: there is no such file; a program or a run file is wanted, which run --out keeps`;
  return `${path} is no run file, as run --out keeps one, and no program, which is a file ${PROGRAM_FILES}`;
}

/** A recorded run, and the techniques that are compared by it. */
interface Recorded extends Pick<LiveRun, "recording" | "ending"> {
  readonly about: { readonly path: string; readonly language: string; readonly args: readonly string[] };
  /** What was run; undefined for a run file. */
  readonly opened: OpenedProgram | undefined;
  serves(technique: TechniqueId): boolean;
}

function setOf(sets: readonly Recorded[], technique: TechniqueId): Recorded {
  return sets.find((set) => set.serves(technique)) ?? sets[0];
}

async function record(path: string, input: ProgramInput): Promise<Omit<Recorded, "serves">> {
  status(`compiling ${path}`);
  const opened = await openProgram(input.paths, input);
  status(`recording ${path}`);
  // What is recorded is the same under each; under this one images hold only what was written.
  const machine: MachineOptions = { ...DEFAULT_MACHINE, environment: "native", technique: "soft-dirty" };
  const { run, input: about } = await liveRun({ ...input, machine, images: new ImageStore() }, opened);
  return { recording: run.recording, ending: run.ending, about, opened };
}

function recordingSummary(recording: Recording) {
  return {
    programCycles: recording.programCycles,
    events: recording.kind.length,
    checkpoints: recording.calls.filter((call) => call.kind === "commit").length,
    startPages: recording.startPages,
    endPages: recording.endPages,
    writtenPages: recording.epochs.map((epoch) => epoch.pages.length),
    stores: recording.lines.reduce((sum, { stores }) => sum + stores, 0),
  };
}

function jsonOf(cell: Cell): unknown {
  const { environment, technique } = cell;
  if ("reason" in cell) {
    return {
      environment,
      technique,
      available: false,
      reason: cell.reason,
      overheadCycles: null,
      low: null,
      high: null,
      overheadPercent: null,
      costByLayer: null,
      costByPrimitive: null,
      meanCheckpointCycles: null,
    };
  }
  const { report } = cell.comparison;
  return {
    environment,
    technique,
    available: true,
    overheadCycles: report.overhead.cycles,
    low: report.overhead.low,
    high: report.overhead.high,
    overheadPercent: overheadPercent(report),
    costByLayer: report.costByLayer,
    costByPrimitive: report.costByPrimitive,
    meanCheckpointCycles: meanCheckpointCycles(report),
    ...report.confidence,
    totals: report.totals,
  };
}
