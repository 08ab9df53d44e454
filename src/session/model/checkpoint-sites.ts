import type { Phase } from "../../machine/context.ts";
import type { PriceList } from "../../machine/prices.ts";
import { costOfGroup } from "../../run/cost-table.ts";
import { countsOf, fromEpochPhase } from "../../run/outcome-counts.ts";
import { CHECKPOINT_PHASES, type CheckpointPhase, type CheckpointSiteFigures } from "../figures.ts";
import { addCycles, type CycleSum, noCycles } from "./costs.ts";
import type { History } from "./history.ts";
import type { RecordingIndex } from "./recording-index.ts";

/** Phases whose work belongs to one checkpoint, whoever waits for it. */
const OF_CHECKPOINT: readonly Phase[] = [...CHECKPOINT_PHASES, "background"];
type SitePhase = CheckpointPhase | "background";

interface SiteSum {
  checkpoints: number;
  dirtyPages: number;
  copiedBytes: number;
  readonly cost: CycleSum;
  readonly phases: Record<SitePhase, number>;
}

/** What the checkpoints that a line takes cost, together with the tracking before them. */
export function checkpointSites(index: RecordingIndex, history: History, prices: PriceList): CheckpointSiteFigures[] {
  const { recording, epochs, lines } = index;
  const sums = new Map<number, SiteSum>();
  const ofEpoch: (SiteSum | undefined)[] = [];
  const { epoch: epochOf, pageCount, copiedBytes } = history.outcome.checkpoints;
  for (const [i, epoch] of epochOf.entries()) {
    const event = epochs.endEvent[epoch];
    const site = event < 0 ? -1 : recording.site[event];
    if (site < 0) continue;
    const line = lines.ofSite[site];
    let sum = sums.get(line);
    if (sum === undefined) {
      sum = { checkpoints: 0, dirtyPages: 0, copiedBytes: 0, cost: noCycles(), phases: noPhases() };
      sums.set(line, sum);
    }
    sum.checkpoints++;
    sum.dirtyPages += pageCount[i];
    sum.copiedBytes += copiedBytes[i];
    ofEpoch[epoch] = sum;
  }
  const { byEpochAndPhase } = countsOf(history.outcome);
  for (const [group, key] of byEpochAndPhase.key.entries()) {
    const { epoch, phase } = fromEpochPhase(key);
    const sum = ofEpoch[epoch];
    if (sum === undefined || !OF_CHECKPOINT.includes(phase)) continue;
    const cost = costOfGroup(byEpochAndPhase, group, prices);
    sum.phases[phase as SitePhase] += cost.cycles;
    if (phase !== "background") addCycles(sum.cost, cost);
  }
  return [...sums]
    .map(([line, sum]) => {
      const { file, line: number, function: name } = lines.lines[line];
      return { file, line: number, function: name, ...sum };
    })
    .sort((a, b) => b.cost.cycles - a.cost.cycles || a.line - b.line);
}

function noPhases(): Record<SitePhase, number> {
  return { track: 0, collect: 0, copy: 0, arm: 0, commit: 0, background: 0 };
}
