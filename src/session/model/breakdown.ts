import { LAYERS, PHASES } from "../../machine/context.ts";
import { type PriceList, spaceOf } from "../../machine/prices.ts";
import { PRIMITIVE_COUNT, PRIMITIVES } from "../../machine/primitives.ts";
import type { CostTable } from "../../run/cost-table.ts";
import type { BreakdownBy, BreakdownReply, CostSelection, EventRow, LineName } from "../figures.ts";
import { addCycles, type CycleSum, IS_OVERHEAD, noCycles, shareOf } from "./costs.ts";
import { epochBounds } from "./epochs.ts";
import type { History } from "./history.ts";
import type { RecordingIndex } from "./recording-index.ts";

/** Costs that no line caused. */
const NO_LINE: LineName = { file: "", line: 0, function: "" };

/** Splits the selected costs up. The rows' costs add up to the total. */
export function breakdown(
  index: RecordingIndex,
  history: History,
  prices: PriceList,
  selection: CostSelection,
  by: BreakdownBy,
): BreakdownReply {
  const { costs } = history.outcome;
  const { accepts, isWanted } = filterOf(index, costs, selection);
  const keyOf = keyOfRow(index, costs, by);
  const total = noCycles();
  const groups = new Map<number, CycleSum>();
  const group = (key: number): CycleSum => {
    let sum = groups.get(key);
    if (sum === undefined) {
      sum = noCycles();
      groups.set(key, sum);
    }
    return sum;
  };
  for (let row = 0; row < costs.rowCount; row++) {
    if (!accepts(row)) continue;
    const ofRow = keyOf === undefined ? undefined : group(keyOf(row));
    for (let i = costs.start[row]; i < costs.start[row + 1]; i++) {
      const primitive = costs.primitive[i];
      if (!isWanted[primitive]) continue;
      const count = costs.count[i];
      const sum = ofRow ?? group(by === "layer" ? LAYERS.indexOf(PRIMITIVES[primitive].layer) : primitive);
      sum.cycles += count * prices.cycles[primitive];
      sum.low += count * prices.low[primitive];
      sum.high += count * prices.high[primitive];
    }
  }
  for (const sum of groups.values()) addCycles(total, sum);
  return {
    total,
    rows: [...groups]
      .filter(([, { high }]) => high > 0)
      .sort(([k, a], [l, b]) => b.cycles - a.cycles || k - l)
      .map(([key, sum]) => ({ ...sum, share: shareOf(sum, total), selection: selectionOf(index, by, key) })),
  };
}

/** The selected events, each kind with its price; the products add up to what they cost. */
export function costEvents(
  index: RecordingIndex,
  history: History,
  prices: PriceList,
  selection: CostSelection,
): EventRow[] {
  const { costs } = history.outcome;
  const { accepts, isWanted } = filterOf(index, costs, selection);
  const counts = new Float64Array(PRIMITIVE_COUNT);
  for (let row = 0; row < costs.rowCount; row++) {
    if (!accepts(row)) continue;
    for (let i = costs.start[row]; i < costs.start[row + 1]; i++) counts[costs.primitive[i]] += costs.count[i];
  }
  return [...counts.keys()]
    .filter((primitive) => counts[primitive] > 0 && isWanted[primitive])
    .map((primitive): EventRow => {
      const { name, layer, kind, unit, meaning } = PRIMITIVES[primitive];
      const count = counts[primitive];
      return {
        primitive: name,
        layer,
        kind,
        unit,
        meaning,
        count,
        cycles: count * prices.cycles[primitive],
        low: count * prices.low[primitive],
        high: count * prices.high[primitive],
        price: priceOf(history, prices, primitive),
      };
    })
    .sort((a, b) => b.cycles - a.cycles || (a.primitive < b.primitive ? -1 : 1));
}

/** Where the price of a primitive comes from. */
function priceOf(
  { outcome }: History,
  { profile, cycles, low, high }: PriceList,
  primitive: number,
): EventRow["price"] {
  const { name, kind, layer } = PRIMITIVES[primitive];
  const own = profile.primitives[name];
  if (own !== undefined || kind !== "step") return own;
  const space = spaceOf(layer);
  return {
    ...profile.cyclesPerInstruction[space],
    cycles: cycles[primitive],
    low: low[primitive],
    high: high[primitive],
    instructions: outcome.pathLengths[primitive],
    space,
  };
}

interface Filter {
  accepts(row: number): boolean;
  /** By primitive. */
  readonly isWanted: readonly boolean[];
}

function filterOf(index: RecordingIndex, costs: CostTable, selection: CostSelection): Filter {
  const { epochs, regions, lines, phases, layers, primitives } = selection;
  const { from, to } = epochBounds(index.epochs, epochs);
  const hasPhase = PHASES.map((phase, number) => (phases === undefined ? IS_OVERHEAD[number] : phases.includes(phase)));
  const wantedRegions = regions === undefined ? undefined : new Set(regions);
  const wantedLines = lines === undefined ? undefined : new Set(lines.map((line) => lineNumber(index, line)));
  return {
    accepts: (row) =>
      hasPhase[costs.phase[row]] &&
      costs.epoch[row] >= from &&
      costs.epoch[row] < to &&
      (wantedRegions === undefined || wantedRegions.has(costs.region[row])) &&
      (wantedLines === undefined || wantedLines.has(lineOfRow(index, costs, row))),
    isWanted: PRIMITIVES.map(
      ({ name, layer }) =>
        (layers === undefined || layers.includes(layer)) && (primitives === undefined || primitives.includes(name)),
    ),
  };
}

/** What tells the groups of rows apart; undefined where the primitives of a row belong to different groups. */
function keyOfRow(index: RecordingIndex, costs: CostTable, by: BreakdownBy): ((row: number) => number) | undefined {
  switch (by) {
    case "layer":
    case "primitive":
      return undefined;
    case "phase":
      return (row) => costs.phase[row];
    case "line":
      return (row) => lineOfRow(index, costs, row);
    case "region":
      return (row) => costs.region[row];
    case "checkpoint":
      return (row) => costs.epoch[row];
  }
}

/** Number of the line, -1 for none. */
function lineOfRow({ lines }: RecordingIndex, { site }: CostTable, row: number): number {
  return site[row] < 0 ? (lines.find(NO_LINE) ?? -1) : lines.ofSite[site[row]];
}

/** -2 when there is no such line: it has no costs. */
function lineNumber({ lines }: RecordingIndex, line: LineName): number {
  return lines.find(line) ?? (line.line === 0 && line.function === "" ? -1 : -2);
}

function selectionOf({ lines }: RecordingIndex, by: BreakdownBy, key: number): CostSelection {
  switch (by) {
    case "layer":
      return { layers: [LAYERS[key]] };
    case "primitive":
      return { primitives: [PRIMITIVES[key].name] };
    case "phase":
      return { phases: [PHASES[key]] };
    case "line":
      return { lines: [key < 0 ? NO_LINE : lines.lines[key]] };
    case "region":
      return { regions: [key] };
    case "checkpoint":
      return { epochs: { from: key, to: key } };
  }
}
