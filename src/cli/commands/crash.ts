import { SingleBar } from "cli-progress";
import { type Command, Option } from "commander";
import { BadInputError } from "../../program/program.ts";
import {
  type Campaign,
  crashCampaign,
  DEFAULT_DETECT_SECONDS,
  type Recovery,
  type RestartReport,
} from "../../run/restart/campaign.ts";
import { cycles, integer } from "../../run/units.ts";
import { endlessText } from "../../worker/audit.ts";
import { openCampaign } from "../../worker/campaign.ts";
import {
  addKernelOption,
  addMachineOptions,
  addPathOptions,
  addPriceOptions,
  addProgramOptions,
  type MachineFlags,
  machineOptionsOf,
  optionsDocument,
  type PriceFlags,
  type ProgramOptions,
  profileOf,
  secondsIn,
  whole,
} from "../options.ts";
import { print, printJson, status, table, wrapped } from "../output.ts";
import { programInputOf } from "../program-input.ts";

interface CrashOptions extends ProgramOptions, Omit<MachineFlags, "commit" | "hybridWrites">, PriceFlags {
  readonly detect: number;
  readonly failAt: readonly number[];
  readonly stopAtFirst?: boolean;
  readonly json?: boolean;
}

export function addCrashCommand(program: Command): void {
  const command = program
    .command("crash")
    .description("restart a program from every checkpoint that it takes, and hold each end against that of a whole run")
    .argument("<program>", ".c .cc .cpp .ts .wasm or .wat")
    .argument("[args...]", "what the program gets as its arguments (after --)")
    .option("--stop-at-first", "stop at the first restart that ends otherwise")
    .addOption(
      new Option("--fail-at <cycle>", "also tell what a failure at this virtual cycle loses (repeat)")
        .default([], "none")
        .argParser((text: string, before: readonly number[]) => [...before, whole(text)]),
    )
    .addOption(
      new Option("--detect <time>", "until a crash is noticed, for recovery times; supposed, 100ms")
        .argParser(secondsIn)
        .default(DEFAULT_DETECT_SECONDS, "100ms"),
    )
    .option("--json", "print one JSON document");
  addPriceOptions(addKernelOption(addPathOptions(addMachineOptions(addProgramOptions(command)))));
  command.action(async (path: string, args: string[], options: CrashOptions) => {
    const profile = profileOf(options);
    const machine = machineOptionsOf({ ...options, commit: "sync", hybridWrites: 0 });
    const { input, about } = await openCampaign({
      ...programInputOf(path, args, options),
      machine,
      onProgress: status,
    });
    status("");
    const bar = new SingleBar({
      format: "{bar} {value}/{total} {what}",
      stream: process.stderr,
      noTTYOutput: false,
      clearOnComplete: true,
    });
    const campaign = crashCampaign(input, {
      profile,
      detectSeconds: options.detect,
      failAt: options.failAt,
      stopAtFirst: options.stopAtFirst === true,
      onProgress(done, total, what) {
        if (!process.stderr.isTTY) return;
        if (done === 0) bar.start(total, 0, { what });
        bar.setTotal(total);
        bar.update(done, { what });
      },
    });
    bar.stop();
    const { ending } = campaign.reference.run;
    if (ending.kind !== "exit") {
      throw new BadInputError(endlessText(path, ending.message));
    }
    if (options.json === true) {
      await printJson({
        program: about,
        environment: machine.environment,
        technique: machine.technique,
        prices: { name: profile.name, ghz: profile.ghz },
        options: {
          ...optionsDocument(machine, options),
          detectSeconds: options.detect,
        },
        ...jsonOf(campaign),
      });
    } else await print(textOf(path, campaign, profile.ghz));
    process.exitCode = campaign.restarts.every(({ survived }) => survived) ? 0 : 1;
  });
}

function jsonOf({ restarts, failures, dependsOn, reference }: Campaign): Record<string, unknown> {
  return {
    restarts: restarts.length,
    survived: restarts.filter(({ survived }) => survived).length,
    mismatches: restarts.flatMap(({ name, version, difference }) =>
      difference === undefined ? [] : [{ name, version, difference }],
    ),
    dependsOn,
    programCycles: reference.cycle,
    versions: restarts,
    failures,
  };
}

function textOf(path: string, { restarts, failures, dependsOn }: Campaign, ghz: number): string {
  const survived = restarts.filter((restart) => restart.survived).length;
  if (restarts.length === 0) {
    return `${path} takes no checkpoint: there is nothing to restart from. A program takes one with VELOC_Checkpoint.\n`;
  }
  const all = survived === restarts.length;
  const parts = [
    all
      ? `${path} survives a crash after each of its ${restarts.length} checkpoints: every restart ends like the run that nothing stopped.`
      : `${path} does not survive: ${restarts.length - survived} of ${restarts.length} restarts end otherwise than the run that nothing stopped.`,
    restartTable(restarts),
  ];
  const scratch = restarts.filter(({ restoredVersion }) => restoredVersion === null);
  if (scratch.length > 0) {
    parts.push(
      `${scratch.length} of them restored nothing and began from the start: all work until the crash is lost.`,
    );
  }
  const said = new Set(restarts.flatMap(({ refusals }) => refusals));
  if (said.size > 0) parts.push([...said].map((line) => wrapped(line)).join("\n"));
  for (const [what, depends] of [
    ["the time", dependsOn.time],
    ["random numbers", dependsOn.randomness],
  ] as const) {
    if (depends)
      parts.push(
        wrapped(
          `The program's results depend on ${what} that the system gives it. Here a restarted program reads what the first run read; on a real machine it would not.`,
        ),
      );
  }
  if (failures.length > 0) {
    parts.push(
      table(
        ["failure at cycle", "finds", "work lost", "recovery"],
        ["right", "left", "right", "right"],
        failures.map(({ cycle, version, lostCycles, recovery }) => [
          integer(cycle),
          version === null ? "nothing" : `version ${version}`,
          `${cycles(lostCycles)} cycles`,
          milliseconds(recovery, ghz),
        ]),
      ),
    );
  }
  return `${parts.join("\n\n")}\n`;
}

function restartTable(restarts: readonly RestartReport[]): string {
  return table(
    ["restart from", "", "lost at most", "reload", "restore", "re-entry", "what differs"],
    ["left", "left", "right", "right", "right", "right", "left"],
    restarts.map(({ name, version, survived, restoredVersion, difference, lostCycles, intervalCycles, recovery }) => [
      `${name} ${version}`,
      survived ? (restoredVersion === null ? "from the start" : "survives") : "differs",
      cycles(lostCycles + intervalCycles),
      cycles(recovery.reload),
      cycles(recovery.restore),
      cycles(recovery.reentry),
      difference ?? "",
    ]),
  );
}

function milliseconds({ detect, reload, restore, reentry }: Recovery, ghz: number): string {
  return `${((detect + reload + restore + reentry) / ghz / 1e6).toFixed(2)} ms`;
}
