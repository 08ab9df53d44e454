import type { PriceList } from "../machine/prices.ts";

/** Cycles with their band. */
export interface Cycles {
  readonly cycles: number;
  readonly low: number;
  readonly high: number;
}

/** @param counts by primitive number */
export function costOf(counts: Float64Array, prices: PriceList): Cycles {
  let cycles = 0;
  let low = 0;
  let high = 0;
  for (let number = 0; number < counts.length; number++) {
    const count = counts[number];
    if (count === 0) continue;
    cycles += count * prices.cycles[number];
    low += count * prices.low[number];
    high += count * prices.high[number];
  }
  return { cycles, low, high };
}
