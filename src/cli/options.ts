import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander"; // commander 14, MIT: the established parser of options
import { COMMITS, COPIERS, ENVIRONMENTS, MOST_HYBRID_WRITES, TARGETS } from "../checkpoint/technique.ts";
import { TECHNIQUE_IDS } from "../checkpoint/techniques.ts";
import type { PriceProfile } from "../machine/prices.ts";
import { type Devices, withDevices } from "../machine/what-if.ts";
import { BadInputError } from "../program/program.ts";
import { DEFAULT_MACHINE, type MachineOptions } from "../run/machine.ts";
import { transferBytesPerCycle } from "../run/transfer-rate.ts";
import { loadProfile } from "../worker/profiles.ts";
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

/** What crosses with techniques. */
export function addCheckpointOptions(command: Command): Command {
  return addCommitOptions(addKernelOption(addPathOptions(command))).addOption(
    new Option("--hybrid-writes <n>", "with hv-hybrid: writes to a page that are emulated before it opens")
      .argParser(wholeUpTo(MOST_HYBRID_WRITES))
      .default(DEFAULT_MACHINE.hybridWrites),
  );
}

export function addCommitOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--commit <when>", "whether the program waits for the commit")
        .choices([...COMMITS])
        .default(DEFAULT_MACHINE.commit),
    )
    .addOption(
      new Option("--background-rate <bytes>", "with async: bytes copied for each virtual cycle of the program")
        .argParser(aboveZero)
        .default(DEFAULT_MACHINE.backgroundBytesPerCycle),
    );
}

/** How pages get to where images are kept. */
export function addPathOptions(command: Command): Command {
  return command
    .addOption(new Option("--copy <who>", "who copies dirty pages").choices([...COPIERS]).default(DEFAULT_MACHINE.copy))
    .addOption(
      new Option("--gate <how>", "how the program reaches Xen").choices([...GATES]).default(DEFAULT_MACHINE.gate),
    )
    .addOption(new Option("--target <where>", "where images go").choices([...TARGETS]).default(DEFAULT_MACHINE.target));
}

export function addKernelOption(command: Command): Command {
  return command.addOption(
    new Option("--kernel <version>", "the guest's Linux").choices(["5.10", "6.1"]).default(DEFAULT_MACHINE.kernel),
  );
}

export function addPriceOptions(command: Command): Command {
  return command
    .option("--prices <name or file>", "the price profile", "era")
    .addOption(
      new Option("--bandwidth <rate>", "the network to the replica, e.g. 10Gbit instead of the profile's").argParser(
        rateIn("bit"),
      ),
    )
    .addOption(
      new Option("--round-trip <time>", "to the replica and back, e.g. 100us instead of the profile's").argParser(
        secondsIn,
      ),
    )
    .addOption(
      new Option("--disk-bandwidth <rate>", "the disk, e.g. 500MB instead of the profile's").argParser(rateIn("byte")),
    )
    .addOption(new Option("--disk-flush <time>", "until the disk has what was written, e.g. 8ms").argParser(secondsIn));
}

/** What the prices of a command are called; rates in bytes per second, times in seconds. */
export interface PriceFlags {
  readonly prices: string;
  readonly bandwidth?: number;
  readonly roundTrip?: number;
  readonly diskBandwidth?: number;
  readonly diskFlush?: number;
}

/** The profile that is named, with the devices that are supposed instead of its own. */
export function profileOf(flags: PriceFlags): PriceProfile {
  return withDevices(loadProfile(flags.prices, `--prices ${flags.prices}`), devicesOf(flags));
}

function devicesOf({ bandwidth, roundTrip, diskBandwidth, diskFlush }: PriceFlags): Devices {
  return {
    wireBytesPerSecond: bandwidth,
    wireRoundTripSeconds: roundTrip,
    diskBytesPerSecond: diskBandwidth,
    diskFlushSeconds: diskFlush,
  };
}

/** What the options of a machine are called on the command line. */
export interface MachineFlags extends Omit<MachineOptions, "backgroundBytesPerCycle" | "transferBytesPerCycle"> {
  readonly backgroundRate: number;
}

export function machineOptionsOf(options: MachineFlags & PriceFlags): MachineOptions {
  const { environment, technique, kernel, copy, gate, commit, target, hybridWrites, backgroundRate } = options;
  return {
    ...{ environment, technique, kernel, copy, gate, commit, target, hybridWrites },
    backgroundBytesPerCycle: backgroundRate,
    transferBytesPerCycle: transferBytesPerCycle(target, devicesOf(options)),
  };
}

/** The options as JSON states them; null where the profile's own network or disk is priced. */
export function optionsDocument(machine: Partial<MachineOptions>, prices: PriceFlags): Record<string, unknown> {
  const { copy, gate, commit, target, hybridWrites, backgroundBytesPerCycle, transferBytesPerCycle } = machine;
  const scaled = (value: number | undefined, factor: number) =>
    value === undefined ? null : Number((value * factor).toPrecision(12));
  return {
    ...{ copy, gate, commit, target, hybridWrites },
    ...(commit === "async" ? { backgroundBytesPerCycle, transferBytesPerCycle } : {}),
    bandwidthBitsPerSecond: scaled(prices.bandwidth, 8),
    roundTripMicroseconds: scaled(prices.roundTrip, 1e6),
    diskBytesPerSecond: scaled(prices.diskBandwidth, 1),
    diskFlushMicroseconds: scaled(prices.diskFlush, 1e6),
  };
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

function aboveZero(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError("a number above 0 is wanted.");
  return value;
}

const RATE = /^(\d+(?:\.\d+)?)\s*([kMGT]?)(bit|B)?(?:\/s)?$/;
const PREFIX: Readonly<Record<string, number>> = { "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** A parser of data rates: `10Gbit`, `500MB`, or a number of `unit`s per second. @returns bytes per second */
function rateIn(unit: "bit" | "byte"): (text: string) => number {
  return (text) => {
    const match = RATE.exec(text);
    const value = match === null ? Number.NaN : Number(match[1]) * PREFIX[match[2]];
    if (!(value > 0)) throw new InvalidArgumentError("a rate such as 10Gbit, 125MB or a number above 0 is wanted.");
    const bits = match?.[3] === "bit" || (match?.[3] === undefined && unit === "bit");
    return bits ? value / 8 : value;
  };
}

const TIME = /^(\d+(?:\.\d+)?)\s*(ns|us|ms|s)?$/;
const SECONDS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1 };

/** A time: `100us`, `1ms`, or a number of microseconds. @returns seconds */
export function secondsIn(text: string): number {
  const match = TIME.exec(text);
  const value = match === null ? Number.NaN : Number(match[1]) * SECONDS[match[2] ?? "us"];
  if (!(value > 0)) throw new InvalidArgumentError("a time such as 100us, 1ms or a number above 0 is wanted.");
  return value;
}

export function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("a whole number is wanted.");
  return value;
}

function wholeUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = whole(text);
    if (value > most) throw new InvalidArgumentError(`a whole number from 0 to ${most} is wanted.`);
    return value;
  };
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
