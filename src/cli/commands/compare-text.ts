import type { Environment } from "../../checkpoint/technique.ts";
import { type TechniqueId, techniqueOf } from "../../checkpoint/techniques.ts";
import { type PriceProfile, priceList } from "../../machine/prices.ts";
import { meanCheckpointCycles, overheadPercent } from "../../run/comparison.ts";
import type { MachineOptions } from "../../run/machine.ts";
import { countsOf } from "../../run/outcome-counts.ts";
import { type RatioBand, ratioBand } from "../../run/ratio-band.ts";
import { bytes, cycles, integer, percent } from "../../run/units.ts";
import type { Comparison } from "../../worker/session.ts";
import { confidenceText, table, wrapped } from "../output.ts";

interface Pair {
  readonly environment: Environment;
  readonly technique: TechniqueId;
}

/** One cell: what a technique costs in an environment, or why it cannot be had there. */
export type Cell = (Pair & { readonly reason: string }) | Found;
type Found = Pair & { readonly comparison: Comparison };

/** Techniques whose costs are shown line by line, and lines. */
const SHOWN_TECHNIQUES = 3;
const SHOWN_LINES = 8;
const LONGEST_NAME = 24;

export interface RecordingSummary {
  readonly stores: number;
  readonly programCycles: number;
  readonly checkpoints: number;
}

/** What `compare` prints: the answer for each environment, all figures behind it, the costliest lines, what cannot be had. */
export function comparisonText(
  path: string,
  recording: RecordingSummary,
  cells: readonly Cell[],
  profile: PriceProfile,
  options: MachineOptions,
): string {
  const environments = [...new Set(cells.map(({ environment }) => environment))];
  const ranked = environments
    .map((environment) => ranking(cells, environment, profile))
    .filter((ranks) => ranks.length > 0);
  const parts = [
    `${path}: ${integer(recording.stores)} stores in ${cycles(recording.programCycles)} cycles, ${recording.checkpoints} checkpoints\n` +
      wrapped(
        `Linux ${options.kernel}, prices of ${profile.title}; copy ${options.copy}, gate ${options.gate}, ` +
          `commit ${options.commit}, target ${options.target}`,
      ),
  ];
  if (ranked.length > 0) parts.push(answers(ranked));
  for (const ranks of ranked) parts.push(details(ranks));
  if (ranked.length > 0) {
    // Where a hypervisor makes the difference, if such a place is among those compared.
    const ranks = ranked.find(([{ cell }]) => cell.environment === "xen-pv") ?? ranked[0];
    parts.push(...costliestLines(ranks.map(({ cell }) => cell)), prices(ranks[0].cell));
    if (ranked.flat().some(({ cell }) => isHypothetical(cell))) parts.push("* needs a processor that does not exist");
  }
  const refused = refusals(cells);
  if (refused.length > 0) parts.push(`Not available:\n${refused.join("\n")}`);
  return `${parts.join("\n\n")}\n`;
}

interface Rank {
  readonly cell: Found;
  /** Its overhead as a multiple of the best one's, which pays the same prices. */
  readonly against: RatioBand;
}

/** The techniques of an environment, the cheapest first; but those that nobody can have come last. */
function ranking(cells: readonly Cell[], environment: Environment, profile: PriceProfile): readonly Rank[] {
  const found = cells
    .flatMap((cell) => ("comparison" in cell && cell.environment === environment ? [cell] : []))
    .sort((a, b) => a.comparison.report.overhead.cycles - b.comparison.report.overhead.cycles)
    .sort((a, b) => Number(isHypothetical(a)) - Number(isHypothetical(b)));
  if (found.length === 0) return [];
  const best = found[0].comparison.outcome;
  const list = priceList(profile, best.pathLengths);
  const counts = countsOf(best).overhead;
  return found.map((cell) => ({ cell, against: ratioBand(countsOf(cell.comparison.outcome).overhead, counts, list) }));
}

function isHypothetical({ technique }: Pair): boolean {
  return techniqueOf(technique).hypothetical === true;
}

/** One row for each environment: the best technique, and what the next ones cost against it. */
function answers(ranked: readonly (readonly Rank[])[]): string {
  const rows = ranked.map((ranks) => {
    const { environment, technique, comparison } = ranks[0].cell;
    const { overhead, totals } = comparison.report;
    const others = ranks.slice(1, SHOWN_TECHNIQUES).map(({ cell, against }) => `${cell.technique} ${times(against)}`);
    const share = (value: number) => percent((100 * value) / totals.programCycles);
    return [
      environment,
      technique,
      cycles(overhead.cycles),
      share(overhead.cycles),
      `${share(overhead.low)} - ${share(overhead.high)}`,
      others.join(", "),
    ];
  });
  return table(
    ["", "best", "overhead", "of program", "low - high", "then"],
    ["left", "left", "right", "right", "left", "left"],
    rows,
  );
}

