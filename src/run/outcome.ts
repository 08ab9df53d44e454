import type { RegionSpec } from "../checkpoint/regions.ts";
import { Ledger, type LedgerColumns } from "../machine/ledger.ts";
import type { MachineOptions } from "./machine.ts";
import type { CheckpointSummary, MachineHistory } from "./replay.ts";

/** All that a price needs to know of what a machine went through: counts, and what they are about. */
export interface Outcome {
  readonly options: MachineOptions;
  /** Instructions of each step, by primitive number, in this guest's builds of Linux and Xen. */
  readonly pathLengths: Float64Array;
  readonly ledger: Ledger;
  readonly checkpoints: readonly CheckpointSummary[];
  /** The latest specification of every region there ever was, by its number. */
  readonly regions: readonly RegionSpec[];
  /** Bytes under protection at the end. */
  readonly registeredBytes: number;
}

/** The same as plain data, to be sent to another thread. */
export interface OutcomeData extends Omit<Outcome, "ledger"> {
  readonly ledger: LedgerColumns;
}

/** Lets go of the machine itself, whose tables are large. */
export function outcomeOf({ machine, checkpoints }: MachineHistory): Outcome {
  const { options, pathLengths, ledger, engine } = machine;
  return {
    options,
    pathLengths,
    ledger,
    checkpoints,
    regions: engine.regions.history,
    registeredBytes: engine.regions.all.reduce((total, { spec }) => total + spec.bytes, 0),
  };
}

export function toData(outcome: Outcome): OutcomeData {
  return { ...outcome, ledger: outcome.ledger.columns() };
}

export function fromData(data: OutcomeData): Outcome {
  return { ...data, ledger: Ledger.of(data.ledger) };
}
