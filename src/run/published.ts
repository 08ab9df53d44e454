import { BUILT_IN_PROFILES } from "../machine/profiles.ts";
import published from "./ground-truth/published.json" with { type: "json" };
import type { Operation, Setting } from "./published-bench.ts";
import { LMBENCH_OPERATIONS } from "./published-lmbench.ts";
import { WRITE_FAULT_OPERATIONS } from "./published-write-fault.ts";
import type { Check, Skipped, Validation } from "./validate.ts";

/** One figure of a publication; a pair is a quotient, as its table has it. */
interface PublishedFigure {
  readonly case: string;
  readonly quantity: string;
  readonly expected: number | readonly number[];
  /** The publication says "more than". */
  readonly isLeast?: boolean;
  /** Why the simulator cannot reach it. It is listed as missed, with this reason, and bounds nothing. */
  readonly knownMiss?: string;
}

interface PublishedTable {
  readonly source: string;
  readonly machine: string;
  readonly confidence: string;
  /** Price profile of the machine, or of the one nearest to it. */
  readonly profile: string;
  readonly kernel: string;
  readonly unit: string;
  /** Largest relative error. */
  readonly bound: number;
  readonly boundReason?: string;
  readonly figures: readonly PublishedFigure[];
}

/** Composes whole operations of the simulated guest's events and a profile's prices, and compares them with publications. */
export function validatePublished(): Validation {
  const checks: Check[] = [];
  const skipped: Skipped[] = [];
  const tables: readonly PublishedTable[] = published.tables;
  for (const table of tables) {
    const setting = settingOf(table);
    const results = new Map<string, ReturnType<Operation>>();
    const unchecked = new Map<string, number>();
    for (const figure of table.figures) {
      const operation = OPERATIONS[figure.case];
      if (operation === undefined && figure.knownMiss === undefined) {
        unchecked.set(figure.case, (unchecked.get(figure.case) ?? 0) + 1);
        continue;
      }
      if (operation !== undefined && !results.has(figure.case)) results.set(figure.case, operation(setting));
      const check = checkOf(table, figure, results.get(figure.case)?.[figure.quantity]);
      if (figure.knownMiss === undefined) checks.push(check);
      else skipped.push({ source: table.source, case: figure.case, reason: missOf(check, figure.knownMiss) });
    }
    for (const [name, count] of unchecked) {
      skipped.push({ source: table.source, case: name, reason: `no operation is simulated for its ${count} figures` });
    }
  }
  return { checks, skipped };
}

function checkOf(table: PublishedTable, figure: PublishedFigure, simulated: number | undefined): Check {
  const [numerator, denominator = 1] = [figure.expected].flat();
  const expected = numerator / denominator;
  const relative = simulated === undefined ? -1 : simulated / expected - 1;
  const error = figure.isLeast === true ? Math.min(0, relative) : relative;
  const holds = Math.abs(error) <= table.bound;
  return {
    source: table.source,
    case: figure.case,
    quantity: `${figure.quantity}, ${table.unit}`,
    expected,
    simulated: simulated ?? null,
    error,
    bound: table.bound,
    holds,
    machine: table.machine,
    prices: table.profile,
    confidence: table.confidence,
    ...(table.boundReason === undefined ? {} : { reason: table.boundReason }),
  };
}

function missOf({ quantity, expected, simulated }: Check, why: string): string {
  const ours = typeof simulated === "number" ? `${simulated.toFixed(2)} simulated` : "not simulated";
  const theirs = typeof expected === "number" ? expected.toFixed(2) : JSON.stringify(expected);
  return `missed: ${quantity}: ${theirs} published, ${ours}: ${why}`;
}

/** By the figures' case. A publication's further case needs one more entry here. */
const OPERATIONS: Readonly<Record<string, Operation | undefined>> = {
  ...WRITE_FAULT_OPERATIONS,
  ...LMBENCH_OPERATIONS,
};

function settingOf(table: PublishedTable): Setting {
  const profile = BUILT_IN_PROFILES.find(({ name }) => name === table.profile);
  const kernel = (["5.10", "6.1"] as const).find((version) => version === table.kernel);
  if (profile === undefined || kernel === undefined) {
    throw new Error(`published figures of ${table.source}: profile ${table.profile}, Linux ${table.kernel}`);
  }
  return { profile, kernel };
}
