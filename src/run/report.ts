import { LAYERS, type Layer, PHASES, type Phase } from "../machine/context.ts";
import type { PriceList } from "../machine/prices.ts";
import { P, PRIMITIVES } from "../machine/primitives.ts";
import type { CheckpointColumns } from "./checkpoint-columns.ts";
import { type CostConfidence, confidenceOf } from "./confidence.ts";
import { costOfGroup } from "./cost-table.ts";
import type { Cycles } from "./cycles.ts";
import { headlineOf } from "./headline.ts";
import { lineKey, linePages } from "./line-pages.ts";
import type { Outcome } from "./outcome.ts";
import { countsOf, epochPhase, type OutcomeCounts } from "./outcome-counts.ts";
import type { Recording, SiteSource } from "./recording.ts";

export interface PrimitiveCost extends Cycles {
  readonly primitive: string;
  readonly layer: Layer;
  readonly count: number;
}

export interface CheckpointCost {
  readonly version: number;
  readonly name: string;
  readonly cycle: number;
  /** Pages that it copied: of the regions, or of the whole guest where the technique saves that. */
  readonly dirtyPages: number;
  /** Bytes of the regions that were written, in 64-byte lines or as a log has them. */
  readonly dirtyBytes: number;
  /** Bytes of the pages that it copied. */
  readonly copiedBytes: number;
  readonly costCycles: Readonly<Record<"track" | "collect" | "copy" | "arm" | "commit", number>>;
}

export interface LineCost {
  readonly file: string;
  readonly line: number;
  readonly function: string;
  readonly stores: number;
  readonly traps: number;
  readonly dirtyPages: number;
  readonly cycles: number;
}

export interface RegionCost {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  /** Dirty pages of it that were saved, over all checkpoints. */
  readonly dirtyPages: number;
  /** Bytes copied for each byte of a written 64-byte line; null when nothing was written. */
  readonly writeAmplification: number | null;
}

/** A history with prices: what `run` and `compare` report. All costs in cycles of the price list's machine. */
export interface CostReport {
  readonly overhead: Cycles;
  /** How sure the overhead's prices are. */
  readonly confidence: CostConfidence;
  readonly totals: {
    readonly programCycles: number;
    readonly overheadCycles: number;
    /** Work of asynchronous commits on another processor, which the program does not wait for. */
    readonly backgroundCycles: number;
    readonly overheadLow: number;
    readonly overheadHigh: number;
    readonly checkpoints: number;
    readonly registeredBytes: number;
    /** This and the next two over all checkpoints, each as in `CheckpointCost`. */
    readonly dirtyPages: number;
    readonly dirtyBytes: number;
    readonly copiedBytes: number;
    readonly traps: number;
    /** Hypercalls of the guest's kernel, and entries of applications through a gate of their own. */
    readonly hypercalls: number;
    readonly signals: number;
  };
  readonly checkpoints: readonly CheckpointCost[];
  /** `program` holds the program's own cycles too, so that the layers' sum is the whole run. */
  readonly costByLayer: Readonly<Record<Layer, number>>;
  readonly costByPhase: Readonly<Partial<Record<Phase, number>>>;
  readonly costByPrimitive: readonly PrimitiveCost[];
  readonly lines: readonly LineCost[];
  readonly regions: readonly RegionCost[];
}

