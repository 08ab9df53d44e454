import { PHASE_NUMBER, PHASES } from "../../machine/context.ts";
import type { Ledger } from "../../machine/ledger.ts";
import type { PriceList } from "../../machine/prices.ts";
import { LOADER_EPOCH } from "../../run/machine.ts";
import { type Cycles, isOverhead } from "../../run/report.ts";

/**
 * A ledger without its zeros and without the loader's charges: columns with one entry for each context, whose counts are
 * those from `start[row]` to `start[row + 1]`, primitives ascending.
 */
export interface CostTable {
  readonly rowCount: number;
  /** Number of the phase. */
  readonly phase: Uint8Array;
  readonly epoch: Int32Array;
  readonly site: Int32Array;
  readonly region: Int32Array;
  readonly start: Uint32Array;
  readonly primitive: Uint16Array;
  readonly count: Float64Array;
}

export function costTableOf(ledger: Ledger): CostTable {
  const rows = [...ledger.rows()].filter(({ epoch }) => epoch !== LOADER_EPOCH);
  const start = new Uint32Array(rows.length + 1);
  rows.forEach(({ counts }, row) => {
    let length = 0;
    for (let primitive = 0; primitive < counts.length; primitive++) if (counts[primitive] !== 0) length++;
    start[row + 1] = start[row] + length;
  });
  const primitives = new Uint16Array(start[rows.length]);
  const count = new Float64Array(start[rows.length]);
  rows.forEach(({ counts }, row) => {
    let at = start[row];
    for (let primitive = 0; primitive < counts.length; primitive++) {
      if (counts[primitive] === 0) continue;
      primitives[at] = primitive;
      count[at++] = counts[primitive];
    }
  });
  return {
    rowCount: rows.length,
    phase: Uint8Array.from(rows, ({ phase }) => PHASE_NUMBER[phase]),
    epoch: Int32Array.from(rows, ({ epoch }) => epoch),
    site: Int32Array.from(rows, ({ site }) => site),
    region: Int32Array.from(rows, ({ region }) => region),
    start,
    primitive: primitives,
    count,
  };
}

/** What a range of a table's counts costs, added up in their order. */
export function costOfRange(
  { primitive, count }: Pick<CostTable, "primitive" | "count">,
  from: number,
  to: number,
  prices: PriceList,
): Cycles {
  let cycles = 0;
  let low = 0;
  let high = 0;
  for (let i = from; i < to; i++) {
    cycles += count[i] * prices.cycles[primitive[i]];
    low += count[i] * prices.low[primitive[i]];
    high += count[i] * prices.high[primitive[i]];
  }
  return { cycles, low, high };
}

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
