import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { BadInputError } from "../../program/program.ts";
import { GROUND_TRUTH } from "../../run/ground-truth.ts";
import { validatePublished } from "../../run/published.ts";
import { integer } from "../../run/units.ts";
import { type Check, type Validation, validateCases } from "../../run/validate.ts";
import { print, printJson, table } from "../output.ts";

interface ValidateOptions {
  readonly cases?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

export function addValidateCommand(program: Command): void {
  program
    .command("validate")
    .description(
      "hold the simulator against what a real Xen did and what publications report; exits 1 where a bound is missed",
    )
    .option("--cases <file>", "cases in the form of the built-in ones, instead of them")
    .option("--all", "list every check, not only a summary and the misses")
    .option("--json", "print one JSON document")
    .action(async (options: ValidateOptions) => {
      const result = options.cases === undefined ? validateBuiltIn() : validateFile(options.cases);
      if (options.json === true) await printJson(result);
      else await print(textOf(result, options.all === true));
      process.exitCode = result.checks.every(({ holds }) => holds) ? 0 : 1;
    });
}

/** The events of a real Xen, then the publications. */
function validateBuiltIn(): Validation {
  const [events, figures] = [validateCases(GROUND_TRUTH), validatePublished()];
  return { checks: [...events.checks, ...figures.checks], skipped: [...events.skipped, ...figures.skipped] };
}

/** @throws BadInputError that names the file, also where nothing in it can be checked */
function validateFile(path: string): Validation {
  const cases = readCases(path);
  let result: Validation;
  try {
    result = validateCases(cases);
  } catch (error) {
    if (error instanceof BadInputError) throw new BadInputError(`--cases ${path}: ${error.message}`);
    throw error;
  }
  if (result.checks.length > 0) return result;
  const [first] = result.skipped;
  if (first === undefined) throw new BadInputError(`--cases ${path}: there are no cases in it`);
  const others = result.skipped.length > 1 ? ` (and ${integer(result.skipped.length - 1)} more)` : "";
  throw new BadInputError(
    `--cases ${path}: nothing in it can be checked: ${first.source} ${first.case}: ${first.reason}${others}`,
  );
}

function readCases(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new BadInputError(`--cases ${path}: ${missing ? "there is no such file" : (error as Error).message}`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new BadInputError(`--cases ${path} is no JSON: ${(error as Error).message}`);
  }
}

function textOf(result: Validation, all: boolean): string {
  const { checks, skipped } = result;
  const missed = checks.filter(({ holds }) => !holds);
  const parts: string[] = [];
  const shown = all ? checks : missed;
  if (shown.length > 0) {
    parts.push(
      table(
        ["source", "case", "quantity", "measured", "simulated", "error", "bound", ""],
        ["left", "left", "left", "right", "right", "right", "right", "left"],
        shown.map((check) => [
          check.source,
          check.case,
          check.quantity,
          number(check.expected),
          number(check.simulated),
          errorText(check),
          number(check.bound),
          check.holds ? "" : "missed",
        ]),
      ),
    );
  }
  parts.push(bySource(checks), ...figureTables(result));
  for (const { source, case: name, reason } of skipped) parts.push(`not checked: ${source} ${name}: ${reason}`);
  parts.push(`${checks.length - missed.length} of ${checks.length} checks hold`);
  return `${parts.join("\n\n")}\n`;
}

function bySource(checks: readonly Check[]): string {
  const kinds = new Map<string, { checks: number; missed: number; worst: number }>();
  for (const check of checks) {
    const key = `${check.source}\0${check.column === undefined ? check.quantity : check.case}`;
    const kind = kinds.get(key) ?? { checks: 0, missed: 0, worst: 0 };
    kind.checks++;
    if (!check.holds) kind.missed++;
    kind.worst = Math.max(kind.worst, Math.abs(check.error));
    kinds.set(key, kind);
  }
  return table(
    ["source", "quantity", "checks", "missed", "largest error"],
    ["left", "left", "right", "right", "right"],
    [...kinds].map(([key, { checks: count, missed, worst }]) => [
      ...key.split("\0"),
      integer(count),
      integer(missed),
      worst.toPrecision(3),
    ]),
  );
}

/** Every figure of the tables of publications, those listed as missed among them. */
function figureTables({ checks, skipped }: Validation): string[] {
  const all = [...checks, ...skipped.flatMap(({ missed }) => missed ?? [])];
  const figures = all.flatMap((check) => (check.column === undefined ? [] : [{ check, column: check.column }]));
  return [...new Set(figures.map(({ check }) => check.source))].map((source) => {
    const ofSource = figures.filter(({ check }) => check.source === source);
    const columns: string[] = [];
    for (const { column } of ofSource) columns[column.number] = column.name;
    const unit = ofSource[0]?.check.quantity.split(", ").at(-1) ?? "";
    return table(
      [source, unit, ...columns],
      ["left", "left", ...columns.map(() => "right" as const)],
      [...new Set(ofSource.map(({ check }) => check.case))].flatMap((name) => {
        const row: (Check | undefined)[] = columns.map(() => undefined);
        for (const { check, column } of ofSource) if (check.case === name) row[column.number] = check;
        return [
          [name, "published", ...row.map((check) => figureText(check?.expected))],
          ["", "simulated", ...row.map((check) => figureText(check?.simulated))],
          ["", "error", ...row.map((check) => percentText(check))],
        ];
      }),
    );
  });
}

function figureText(value: unknown): string {
  return typeof value === "number" ? String(Number(value.toPrecision(4))) : "";
}

function percentText(check: Check | undefined): string {
  return check === undefined || check.simulated === null ? "" : `${(100 * check.error).toFixed(0)} %`;
}

function number(value: unknown): string {
  if (value === null) return "none";
  return typeof value === "number"
    ? Number.isInteger(value)
      ? integer(value)
      : value.toFixed(2)
    : JSON.stringify(value);
}

function errorText(check: Check): string {
  return check.simulated === null ? "" : check.error.toPrecision(3);
}
