import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { arch, cpus, platform, release, tmpdir } from "node:os";
import { delimiter, dirname, join, resolve as resolvePath } from "node:path";
import { fileURLToPath } from "node:url";
import type { KernelBuildName } from "../linux/kernel-build.ts";
import { BadInputError } from "../program/program.ts";
import type { MeasuredMachine, Measurement } from "../run/calibration.ts";
import { checkFolderOf } from "./write-whole.ts";

export interface MachineMeasurements {
  readonly machine: MeasuredMachine;
  readonly compiler: string;
  readonly rounds: number;
  readonly measurements: readonly Measurement[];
  /** What this machine cannot do, and why. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

/** With fewer undisturbed samples than this, disturbed ones count, too. */
const LEAST_SAMPLES = 3;
const COMPILERS = ["cc", "gcc", "clang"];

/**
 * Builds the measuring program with the system's compiler, runs it, and takes medians and percentiles of its samples.
 * An interrupt ends the process with code 130 and leaves nothing behind.
 * @param diskFolder where a file is written whose disk is measured
 *
 * @throws BadInputError where there is no compiler, or another system than Linux on x86-64
 */
export async function measureMachine(rounds: number, diskFolder: string): Promise<MachineMeasurements> {
  if (platform() !== "linux" || arch() !== "x64") {
    throw new BadInputError(`calibrate measures Linux on x86-64, and this is ${platform()} on ${arch()}`);
  }
  const compiler = findCompiler();
  const folder = mkdtempSync(join(tmpdir(), "checkpoint-lens-calibrate-"));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  try {
    const program = join(folder, "calibrate");
    await run(compiler, ["-O2", "-pthread", "-o", program, programSource()], folder, remove);
    const lines = (await run(program, [String(rounds), resolvePath(diskFolder)], folder, remove)).split("\n");
    return { compiler, rounds, ...readSamples(lines) };
  } finally {
    remove();
  }
}

/** @throws BadInputError when a profile could not be written there or found again, before anything is measured */
export function checkProfilePath(path: string): void {
  if (!path.endsWith(".json")) {
    throw new BadInputError(`--out ${path}: a profile's name ends in .json, or --prices could not load it`);
  }
  checkFolderOf(path);
}

function findCompiler(): string {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const name of COMPILERS) {
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not there; the next.
      }
    }
  }
  throw new BadInputError(
    `calibrate builds a small C program, and PATH has no compiler (${COMPILERS.join(", ")}); install one, e.g. the package gcc`,
  );
}

/** Beside the bundle, or beside this file where it runs from source. */
function programSource(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const places = [join(here, "native"), join(here, "..", "native")].map((folder) => join(folder, "calibrate.c"));
  return places.find((place) => existsSync(place)) ?? places[0];
}

/** Runs a program to its end, with its temporary files in a folder. @returns its standard output */
function run(file: string, args: readonly string[], folder: string, onInterrupt: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    // A group of its own, which an interrupt ends as a whole: a compiler starts further programs.
    const child = spawn(file, args, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, TMPDIR: folder },
    });
    const output: string[] = [];
    let errors = "";
    const interrupt = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has just ended by itself.
      }
      onInterrupt();
      process.exit(130);
    };
    process.once("SIGINT", interrupt);
    process.once("SIGTERM", interrupt);
    const end = () => {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    };
    child.stdout.setEncoding("utf8").on("data", (text: string) => output.push(text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    child.on("error", (error) => {
      end();
      reject(new BadInputError(`calibrate cannot run ${file}: ${error.message}`));
    });
    child.on("close", (code, signal) => {
      end();
      if (code === 0) resolve(output.join(""));
      else reject(new BadInputError(`calibrate: ${file} ended with ${signal ?? `code ${code}`}: ${errors.trim()}`));
    });
  });
}

function readSamples(lines: readonly string[]): Pick<MachineMeasurements, "machine" | "measurements" | "skipped"> {
  const samples = new Map<string, number[]>();
  const disturbed = new Map<string, number[]>();
  const names = new Set<string>();
  const skipped: { name: string; reason: string }[] = [];
  let ghz = 0;
  for (const line of lines) {
    const [kind, name = "", ...rest] = line.split(" ");
    // Before this line, all was run once to warm up.
    if (kind === "warm") for (const values of [samples, disturbed]) values.clear();
    else if (kind === "sample" || kind === "disturbed") {
      names.add(name);
      const values = kind === "sample" ? samples : disturbed;
      values.set(name, [...(values.get(name) ?? []), Number(rest[0])]);
    } else if (kind === "skip") skipped.push({ name, reason: rest.join(" ") });
    else if (kind === "tsc") ghz = Number(name);
  }
  const measurements = [...names].map((name): Measurement => {
    const calm = samples.get(name) ?? [];
    const values = calm.length >= LEAST_SAMPLES ? calm : [...calm, ...(disturbed.get(name) ?? [])];
    const sorted = values.toSorted((a, b) => a - b);
    return { name, median: percentile(sorted, 0.5), low: percentile(sorted, 0.1), high: percentile(sorted, 0.9) };
  });
  const kernel = release();
  const machine = {
    cpu: cpus()[0]?.model.trim() || "an unnamed processor",
    kernel,
    build: buildOf(kernel),
    date: new Date().toISOString().slice(0, 10),
    ghz,
  };
  return { machine, measurements, skipped };
}

/** Of values in ascending order, with linear interpolation. */
export function percentile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  return sorted[below] + (at - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
}

/** The simulated kernel that is nearest to a release of Linux on this machine. */
function buildOf(kernel: string): KernelBuildName {
  const [major, minor] = kernel.split(".").map(Number);
  if (major < 6 || (major === 6 && minor < 1)) return "5.10-lean";
  try {
    const meltdown = readFileSync("/sys/devices/system/cpu/vulnerabilities/meltdown", "utf8");
    return meltdown.includes("PTI") ? "6.1-pti" : "6.1-default";
  } catch {
    return "6.1-default";
  }
}
