import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { BadInputError } from "../../program/program.ts";
import type { Validation } from "../../run/check.ts";
import { GROUND_TRUTH } from "../../run/ground-truth.ts";
import { validatePublished } from "../../run/published.ts";
import { integer } from "../../run/units.ts";
import { validateCases } from "../../run/validate.ts";
import { print, printJson } from "../output.ts";
import { validationText } from "./validate-text.ts";

interface ValidateOptions {
  readonly cases?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

export function addValidateCommand(program: Command): void {
  program
    .command("validate")
    .description(
      "hold the simulator against what a real Xen did and what publications report; exits 1 where a bound is missed that is not known to be out of reach",
    )
    .option("--cases <file>", "cases in the form of the built-in ones, instead of them")
    .option("--all", "list every check, not only a summary and the misses")
    .option("--json", "print one JSON document")
    .action(async (options: ValidateOptions) => {
      const result = options.cases === undefined ? validateBuiltIn() : validateFile(options.cases);
      if (options.json === true) await printJson(result);
      else await print(validationText(result, options.all === true));
      process.exitCode = result.checks.every(({ holds, knownMiss }) => holds || knownMiss === true) ? 0 : 1;
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
