import { LAYERS, type Layer } from "../../machine/context.ts";
import type { PriceList } from "../../machine/prices.ts";
import { PRIMITIVE_COUNT, PRIMITIVES } from "../../machine/primitives.ts";
import { costOfGroup } from "../../run/cost-table.ts";
import { costOf } from "../../run/cycles.ts";
import { linePages } from "../../run/line-pages.ts";
import type { Outcome } from "../../run/outcome.ts";
import { countsOf } from "../../run/outcome-counts.ts";
import type { FunctionFigures, LineFigures, LinesReply } from "../figures.ts";
import { checkpointSites } from "./checkpoint-sites.ts";
import { addCycles, type CycleSum, noCycles, shareOf } from "./costs.ts";
import type { History } from "./history.ts";
import type { RecordingIndex } from "./recording-index.ts";

/** What is added up for a line that pays for checkpoints. */
interface LineSum {
  readonly cost: CycleSum;
  traps: number;
  /** Events by primitive. */
  readonly counts: Float64Array;
  readonly regions: Set<number>;
}

/** Overhead line by line, and what it consists of; the same cycles as a report's lines. */
export function lineFigures(index: RecordingIndex, history: History, prices: PriceList): LinesReply {
  const { outcome } = history;
  const { lines, stores, programCycles } = index.lines;
  const overhead = costOf(countsOf(outcome).overhead, prices);
  const sums = sumsByLine(index, outcome, prices);
  const dirtyPages = new Map<number, number>();
  for (const { source, pages } of linePages(index.recording)) dirtyPages.set(index.lines.find(source) ?? -1, pages);
  const used = usedPrimitives(sums);
  const firstWrites = index.storesOfLine.start;
  const figures = lines
    .map((source, line): LineFigures => {
      const sum = sums[line];
      const { cycles, low, high } = sum?.cost ?? noCycles();
      return {
        file: source.file,
        line: source.line,
        function: source.function,
        cycles,
        low,
        high,
        share: shareOf({ cycles, low, high }, overhead),
        traps: sum?.traps ?? 0,
        dirtyPages: dirtyPages.get(line) ?? 0,
        firstWrites: firstWrites[line + 1] - firstWrites[line],
        stores: stores[line],
        programCycles: programCycles[line],
        layers: layersOf(sum?.counts, prices),
        events: eventsOf(sum?.counts, used, prices),
        regions: sum === undefined ? [] : [...sum.regions].sort((a, b) => a - b),
      };
    })
    .filter(({ stores: count, cycles, dirtyPages: pages }) => count > 0 || cycles > 0 || pages > 0)
    .sort((a, b) => b.cycles - a.cycles || b.stores - a.stores || compareText(a.file, b.file) || a.line - b.line);
  return {
    overhead,
    primitives: used.map((primitive) => ({ name: PRIMITIVES[primitive].name, layer: PRIMITIVES[primitive].layer })),
    lines: figures,
    functions: functionFigures(index, figures, overhead),
    checkpointSites: checkpointSites(index, history, prices),
  };
}

/** By line; undefined for those that pay nothing and are about no region. */
function sumsByLine(index: RecordingIndex, outcome: Outcome, prices: PriceList): (LineSum | undefined)[] {
  const { lines, ofSite } = index.lines;
  const { costs: table } = outcome;
  const { bySite, trapsBySite } = countsOf(outcome);
  const sums = new Array<LineSum | undefined>(lines.length).fill(undefined);
  const ofLine = (line: number): LineSum => {
    sums[line] ??= { cost: noCycles(), traps: 0, counts: new Float64Array(PRIMITIVE_COUNT), regions: new Set() };
    return sums[line];
  };
  for (let row = 0; row < table.rowCount; row++) {
    if (table.site[row] >= 0 && table.region[row] >= 0) ofLine(ofSite[table.site[row]]).regions.add(table.region[row]);
  }
  for (const [group, site] of bySite.key.entries()) {
    const sum = ofLine(ofSite[site]);
    addCycles(sum.cost, costOfGroup(bySite, group, prices));
    sum.traps += trapsBySite[group];
    for (let i = bySite.start[group]; i < bySite.start[group + 1]; i++)
      sum.counts[bySite.primitive[i]] += bySite.count[i];
  }
  return sums;
}

/** Numbers of the primitives that occur in any line. */
function usedPrimitives(sums: readonly (LineSum | undefined)[]): number[] {
  const isUsed = new Uint8Array(PRIMITIVE_COUNT);
  for (const sum of sums) {
    sum?.counts.forEach((count, primitive) => {
      if (count > 0) isUsed[primitive] = 1;
    });
  }
  return [...isUsed.keys()].filter((primitive) => isUsed[primitive] === 1);
}

function layersOf(counts: Float64Array | undefined, prices: PriceList): Record<Layer, number> {
  const layers = noLayers();
  counts?.forEach((count, primitive) => {
    if (count > 0) layers[PRIMITIVES[primitive].layer] += count * prices.cycles[primitive];
  });
  return layers;
}

function noLayers(): Record<Layer, number> {
  return Object.fromEntries(LAYERS.map((layer) => [layer, 0])) as Record<Layer, number>;
}

function eventsOf(counts: Float64Array | undefined, used: readonly number[], prices: PriceList): LineFigures["events"] {
  const occurring = [...used.keys()]
    .filter((i) => counts !== undefined && counts[used[i]] > 0)
    .map((i) => ({ i, count: counts?.[used[i]] ?? 0, cycles: (counts?.[used[i]] ?? 0) * prices.cycles[used[i]] }))
    .sort((a, b) => b.cycles - a.cycles || a.i - b.i);
  return {
    primitive: Uint16Array.from(occurring, ({ i }) => i),
    count: Float64Array.from(occurring, ({ count }) => count),
    cycles: Float64Array.from(occurring, ({ cycles }) => cycles),
  };
}

function functionFigures(
  index: RecordingIndex,
  figures: readonly LineFigures[],
  overhead: CycleSum,
): FunctionFigures[] {
  const { functions, functionOf, find } = index.lines;
  const sums = functions.map(() => ({
    cost: noCycles(),
    traps: 0,
    stores: 0,
    programCycles: 0,
    layers: noLayers(),
    hasFigures: false,
  }));
  for (const line of figures) {
    const number = find(line);
    if (number === undefined) continue;
    const sum = sums[functionOf[number]];
    sum.hasFigures = true;
    addCycles(sum.cost, line);
    sum.traps += line.traps;
    sum.stores += line.stores;
    sum.programCycles += line.programCycles;
    for (const layer of LAYERS) sum.layers[layer] += line.layers[layer];
  }
  return sums
    .map(({ cost, traps, stores, programCycles, layers, hasFigures }, number) => ({
      hasFigures,
      file: functions[number].file,
      function: functions[number].function,
      line: functions[number].line,
      ...cost,
      share: shareOf(cost, overhead),
      traps,
      dirtyPages: index.dirtyPagesOfFunction[number],
      stores,
      programCycles,
      layers,
    }))
    .filter(({ hasFigures }) => hasFigures)
    .map(({ hasFigures: _, ...figure }) => figure)
    .sort((a, b) => b.cycles - a.cycles || b.stores - a.stores || compareText(a.file, b.file) || a.line - b.line);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
