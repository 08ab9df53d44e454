import { SingleBar } from "cli-progress";
import { type Command, Option } from "commander";
import { DEFAULT_DETECT_SECONDS } from "../../run/restart/campaign.ts";
import { crashProgram } from "../../worker/crash.ts";
import {
  addCommitOptions,
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
import { print, printJson, status } from "../output.ts";
import { programInputOf } from "../program-input.ts";
import { refuseUnused } from "../unused-options.ts";
import { crashText } from "./crash-text.ts";

interface CrashOptions extends ProgramOptions, Omit<MachineFlags, "hybridWrites">, PriceFlags {
  readonly detect: number;
  readonly failAt: readonly number[];
  readonly torn?: boolean;
  readonly stopAtFirst?: boolean;
  readonly json?: boolean;
}

export function addCrashCommand(program: Command): void {
  const command = program
    .command("crash")
    .description("restart a program from every checkpoint that it takes, and hold each end against that of a whole run")
    .argument("<program>", ".c .cc .cpp .ts .wasm or .wat")
    .argument("[args...]", "what the program gets as its arguments (after --)")
    .option("--torn", "also cut each commit at each of its steps, and restart from what is left")
    .option("--stop-at-first", "stop at the first checkpoint whose restarts end otherwise")
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
  addPriceOptions(addCommitOptions(addKernelOption(addPathOptions(addMachineOptions(addProgramOptions(command))))));
  command.action(async (path: string, args: string[], options: CrashOptions) => {
    refuseUnused(command, options);
    const profile = profileOf(options);
    const machine = machineOptionsOf({ ...options, hybridWrites: 0 });
    const bar = new SingleBar({
      format: "{bar} {value}/{total} {what}",
      stream: process.stderr,
      noTTYOutput: false,
      clearOnComplete: true,
    });
    const { about, campaign, programCycles } = await crashProgram({
      ...programInputOf(path, args, options),
      machine,
      campaign: {
        profile,
        detectSeconds: options.detect,
        failAt: options.failAt,
        torn: options.torn === true,
        stopAtFirst: options.stopAtFirst === true,
      },
      onProgress: status,
      onJob(done, total, what) {
        if (!process.stderr.isTTY) return;
        if (done === 0) bar.start(total, 0, { what });
        bar.setTotal(total);
        bar.update(done, { what });
      },
    });
    bar.stop();
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
        programCycles,
        ...campaign,
      });
    } else await print(crashText(path, campaign, profile.ghz));
    process.exitCode = campaign.mismatches.length === 0 ? 0 : 1;
  });
}
