import { PHASES } from "../../machine/context.ts";
import type { Cycles } from "../../run/cycles.ts";
import { isOverhead } from "../../run/outcome-counts.ts";

/** By the number of the phase: whether it is what the program waits for because it is checkpointed. */
export const IS_OVERHEAD: readonly boolean[] = PHASES.map((phase) => isOverhead({ phase, epoch: 0 }));

/** Cycles that are added up. */
export interface CycleSum {
  cycles: number;
  low: number;
  high: number;
}

export function noCycles(): CycleSum {
  return { cycles: 0, low: 0, high: 0 };
}

export function addCycles(sum: CycleSum, { cycles, low, high }: Cycles): void {
  sum.cycles += cycles;
  sum.low += low;
  sum.high += high;
}

/** The part of a whole, 0 of nothing. */
export function shareOf(part: Cycles, whole: Cycles): number {
  return whole.cycles === 0 ? 0 : part.cycles / whole.cycles;
}