/** Puts prices on an outcome. Nothing here runs anything: the same outcome can be priced again and again. */
export function report(recording: Recording, outcome: Outcome, prices: PriceList): CostReport {
  const { checkpoints } = outcome;
  const counts = countsOf(outcome);
  const { overhead: overheadCounts, byPhase, byEpochAndPhase } = counts;
  const { overhead, programCycles } = headlineOf(counts, recording.programCycles, prices);
  const costByLayer = Object.fromEntries(LAYERS.map((layer) => [layer, 0])) as Record<Layer, number>;
  const costByPhase: Partial<Record<Phase, number>> = {};
  let backgroundCycles = 0;
  for (const [group, number] of byPhase.key.entries()) {
    const phase = PHASES[number];
    if (phase === "run") continue;
    const { cycles } = costOfGroup(byPhase, group, prices);
    if (phase === "background") backgroundCycles = cycles;
    else costByPhase[phase] = cycles;
  }
  /** Cycles, by `epochPhase`. */
  const phaseCosts: number[] = [];
  for (const [group, key] of byEpochAndPhase.key.entries())
    phaseCosts[key] = costOfGroup(byEpochAndPhase, group, prices).cycles;
  const costByPrimitive: PrimitiveCost[] = [];
  for (let number = 0; number < overheadCounts.length; number++) {
    const count = overheadCounts[number];
    if (count === 0) continue;
    const { name, layer } = PRIMITIVES[number];
    const cycles = count * prices.cycles[number];
    costByLayer[layer] += cycles;
    costByPrimitive.push({
      primitive: name,
      layer,
      count,
      cycles,
      low: count * prices.low[number],
      high: count * prices.high[number],
    });
  }
  costByPrimitive.sort((a, b) => b.cycles - a.cycles || (a.primitive < b.primitive ? -1 : 1));
  costByLayer.program += programCycles;
  const costs = checkpoints.name.map((_, i) => checkpointCost(checkpoints, i, phaseCosts));
  const sum = (of: (cost: CheckpointCost) => number) => costs.reduce((total, cost) => total + of(cost), 0);
  return {
    overhead,
    confidence: confidenceOf(overheadCounts, prices),
    totals: {
      programCycles,
      overheadCycles: overhead.cycles,
      backgroundCycles,
      overheadLow: overhead.low,
      overheadHigh: overhead.high,
      checkpoints: costs.length,
      registeredBytes: outcome.registeredBytes,
      dirtyPages: sum((cost) => cost.dirtyPages),
      dirtyBytes: sum((cost) => cost.dirtyBytes),
      copiedBytes: sum((cost) => cost.copiedBytes),
      traps: counts.traps,
      hypercalls: overheadCounts[P.xen_hypercall] + overheadCounts[P.xen_vmcall] + overheadCounts[P.xen_cpu_gate],
      signals: overheadCounts[P.linux_signal_deliver],
    },
    checkpoints: costs,
    costByLayer,
    costByPhase,
    costByPrimitive,
    lines: lineCosts(recording, counts, prices),
    regions: regionCosts(outcome),
  };
}

function checkpointCost(
  { version, name, cycle, epoch, pageCount, copiedBytes, dirtyBytes }: CheckpointColumns,
  i: number,
  phaseCosts: readonly (number | undefined)[],
): CheckpointCost {
  const of = (phase: Phase) => phaseCosts[epochPhase(epoch[i], phase)] ?? 0;
  return {
    version: version[i],
    name: name[i],
    cycle: cycle[i],
    dirtyPages: pageCount[i],
    dirtyBytes: dirtyBytes[i],
    copiedBytes: copiedBytes[i],
    costCycles: {
      track: of("track"),
      collect: of("collect"),
      copy: of("copy"),
      arm: of("arm"),
      commit: of("commit"),
    },
  };
}

function lineCosts(
  recording: Recording,
  { bySite, trapsBySite }: Pick<OutcomeCounts, "bySite" | "trapsBySite">,
  prices: PriceList,
): LineCost[] {
  interface Line {
    file: string;
    line: number;
    function: string;
    stores: number;
    traps: number;
    dirtyPages: number;
    cycles: number;
  }
  const lines = new Map<string, Line>();
  const at = (source: SiteSource): Line => {
    const key = lineKey(source);
    let entry = lines.get(key);
    if (entry === undefined) {
      const { file, line, function: name } = source;
      entry = { file, line, function: name, stores: 0, traps: 0, dirtyPages: 0, cycles: 0 };
      lines.set(key, entry);
    }
    return entry;
  };
  for (const line of recording.lines) at(line).stores += line.stores;
  for (const [group, site] of bySite.key.entries()) {
    const line = at(recording.sites[site]);
    line.traps += trapsBySite[group];
    line.cycles += costOfGroup(bySite, group, prices).cycles;
  }
  for (const { source, pages } of linePages(recording)) at(source).dirtyPages = pages;
  return [...lines.values()]
    .filter(({ stores, cycles, dirtyPages }) => stores > 0 || cycles > 0 || dirtyPages > 0)
    .sort((a, b) => b.cycles - a.cycles || b.stores - a.stores || compareText(a.file, b.file) || a.line - b.line);
}

function regionCosts({ regions, checkpoints: { saved } }: Outcome): RegionCost[] {
  const sums = regions.map(() => ({ dirtyPages: 0, copiedBytes: 0, dirtyBytes: 0 }));
  for (let i = 0; i < saved.region.length; i++) {
    const sum = sums[saved.region[i]];
    sum.dirtyPages += saved.pageCount[i];
    sum.copiedBytes += saved.copiedBytes[i];
    sum.dirtyBytes += saved.dirtyBytes[i];
  }
  return regions.map((spec, number) => {
    const { dirtyPages, copiedBytes, dirtyBytes } = sums[number];
    return {
      id: spec.id,
      name: spec.label,
      bytes: spec.bytes,
      dirtyPages,
      writeAmplification: dirtyBytes === 0 ? null : copiedBytes / dirtyBytes,
    };
  });
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
