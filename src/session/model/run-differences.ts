import { LAYERS, type Layer } from "../../machine/context.ts";
import type { PriceList } from "../../machine/prices.ts";
import { costOfRange } from "../../run/cost-table.ts";
import { lineKey } from "../../run/line-pages.ts";
import type { CostReport, LineCost } from "../../run/report.ts";
import type { LineSide, RegionSide, RunDifferences } from "../figures.ts";
import { IS_OVERHEAD } from "./costs.ts";
import type { History } from "./history.ts";

/** One of two runs, on the same machine at the same prices. */
export interface RunSide {
  readonly history: History;
  readonly report: CostReport;
  readonly prices: PriceList;
}

export function runDifferences(a: RunSide, b: RunSide): RunDifferences {
  const lines = pairUp(a.report.lines, b.report.lines, lineKey);
  const regions = pairUp(regionsOf(a), regionsOf(b), ({ id, group }) => `${id} ${group}`);
  return {
    overhead: { a: a.report.overhead, b: b.report.overhead },
    totals: { a: a.report.totals, b: b.report.totals },
    layers: LAYERS.map((layer) => ({ layer, a: layerCycles(a.report, layer), b: layerCycles(b.report, layer) }))
      .filter((one) => one.a !== 0 || one.b !== 0)
      .sort((x, y) => Math.abs(y.a - y.b) - Math.abs(x.a - x.b)),
    primitives: pairUp(a.report.costByPrimitive, b.report.costByPrimitive, ({ primitive }) => primitive)
      .map(({ any, inA, inB }) => ({
        primitive: any.primitive,
        layer: any.layer,
        a: inA && { count: inA.count, cycles: inA.cycles },
        b: inB && { count: inB.count, cycles: inB.cycles },
      }))
      .sort((x, y) => difference(y) - difference(x)),
    lines: lines
      .map(({ any, inA, inB }) => ({
        file: any.file,
        line: any.line,
        function: any.function,
        a: inA && lineSide(inA),
        b: inB && lineSide(inB),
      }))
      .sort((x, y) => difference(y) - difference(x)),
    regions: regions
      .map(({ any, inA, inB }) => ({ id: any.id, group: any.group, name: any.name, a: inA?.side, b: inB?.side }))
      .sort((x, y) => difference(y) - difference(x)),
  };
}

interface SidedRegion {
  readonly id: number;
  readonly group: string;
  readonly name: string;
  readonly side: RegionSide;
}

function regionsOf({ history, report, prices }: RunSide): SidedRegion[] {
  const { outcome } = history;
  const { costs } = outcome;
  const cycles = new Float64Array(outcome.regions.length);
  for (let row = 0; row < costs.rowCount; row++) {
    if (costs.region[row] < 0 || !IS_OVERHEAD[costs.phase[row]]) continue;
    cycles[costs.region[row]] += costOfRange(costs, costs.start[row], costs.start[row + 1], prices).cycles;
  }
  const copiedBytes = new Float64Array(outcome.regions.length);
  const { saved } = outcome.checkpoints;
  for (const [i, region] of saved.region.entries()) copiedBytes[region] += saved.copiedBytes[i];
  return outcome.regions.map(({ id, group, bytes }, number) => ({
    id,
    group,
    name: report.regions[number].name,
    side: {
      bytes,
      dirtyPages: report.regions[number].dirtyPages,
      copiedBytes: copiedBytes[number],
      cycles: cycles[number],
    },
  }));
}

/** Of the overhead alone: the report's own figure of the program holds the program's instructions, too. */
function layerCycles({ costByPrimitive }: CostReport, layer: Layer): number {
  return costByPrimitive.reduce((sum, one) => sum + (one.layer === layer ? one.cycles : 0), 0);
}

function lineSide({ cycles, traps, stores, dirtyPages }: LineCost): LineSide {
  return { cycles, traps, stores, dirtyPages };
}

interface Pair<T> {
  /** Either of them. */
  readonly any: T;
  readonly inA: T | undefined;
  readonly inB: T | undefined;
}

/** What has the same key on both sides together; in the order of `a`, then what only `b` has. */
function pairUp<T>(a: readonly T[], b: readonly T[], keyOf: (item: T) => string): Pair<T>[] {
  const ofB = new Map(b.map((item) => [keyOf(item), item]));
  const inBoth = a.map((item): Pair<T> => ({ any: item, inA: item, inB: ofB.get(keyOf(item)) }));
  const keys = new Set(a.map(keyOf));
  return [
    ...inBoth,
    ...b.filter((item) => !keys.has(keyOf(item))).map((item): Pair<T> => ({ any: item, inA: undefined, inB: item })),
  ];
}

function difference({
  a,
  b,
}: {
  readonly a?: { cycles: number } | undefined;
  readonly b?: { cycles: number } | undefined;
}): number {
  return Math.abs((a?.cycles ?? 0) - (b?.cycles ?? 0));
}
