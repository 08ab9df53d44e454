import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander"; // commander 14, MIT: the established parser of options
import { COMMITS, COPIERS, ENVIRONMENTS, TARGETS, TECHNIQUE_IDS } from "../checkpoint/technique.ts";
import { BadInputError } from "../program/program.ts";
import { DEFAULT_MACHINE, type MachineOptions } from "../run/machine.ts";
import { GATES } from "../xen/checkpoint-service.ts";

/** What all commands that run a program take. */
export interface ProgramOptions {
  readonly source: readonly string[];
  readonly stdin?: string;
  readonly envVar: readonly string[];
  readonly dir: readonly string[];
  readonly maxMemory: number;
  readonly maxCycles: number;
  readonly seed: number;
}

export function addProgramOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--source <file>", "another source file of the program (repeat)")
        .default([], "none")
        .argParser(append),
    )
    .option("--stdin <file>", "what the program reads as standard input")
    .addOption(
      new Option("--env-var <K=V>", "an environment variable of the program (repeat)")
        .default([], "none")
        .argParser(append),
    )
    .addOption(
      new Option("--dir <host::guest>", "a folder of the host that the program sees (repeat)")
        .default([], "none")
        .argParser(append),
    )
    .option("--max-memory <MiB>", "limit of the program's memory", positive, 1024)
    .addOption(
      new Option("--max-cycles <n>", "virtual cycles after which the program is stopped")
        .argParser(positive)
        .default(Number.POSITIVE_INFINITY, "unlimited"),
    )
    .option("--seed <n>", "seed of the guest's random numbers", whole, 1);
}

export function addMachineOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--technique <id>", "how dirty pages are found")
        .choices([...TECHNIQUE_IDS])
        .default(DEFAULT_MACHINE.technique),
    )
    .addOption(
      new Option("--environment <id>", "how the guest is hosted")
        .choices([...ENVIRONMENTS])
        .default(DEFAULT_MACHINE.environment),
    );
}

export function addCheckpointOptions(command: Command): Command {
  return command
    .addOption(new Option("--copy <who>", "who copies dirty pages").choices([...COPIERS]).default(DEFAULT_MACHINE.copy))
    .addOption(
      new Option("--gate <how>", "how the program reaches Xen").choices([...GATES]).default(DEFAULT_MACHINE.gate),
    )
    .addOption(
      new Option("--commit <when>", "whether the program waits for the commit")
        .choices([...COMMITS])
        .default(DEFAULT_MACHINE.commit),
    )
    .addOption(
      new Option("--background-rate <bytes>", "with async: bytes copied for each virtual cycle of the program")
        .argParser(positive)
        .default(DEFAULT_MACHINE.backgroundBytesPerCycle),
    )
    .addOption(new Option("--target <where>", "where images go").choices([...TARGETS]).default(DEFAULT_MACHINE.target))
    .addOption(
      new Option("--kernel <version>", "the guest's Linux").choices(["5.10", "6.1"]).default(DEFAULT_MACHINE.kernel),
    );
}

export function addPriceOption(command: Command): Command {
  return command.option("--prices <name or file>", "the price profile", "era");
}

/** What the options of a machine are called on the command line. */
export interface MachineFlags extends Omit<MachineOptions, "backgroundBytesPerCycle"> {
  readonly backgroundRate: number;
}

export function machineOptionsOf(options: MachineFlags): MachineOptions {
  const { environment, technique, kernel, copy, gate, commit, target, backgroundRate } = options;
  return { environment, technique, kernel, copy, gate, commit, target, backgroundBytesPerCycle: backgroundRate };
}

/** `K=V` pairs as a map. */
export function environmentVariables(pairs: readonly string[]): Map<string, string> {
  const variables = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at <= 0) throw new BadInputError(`--env-var ${pair}: NAME=VALUE is wanted`);
    variables.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return variables;
}

export function readInput(path: string | undefined): Uint8Array {
  if (path === undefined) return new Uint8Array(0);
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new BadInputError(`--stdin ${path}: ${missing ? "there is no such file" : (error as Error).message}`);
  }
}

function append(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value <= 0) throw new InvalidArgumentError("a whole number above 0 is wanted.");
  return value;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("a whole number is wanted.");
  return value;
}

/** A list of known names, separated by commas. */
export function listOf<T extends string>(known: readonly T[]): (text: string) => T[] {
  return (text) => {
    const names = text.split(",").map((name) => name.trim());
    for (const name of names) {
      if (!known.includes(name as T)) {
        throw new InvalidArgumentError(`"${name}" is none of ${known.join(", ")}.`);
      }
    }
    return names as T[];
  };
}