/** `2.2 x`, and a mark where the prices leave open which is cheaper. */
function times({ ratio, ratioLow, ratioHigh }: RatioBand): string {
  const text = Number.isFinite(ratio) ? `${ratio >= 100 ? ratio.toFixed(0) : ratio.toPrecision(2)} x` : "";
  return ratioLow < 1 && ratioHigh > 1 ? `${text}?` : text;
}

function details(ranks: readonly Rank[]): string {
  const [{ cell }] = ranks;
  return table(
    [
      cell.environment,
      "overhead",
      "low - high",
      "of program",
      "x best",
      "a checkpoint",
      "traps",
      "hypercalls",
      "signals",
      "copied",
    ],
    ["left", "right", "left", "right", "left", "right", "right", "right", "right", "right"],
    ranks.map(({ cell, against }, i) => {
      const { technique, comparison } = cell;
      const { overhead, totals } = comparison.report;
      return [
        isHypothetical(cell) ? `${technique} *` : technique,
        cycles(overhead.cycles),
        `${cycles(overhead.low)} - ${cycles(overhead.high)}`,
        percent(overheadPercent(comparison.report)),
        i === 0 ? "" : times(against),
        cycles(meanCheckpointCycles(comparison.report)),
        integer(totals.traps),
        integer(totals.hypercalls),
        integer(totals.signals),
        bytes(totals.copiedBytes),
      ];
    }),
  );
}

/** The lines that cost most under the best techniques of an environment. */
function costliestLines(found: readonly Found[]): string[] {
  const shown = found.slice(0, SHOWN_TECHNIQUES);
  const costs = new Map<string, { name: string; stores: number; of: number[] }>();
  shown.forEach(({ comparison }, column) => {
    for (const { file, line, function: name, stores, cycles: cost } of comparison.report.lines) {
      if (line === 0) continue;
      const key = `${file}:${line}`;
      const entry = costs.get(key) ?? { name, stores, of: new Array<number>(shown.length).fill(0) };
      entry.of[column] += cost;
      costs.set(key, entry);
    }
  });
  const rows = [...costs]
    .map(([line, { name, stores, of }]) => ({ line, name, stores, of, most: Math.max(...of) }))
    .filter(({ most }) => most > 0)
    .sort((a, b) => b.most - a.most)
    .slice(0, SHOWN_LINES);
  if (rows.length === 0) return [];
  return [
    table(
      [`line, in ${shown[0].environment}`, "function", "stores", ...shown.map(({ technique }) => technique)],
      ["left", "left", "right", ...shown.map(() => "right" as const)],
      rows.map(({ line, name, stores, of }) => [
        line,
        name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name,
        integer(stores),
        ...of.map(cycles),
      ]),
    ),
  ];
}

function prices({ environment, technique, comparison }: Found): string {
  return wrapped(
    `Cycles have the bands of their prices; x best pays the same prices for both, and "?" says that they leave it open. ` +
      `Prices of ${technique} in ${environment}: ${confidenceText(comparison.report.confidence)}.`,
    110,
    "",
  );
}

/** Pairs that are refused for the same reason stand together. */
function refusals(cells: readonly Cell[]): string[] {
  const groups = new Map<string, { techniques: Set<string>; environments: Set<string>; reason: string }>();
  const byTechnique = new Map<string, { technique: string; environments: string[]; why: string; reason: string }>();
  for (const cell of cells) {
    if (!("reason" in cell)) continue;
    const { technique, environment, reason } = cell;
    // The sentence without its own names: where others can be chosen instead, it is another one.
    const why = reason.replaceAll(technique, "it").replaceAll(environment, "it");
    const key = `${technique}\n${why}`;
    const entry = byTechnique.get(key) ?? { technique, environments: [], why, reason };
    entry.environments.push(environment);
    byTechnique.set(key, entry);
  }
  for (const { technique, environments, why, reason } of byTechnique.values()) {
    const key = `${environments.join(" ")}\n${why}`;
    const group = groups.get(key) ?? { techniques: new Set(), environments: new Set(environments), reason };
    group.techniques.add(technique);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ techniques, environments, reason }) =>
    wrapped(`  ${[...techniques].join(", ")} in ${[...environments].join(", ")}: ${reason}`, 110, "    "),
  );
}
