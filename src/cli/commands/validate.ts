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
      const result = options.cases === undefined ? validateBuiltIn() : validateCases(readCases(options.cases));
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
  parts.push(bySource(checks));
  for (const { source, case: name, reason } of skipped) parts.push(`not checked: ${source} ${name}: ${reason}`);
  parts.push(`${checks.length - missed.length} of ${checks.length} checks hold`);
  return `${parts.join("\n\n")}\n`;
}

function bySource(checks: readonly Check[]): string {
  const kinds = new Map<string, { checks: number; missed: number; worst: number }>();
  for (const check of checks) {
    const key = `${check.source}\0${check.quantity}`;
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
