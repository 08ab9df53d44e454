import { BUILT_IN_PROFILES } from "../machine/profiles.ts";
import type { Check, Skipped, Validation } from "./check.ts";
import published from "./ground-truth/published.json" with { type: "json" };
import type { Operation, Setting } from "./published-bench.ts";
import { LMBENCH_OPERATIONS } from "./published-lmbench.ts";
import { OOH_OPERATIONS } from "./published-ooh.ts";
import { REMUS_OPERATIONS } from "./published-remus.ts";
import { WRITE_FAULT_OPERATIONS } from "./published-write-fault.ts";

/** One figure of a publication; a pair is a quotient, as its table has it. */
interface PublishedFigure {
  readonly case: string;
  readonly quantity: string;
  readonly expected: number | readonly number[];
  /** The publication says "more than". */
  readonly isLeast?: boolean;
  /** Why the simulator cannot reach it: where it misses its bound, it is known to. */
  readonly knownMiss?: string;
  /** Why it is not compared at all. */
  readonly notChecked?: string;
}

/** Figures of one case, one for each of the table's columns. */
interface PublishedRow {
  readonly case: string;
  readonly expected: readonly number[];
  /** By column, as in a figure. */
  readonly knownMiss?: Readonly<Record<string, string | undefined>>;
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
  readonly boundReason: string;
  readonly figures?: readonly PublishedFigure[];
  readonly columns?: readonly string[];
  readonly rows?: readonly PublishedRow[];
  /** What the median of all its errors may be, whatever each of them is. */
  readonly median?: { readonly bound: number; readonly reason: string };
}

/** Composes whole operations of the simulated guest's events and a profile's prices, and compares them with publications. */
export function validatePublished(): Validation {
  const checks: Check[] = [];
  const skipped: Skipped[] = [];
  const tables: readonly PublishedTable[] = published.tables;
  const settings = new Map<string, Setting>();
  for (const table of tables) {
    const key = `${table.profile} ${table.kernel}`;
    const setting = settings.get(key) ?? settingOf(table);
    settings.set(key, setting);
    const results = new Map<string, ReturnType<Operation>>();
    const unchecked = new Map<string, number>();
    const errors: number[] = [];
    for (const figure of figuresOf(table)) {
      if (figure.notChecked !== undefined) {
        skipped.push({ source: table.source, case: figure.case, reason: figure.notChecked });
        continue;
      }
      const operation = OPERATIONS[figure.case];
      if (operation === undefined && figure.knownMiss === undefined) {
        unchecked.set(figure.case, (unchecked.get(figure.case) ?? 0) + 1);
        continue;
      }
      if (operation !== undefined && !results.has(figure.case)) results.set(figure.case, operation(setting));
      const check = checkOf(table, figure, results.get(figure.case)?.[figure.quantity]);
      errors.push(Math.abs(check.error));
      checks.push(check);
    }
    if (table.median !== undefined) checks.push(medianOf(table, table.median, errors));
    for (const [name, count] of unchecked) {
      skipped.push({ source: table.source, case: name, reason: `no operation is simulated for its ${count} figures` });
    }
  }
  return { checks, skipped };
}

function figuresOf({ figures = [], columns = [], rows = [] }: PublishedTable): readonly PublishedFigure[] {
  const ofRow = ({ case: name, expected, knownMiss }: PublishedRow) =>
    columns.map((quantity, column): PublishedFigure => {
      const why = knownMiss?.[quantity];
      const figure = { case: name, quantity, expected: expected[column] };
      return why === undefined ? figure : { ...figure, knownMiss: why };
    });
  return [...figures, ...rows.flatMap(ofRow)];
}

function medianOf(
  table: PublishedTable,
  { bound, reason }: NonNullable<PublishedTable["median"]>,
  errors: readonly number[],
): Check {
  const sorted = errors.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  return {
    source: table.source,
    case: "the whole table",
    quantity: `median of the errors of ${errors.length} figures`,
    expected: 0,
    simulated: median,
    error: median,
    bound,
    boundReason: reason,
    holds: median <= bound,
    machine: table.machine,
    prices: table.profile,
    confidence: table.confidence,
  };
}

function checkOf(table: PublishedTable, figure: PublishedFigure, simulated: number | undefined): Check {
  const [numerator, denominator = 1] = [figure.expected].flat();
  const expected = numerator / denominator;
  const relative = simulated === undefined ? -1 : simulated / expected - 1;
  const error = figure.isLeast === true ? Math.min(0, relative) : relative;
  const holds = Math.abs(error) <= table.bound;
  const column = table.columns?.indexOf(figure.quantity) ?? -1;
  return {
    source: table.source,
    case: figure.case,
    quantity: `${figure.quantity}, ${table.unit}`,
    expected,
    simulated: simulated ?? null,
    error,
    bound: table.bound,
    boundReason: table.boundReason,
    holds,
    ...(holds || figure.knownMiss === undefined ? {} : { knownMiss: true, reason: figure.knownMiss }),
    machine: table.machine,
    prices: table.profile,
    confidence: table.confidence,
    ...(column < 0 ? {} : { column: { name: figure.quantity, number: column } }),
  };
}

/** By the figures' case. A publication's further case needs one more entry here. */
const OPERATIONS: Readonly<Record<string, Operation | undefined>> = {
  ...WRITE_FAULT_OPERATIONS,
  ...LMBENCH_OPERATIONS,
  ...OOH_OPERATIONS,
  ...REMUS_OPERATIONS,
};

function settingOf(table: PublishedTable): Setting {
  const profile = BUILT_IN_PROFILES.find(({ name }) => name === table.profile);
  const kernel = (["5.10", "6.1"] as const).find((version) => version === table.kernel);
  if (profile === undefined || kernel === undefined) {
    throw new Error(`published figures of ${table.source}: profile ${table.profile}, Linux ${table.kernel}`);
  }
  return { profile, kernel };
}
