import type { Command } from "commander";
import { ImageStore } from "../../checkpoint/images.ts";
import { techniqueOf } from "../../checkpoint/techniques.ts";
import type { CheckpointCost, LineCost } from "../../run/report.ts";
import { imagesUpTo } from "../../run/run-file.ts";
import { bytes, cycles, integer, percent } from "../../run/units.ts";
import { readRunFile } from "../../worker/run-files.ts";
import { type RunResult, runProgram } from "../../worker/session.ts";
import { checkFolderOf } from "../../worker/write-whole.ts";
import {
  addCheckpointOptions,
  addMachineOptions,
  addPriceOptions,
  addProgramOptions,
  type MachineFlags,
  machineOptionsOf,
  optionsDocument,
  type PriceFlags,
  type ProgramOptions,
  profileOf,
} from "../options.ts";
import { confidenceText, print, printJson, status, table } from "../output.ts";
import { programInputOf } from "../program-input.ts";
import { refuseUnused } from "../unused-options.ts";

interface RunOptions extends ProgramOptions, MachineFlags, PriceFlags {
  readonly out?: string;
  readonly writes: boolean;
  readonly restartFrom?: string;
  readonly json?: boolean;
}

/** Lines that the table shows; JSON has all. */
const SHOWN_LINES = 15;

export function addRunCommand(program: Command): void {
  const command = program
    .command("run")
    .description("run a program once inside the simulated guest, and show what its checkpoints cost")
    .argument("<program>", ".c .cc .cpp .ts .wasm or .wat")
    .argument("[args...]", "what the program gets as its arguments (after --)")
    .option("--out <file>", "keep the run, with its committed images, in a run file")
    .option("--no-writes", "leave single writes out of the run file: faster, but hv-emulate and hv-hybrid need them")
    .option("--restart-from <runfile[@version]>", "start on a new guest that finds the images of an earlier run")
    .option("--json", "print one JSON document");
  addPriceOptions(addCheckpointOptions(addMachineOptions(addProgramOptions(command))));
  command.action(async (path: string, args: string[], options: RunOptions) => {
    refuseUnused(command, { ...options, techniques: [options.technique] });
    if (options.out !== undefined) checkFolderOf(options.out);
    const machine = machineOptionsOf(options);
    const result = await runProgram({
      ...programInputOf(path, args, options),
      machine,
      profile: profileOf(options),
      images: options.restartFrom === undefined ? new ImageStore() : imagesFrom(options.restartFrom),
      out: options.out,
      keepsWrites: options.writes,
      onProgress: status,
    });
    status("");
    if (options.json === true) await printJson(jsonOf(result, options));
    else await print(textOf(result, options));
    process.exitCode = result.run.ending.kind === "exit" ? (result.run.ending.code === 0 ? 0 : 1) : 1;
    if (result.run.ending.kind !== "exit") process.stderr.write(`${endingText(result)}\n`);
  });
}

/** `FILE` or `FILE@VERSION`. */
function imagesFrom(text: string): ImageStore {
  const match = /^(.+)@(\d+)$/.exec(text);
  const file = match === null ? text : match[1];
  return imagesUpTo(readRunFile(file), match === null ? undefined : Number(match[2]), file);
}

function jsonOf({ input, run, report, profile }: RunResult, options: RunOptions): unknown {
  const { environment, technique, kernel } = run.machine.options;
  const decode = (data: Uint8Array) => new TextDecoder().decode(data);
  return {
    program: { path: input.path, language: input.language, args: input.args },
    exitCode: run.ending.kind === "exit" ? run.ending.code : null,
    ending: run.ending,
    stdout: decode(run.stdout),
    stderr: decode(run.stderr),
    environment,
    technique,
    kernel,
    prices: { name: profile.name, ghz: profile.ghz },
    options: optionsDocument(run.machine.options, options),
    totals: report.totals,
    ...report.confidence,
    checkpoints: report.checkpoints,
    costByLayer: report.costByLayer,
    costByPhase: report.costByPhase,
    costByPrimitive: report.costByPrimitive,
    lines: report.lines,
    regions: report.regions,
    warnings: run.warnings,
  };
}

function endingText({ run }: RunResult): string {
  const { ending } = run;
  if (ending.kind === "exit") return `the program exited with code ${ending.code}`;
  const frames = ending.frames.map(({ functionName, file, line, column }) =>
    line > 0 ? `    at ${functionName} (${file}:${line}:${column})` : `    at ${functionName}`,
  );
  const what = ending.kind === "trap" ? `the program trapped: ${ending.message}` : ending.message;
  return [what, ...frames].join("\n");
}

