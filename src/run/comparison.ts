import type { CostReport } from "./report.ts";

/** What checkpoints add to the program, in percent of its own cycles. */
export function overheadPercent({ overhead, totals }: CostReport): number {
  return (100 * overhead.cycles) / totals.programCycles;
}

/** Cycles inside a checkpoint: what the program waits for. */
export function meanCheckpointCycles({ checkpoints }: CostReport): number {
  if (checkpoints.length === 0) return 0;
  const sum = checkpoints.reduce((total, { costCycles: c }) => total + c.collect + c.copy + c.arm + c.commit, 0);
  return sum / checkpoints.length;
}
