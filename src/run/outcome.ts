import type { RegionSpec } from "../checkpoint/regions.ts";
import { borrowingPages } from "../machine/page-bytes.ts";
import { type CheckpointColumns, columnsOf } from "./checkpoint-columns.ts";
import { type CostTable, costTableOf } from "./cost-table.ts";
import type { MachineOptions } from "./machine.ts";
import type { Recording } from "./recording.ts";
import { type MachineHistory, type ReplayObserver, replay } from "./replay.ts";

/** All that a price needs to know of what a machine went through: counts, and what they are about. Plain data. */
export interface Outcome {
  readonly options: MachineOptions;
  /** Instructions of each step, by primitive number, in this guest's builds of Linux and Xen. */
  readonly pathLengths: Float64Array;
  readonly costs: CostTable;
  readonly checkpoints: CheckpointColumns;
  /** The latest specification of every region there ever was, by its number. */
  readonly regions: readonly RegionSpec[];
  /** Bytes under protection at the end. */
  readonly registeredBytes: number;
}

/** Lets go of the machine itself, whose tables are large. */
export function outcomeOf({ machine, checkpoints }: MachineHistory): Outcome {
  const { options, pathLengths, ledger, engine } = machine;
  return {
    options,
    pathLengths,
    costs: costTableOf(ledger),
    checkpoints: columnsOf(checkpoints),
    regions: engine.regions.history,
    registeredBytes: engine.regions.all.reduce((total, { spec }) => total + spec.bytes, 0),
  };
}

/** What comes of a replay whose machine nobody keeps. */
export function replayOutcome(recording: Recording, options: MachineOptions, observer?: ReplayObserver): Outcome {
  return borrowingPages(() => outcomeOf(replay(recording, options, observer)));
}
