import { dirname } from "node:path";
import type { Command } from "commander";
import { BUILT_IN_PROFILES } from "../../machine/profiles.ts";
import { BadInputError } from "../../program/program.ts";
import { calibratedProfile, type Fit, fitObservations, observe, unitOf } from "../../run/calibration.ts";
import { checkProfilePath, type MachineMeasurements, measureMachine } from "../../worker/calibrate.ts";
import { writeProfile } from "../../worker/profiles.ts";
import { positive } from "../options.ts";
import { print, printJson, status, table } from "../output.ts";

interface CalibrateOptions {
  readonly out: string;
  readonly base: string;
  readonly rounds: number;
  readonly json?: boolean;
}

export function addCalibrateCommand(program: Command): void {
  program
    .command("calibrate")
    .description("measure this machine and write a price profile for --prices")
    .requiredOption("--out <file>", "the profile to write, a .json file")
    .option("--base <name>", "the built-in profile for what cannot be measured here, such as Xen ", "modern")
    .option("--rounds <n>", "how often each operation is measured", positive, 21)
    .option("--json", "print one JSON document")
    .addHelpText("after", `\n${NOTE}`)
    .action(async (options: CalibrateOptions) => {
      const base = BUILT_IN_PROFILES.find(({ name }) => name === options.base);
      if (base === undefined) {
        const names = BUILT_IN_PROFILES.map(({ name }) => name).join(", ");
        throw new BadInputError(`--base ${options.base}: no built-in profile has this name; choose ${names}`);
      }
      checkProfilePath(options.out);
      status("measuring");
      const measured = await measureMachine(options.rounds, dirname(options.out));
      status("");
      // A processor of the same kind takes about as long for what software cannot change.
      const sameTime = measured.machine.ghz / base.ghz;
      const fit = fitObservations(observe(measured.measurements, measured.machine.build, base), sameTime);
      writeProfile(options.out, calibratedProfile(measured.measurements, fit, measured.machine, base));
      if (options.json === true) await printJson(documentOf(options, measured, fit));
      else await print(textOf(options, measured, fit));
    });
}

const NOTE =
  `Its output is a measurement: the one command whose figures are of the wall clock and differ from run to run.\n` +
  `It builds a small C program with cc, gcc or clang, on Linux on x86-64, and takes a few seconds. The disk is that of\n` +
  `the profile's folder. Cycles are those of the\n` +
  `time-stamp counter, which runs at one rate whatever the cores do. The cycles per instruction of the kernel and the prices of\n` +
  `privileged operations are fitted, so that the simulator's native guest composes to what was measured.`;

function documentOf(
  options: CalibrateOptions,
  { machine, compiler, rounds, measurements, skipped }: MachineMeasurements,
  fit: Fit,
) {
  return {
    out: options.out,
    base: options.base,
    machine,
    compiler,
    rounds,
    measurements: measurements.map(({ name, median, low, high }) => ({
      name,
      unit: unitOf(name),
      nanoseconds: median / machine.ghz,
      low: low / machine.ghz,
      high: high / machine.ghz,
      ...(fit.residuals.has(name) ? { residual: fit.residuals.get(name) } : {}),
    })),
    skipped,
    fit: {
      kernelCyclesPerInstruction: fit.kernelCyclesPerInstruction,
      privilegedFactor: fit.privilegedFactor,
      spread: fit.spread,
    },
  };
}

function textOf(
  options: CalibrateOptions,
  { machine, rounds, measurements, skipped }: MachineMeasurements,
  fit: Fit,
): string {
  const rows = measurements.map(({ name, median, low, high }) => {
    const residual = fit.residuals.get(name);
    return [
      name,
      unitOf(name),
      nanosecondsText(median / machine.ghz),
      `${nanosecondsText(low / machine.ghz)} - ${nanosecondsText(high / machine.ghz)}`,
      residual === undefined ? "" : nanosecondsText(median / machine.ghz / (1 + residual)),
      residual === undefined ? "" : `${residual >= 0 ? "+" : ""}${(residual * 100).toFixed(0)} %`,
    ];
  });
  return [
    `${machine.cpu}, Linux ${machine.kernel}, ${machine.ghz.toPrecision(4)} GHz; ${rounds} rounds, medians with 10th and 90th percentiles`,
    table(
      ["operation", "unit", "ns", "low - high", "simulated", "measured is"],
      ["left", "left", "right", "left", "right", "right"],
      rows,
    ),
    ...skipped.map(({ name, reason }) => `not measured: ${name}: ${reason}`),
    `Fitted: ${fit.kernelCyclesPerInstruction.toPrecision(3)} cycles per instruction of the kernel; privileged operations ` +
      `${fit.privilegedFactor.toPrecision(3)} times those of ${options.base}; typically off by ${((Math.exp(fit.spread) - 1) * 100).toFixed(0)} %`,
    `What was not measured, Xen's prices above all, comes from ${options.base}, in proportion. Written to ${options.out}; use it with --prices ${options.out}`,
  ]
    .join("\n\n")
    .concat("\n");
}

function nanosecondsText(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3);
}
