import type { PriceList } from "../machine/prices.ts";
import { type Cycles, costOf } from "./cycles.ts";

/** What a run's first figures are made of: whoever has these counts can put other prices on them at once. */
export interface HeadlineCounts {
  /** By primitive: what the program waits for because it is checkpointed. */
  readonly overhead: Float64Array;
  /** By primitive: what it needs of the machine by itself. */
  readonly run: Float64Array;
}

/** The two figures that are held against each other. */
export interface Headline {
  readonly overhead: Cycles;
  /** The program's own instructions, and what it needs of the machine by itself. */
  readonly programCycles: number;
}

/** @param ownCycles virtual cycles of the program's own instructions */
export function headlineOf({ overhead, run }: HeadlineCounts, ownCycles: number, prices: PriceList): Headline {
  return { overhead: costOf(overhead, prices), programCycles: ownCycles + costOf(run, prices).cycles };
}
