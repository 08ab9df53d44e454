import { PHASE_NUMBER, PHASES, type Phase } from "../../machine/context.ts";
import type { PriceList } from "../../machine/prices.ts";
import { CHECKPOINT_PHASES, type CheckpointPhase, type CheckpointSiteFigures } from "../figures.ts";
import { addCycles, type CycleSum, costOfRange, noCycles } from "./costs.ts";
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
  for (const { epoch, saved } of history.outcome.checkpoints) {
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
    sum.dirtyPages += saved.reduce((total, { pageCount }) => total + pageCount, 0);
    sum.copiedBytes += saved.reduce((total, { copiedBytes }) => total + copiedBytes, 0);
    ofEpoch[epoch] = sum;
  }
  const { costs } = history;
  for (let row = 0; row < costs.rowCount; row++) {
    const sum = ofEpoch[costs.epoch[row]];
    const phase = PHASES[costs.phase[row]];
    if (sum === undefined || !OF_CHECKPOINT.includes(phase)) continue;
    const cost = costOfRange(costs, costs.start[row], costs.start[row + 1], prices);
    sum.phases[phase as SitePhase] += cost.cycles;
    if (costs.phase[row] !== PHASE_NUMBER.background) addCycles(sum.cost, cost);
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
