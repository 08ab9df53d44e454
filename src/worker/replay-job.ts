import type { MachineOptions } from "../run/machine.ts";
import type { Outcome } from "../run/outcome.ts";

/** What a replaying thread is asked for, and what it answers; its recording comes as its `workerData`. */
export interface ReplayJob {
  readonly number: number;
  readonly machine: MachineOptions;
}

export interface ReplayAnswer {
  readonly number: number;
  readonly outcome: Outcome;
}
