import type { Check, Validation } from "../../run/check.ts";
import { integer } from "../../run/units.ts";
import { table } from "../output.ts";

/**
 * What `validate` prints: what misses its bound, a summary by source and kind, the tables of publications, each bound's
 * reason, what is known to be out of reach and what is not checked, and how many checks hold.
 * @param all every check, not only those that miss their bound
 */
export function validationText({ checks, skipped }: Validation, all: boolean): string {
  const holding = checks.filter(({ holds }) => holds).length;
  const known = checks.filter(({ knownMiss }) => knownMiss === true);
  const missed = checks.filter(({ holds, knownMiss }) => !holds && knownMiss !== true);
  const shown = all ? checks : missed;
  const parts = [
    ...(shown.length > 0 ? [checkTable(shown)] : []),
    kindTable(checks),
    ...boundLines(checks),
    ...figureTables(checks),
    ...known.map(knownMissLine),
    ...skipped.map(({ source, case: name, reason }) => `not checked: ${source} ${name}: ${reason}`),
    [
      `${integer(holding)} of ${integer(checks.length)} checks hold`,
      ...(missed.length > 0 ? [`${integer(missed.length)} miss their bound`] : []),
      ...(known.length > 0 ? [`${integer(known.length)} are known to be out of reach`] : []),
    ].join("; "),
  ];
  return `${parts.join("\n\n")}\n`;
}

function checkTable(checks: readonly Check[]): string {
  return table(
    ["source", "case", "quantity", "measured", "simulated", "error", "bound", ""],
    ["left", "left", "left", "right", "right", "right", "right", "left"],
    checks.map((check) => [
      check.source,
      check.case,
      check.quantity,
      number(check.expected),
      number(check.simulated),
      check.simulated === null ? "" : check.error.toPrecision(3),
      boundText(check.bound),
      check.holds ? "" : check.knownMiss === true ? "out of reach" : "missed",
    ]),
  );
}

function kindTable(checks: readonly Check[]): string {
  const kinds = grouped(
    checks,
    ({ source, case: name, quantity, column, bound }) =>
      `${source}\0${column === undefined ? quantity : name}\0${boundText(bound)}`,
  );
  return table(
    ["source", "quantity", "bound", "checks", "missed", "out of reach", "largest error"],
    ["left", "left", "right", "right", "right", "right", "right"],
    [...kinds].map(([key, ofKind]) => {
      const known = ofKind.filter(({ knownMiss }) => knownMiss === true).length;
      return [
        ...key.split("\0"),
        integer(ofKind.length),
        integer(ofKind.filter(({ holds }) => !holds).length - known),
        integer(known),
        Math.max(...ofKind.map(({ error }) => Math.abs(error))).toPrecision(3),
      ];
    }),
  );
}

/** Each bound with its reason, once for the sources that have both in common. */
function boundLines(checks: readonly Check[]): string[] {
  const bounds = grouped(checks, ({ bound, boundReason }) => `bound ${boundText(bound)}: ${boundReason}`);
  return [...bounds].map(
    ([line, ofBound]) => `${[...new Set(ofBound.map(({ source }) => source))].join("; ")}: ${line}`,
  );
}

/** Every figure of the tables of publications. */
function figureTables(checks: readonly Check[]): string[] {
  const figures = checks.flatMap((check) => (check.column === undefined ? [] : [{ check, column: check.column }]));
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
          [name, "published", ...row.map((check) => figureText(check?.expected, 4))],
          ["", "simulated", ...row.map((check) => figureText(check?.simulated, 4))],
          ["", "error", ...row.map((check) => percentText(check))],
        ];
      }),
    );
  });
}

function knownMissLine({ source, case: name, quantity, expected, simulated, reason }: Check): string {
  const ours = simulated === null ? "not simulated" : `${figureText(simulated, 3)} simulated`;
  return `out of reach: ${source} ${name}: ${quantity}: ${figureText(expected, 3)} published, ${ours}: ${reason}`;
}

function boundText(bound: number): string {
  return bound === 0 ? "0" : `${Number((100 * bound).toPrecision(3))} %`;
}

function figureText(value: unknown, digits: number): string {
  return typeof value === "number" ? String(Number(value.toPrecision(digits))) : "";
}

function percentText(check: Check | undefined): string {
  return check === undefined || check.simulated === null ? "" : `${(100 * check.error).toFixed(0)} %`;
}

function number(value: unknown): string {
  if (value === null) return "none";
  if (typeof value !== "number") return JSON.stringify(value);
  return Number.isInteger(value) ? integer(value) : value.toFixed(2);
}

/** Checks by a key, in the order in which keys come. */
function grouped(checks: readonly Check[], keyOf: (check: Check) => string): ReadonlyMap<string, readonly Check[]> {
  const groups = new Map<string, Check[]>();
  for (const check of checks) {
    const key = keyOf(check);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [check]);
    else group.push(check);
  }
  return groups;
}