function textOf(result: RunResult, options: RunOptions): string {
  const { run, report, profile } = result;
  const { totals } = report;
  const { environment, technique } = run.machine.options;
  const { needsEveryWrite, class: kind } = techniqueOf(technique);
  const dirty = `${integer(totals.dirtyPages)} dirty pages`;
  const copied = `${bytes(totals.copiedBytes)} copied`;
  const stdout = new TextDecoder().decode(run.stdout);
  const parts: string[] = [];
  if (stdout !== "") parts.push(stdout.trimEnd());
  const stderr = new TextDecoder().decode(run.stderr);
  if (stderr !== "") parts.push(stderr.trimEnd());
  for (const { message, file, line } of run.warnings)
    parts.push(`${line > 0 ? `${file}:${line}: ` : ""}warning: ${message}`);
  parts.push(
    `${technique} in ${environment}, Linux ${run.machine.options.kernel}, prices of ${profile.title}\n` +
      `  program     ${cycles(totals.programCycles)} cycles\n` +
      `  overhead    ${cycles(totals.overheadCycles)} cycles (${cycles(totals.overheadLow)} to ${cycles(totals.overheadHigh)}), ` +
      `${percent((100 * totals.overheadCycles) / totals.programCycles)} of the program\n` +
      (totals.backgroundCycles > 0
        ? `  background  ${cycles(totals.backgroundCycles)} cycles on another processor\n`
        : "") +
      `  checkpoints ${totals.checkpoints}: ` +
      (kind === "transparent"
        ? `${dirty} of the whole guest, ${copied}; of its regions ${bytes(totals.dirtyBytes)} written, `
        : `${dirty}, ${copied}, ${bytes(totals.dirtyBytes)} of them written, `) +
      `${needsEveryWrite === true ? "by single bytes where a log has them" : "in 64-byte lines"}\n` +
      `  events      ${integer(totals.traps)} traps, ${integer(totals.hypercalls)} hypercalls, ${integer(totals.signals)} signals\n` +
      `  prices      ${confidenceText(report.confidence)}`,
  );
  if (report.checkpoints.length > 0) parts.push(checkpointTable(report.checkpoints));
  else parts.push("No checkpoint was taken: a program takes one with VELOC_Checkpoint (see src/sdk/samples).");
  const costly = report.lines.filter((line) => line.cycles > 0);
  if (costly.length > 0) parts.push(lineTable(costly, totals.overheadCycles));
  if (report.costByPrimitive.length > 0) parts.push(primitiveTable(result));
  if (options.out !== undefined) parts.push(`run kept in ${options.out}`);
  return `${parts.join("\n\n")}\n`;
}

function checkpointTable(checkpoints: readonly CheckpointCost[]): string {
  return table(
    ["checkpoint", "dirty pages", "copied", "track", "collect", "copy", "arm", "commit", "cycles in all"],
    ["left", "right", "right", "right", "right", "right", "right", "right", "right"],
    checkpoints.map(({ name, version, dirtyPages, copiedBytes, costCycles: cost }) => [
      `${name} ${version}`,
      integer(dirtyPages),
      bytes(copiedBytes),
      cycles(cost.track),
      cycles(cost.collect),
      cycles(cost.copy),
      cycles(cost.arm),
      cycles(cost.commit),
      cycles(cost.track + cost.collect + cost.copy + cost.arm + cost.commit),
    ]),
  );
}

function lineTable(lines: readonly LineCost[], overheadCycles: number): string {
  const shown = lines.slice(0, SHOWN_LINES);
  const rest = lines.length > shown.length ? `\n(${lines.length - shown.length} more lines; --json has all)` : "";
  return (
    table(
      ["line", "function", "stores", "traps", "pages", "cycles", "of overhead"],
      ["left", "left", "right", "right", "right", "right", "right"],
      shown.map(({ file, line, function: name, stores, traps, dirtyPages, cycles: cost }) => [
        line > 0 ? `${file}:${line}` : "(no line)",
        name,
        integer(stores),
        integer(traps),
        integer(dirtyPages),
        cycles(cost),
        percent((100 * cost) / overheadCycles),
      ]),
    ) + rest
  );
}

function primitiveTable({ report }: RunResult): string {
  return table(
    ["primitive", "layer", "count", "cycles", "of overhead"],
    ["left", "left", "right", "right", "right"],
    report.costByPrimitive
      .slice(0, 12)
      .map(({ primitive, layer, count, cycles: cost }) => [
        primitive,
        layer,
        integer(count),
        cycles(cost),
        percent((100 * cost) / report.totals.overheadCycles),
      ]),
  );
}
