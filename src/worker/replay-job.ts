import type { MachineOptions } from "../run/machine.ts";
import type { Outcome } from "../run/outcome.ts";
import type { Recording } from "../run/recording.ts";

/** What a replaying thread is told: what to replay from now on, and on which machine. */
export type ReplayOrder =
  | { readonly kind: "recording"; readonly recording: Recording }
  | { readonly kind: "replay"; readonly number: number; readonly machine: MachineOptions }
  /** To go through its code until there is something to replay. */
  | { readonly kind: "warm-up"; readonly thread: number };

/** What it answers to each `replay`. */
export interface ReplayAnswer {
  readonly number: number;
  readonly outcome: Outcome;
}
