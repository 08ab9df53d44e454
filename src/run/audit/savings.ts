import { optionsIn, refusalOf } from "../../checkpoint/refusal.ts";
import { TECHNIQUE_IDS, type TechniqueId, techniqueOf } from "../../checkpoint/techniques.ts";
import { type PriceProfile, priceList } from "../../machine/prices.ts";
import type { MachineOptions } from "../machine.ts";
import { replayOutcome } from "../outcome.ts";
import type { Recording } from "../recording.ts";
import { replayRefusal } from "../replay.ts";
import { type CostReport, report } from "../report.ts";
import { type Trim, trimmedRecording } from "./trimmed-recording.ts";

/** What a program would save under one technique if it protected less. */
export interface Saving {
  readonly technique: TechniqueId;
  /** For each checkpoint, in the mean. */
  readonly cyclesPerCheckpoint: number;
  /** Of all that its checkpoints cost, 0 to 1. */
  readonly share: number;
}

/**
 * What parts of regions cost under every technique that an environment has: each is replayed with and without them, so the
 * difference has its events behind it.
 */
export class SavingsModel {
  readonly #recording: Recording;
  readonly #profile: PriceProfile;
  readonly #whole: readonly { readonly machine: MachineOptions; readonly report: CostReport }[];

  constructor(recording: Recording, base: MachineOptions, profile: PriceProfile) {
    this.#recording = recording;
    this.#profile = profile;
    this.#whole = TECHNIQUE_IDS.map((technique) => ({ ...optionsIn(base.environment, base), technique }))
      .filter((machine) => refusalOf(techniqueOf(machine.technique), machine) === undefined)
      .filter(({ technique }) => replayRefusal(recording, technique) === undefined)
      .map((machine) => ({ machine, report: this.#report(recording, machine) }));
  }

  /** The largest share first. */
  without(trims: readonly Trim[]): Saving[] {
    const trimmed = trimmedRecording(this.#recording, trims);
    return this.#whole
      .map(({ machine, report: whole }) => {
        const saved = whole.overhead.cycles - this.#report(trimmed, machine).overhead.cycles;
        return {
          technique: machine.technique,
          cyclesPerCheckpoint: saved / Math.max(1, whole.checkpoints.length),
          share: whole.overhead.cycles === 0 ? 0 : saved / whole.overhead.cycles,
        };
      })
      .sort((a, b) => b.share - a.share);
  }

  #report(recording: Recording, machine: MachineOptions): CostReport {
    const outcome = replayOutcome(recording, machine);
    return report(recording, outcome, priceList(this.#profile, outcome.pathLengths));
  }
}
