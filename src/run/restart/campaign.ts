import { PHASE_NUMBER } from "../../machine/context.ts";
import type { PriceProfile } from "../../machine/prices.ts";
import { priceList } from "../../machine/prices.ts";
import { PRIMITIVES } from "../../machine/primitives.ts";
import { type ClockOptions, DEFAULT_CLOCK } from "../guest-clock.ts";
import { outcomeOf } from "../outcome.ts";
import { type CampaignPlan, planOf } from "./campaign-plan.ts";
import { outputDependence } from "./difference.ts";
import { type CampaignInput, type Reference, referenceRun } from "./reference.ts";
import { type Restart, restartFrom } from "./restart.ts";
import { type TornCommit, TornCommits } from "./torn-commits.ts";

/** How long it takes until a restarted program does new work, in cycles of the price list's machine. */
export interface Recovery {
  /** Until somebody notices that the program is gone: supposed, by whoever asks. */
  readonly detect: number;
  /** The image comes back over the network or from the disk. */
  readonly reload: number;
  /** It is written into the program's memory, faults and all. */
  readonly restore: number;
  /** What the new process runs before it has its state back. */
  readonly reentry: number;
}

/** Until a crash is noticed, where nobody says otherwise: supposed. */
export const DEFAULT_DETECT_SECONDS = 0.1;

/** What became of one restart: plain data. */
export interface Verdict {
  /** How its end differs from the reference's; undefined when it survived. */
  readonly difference: string | undefined;
  /** Index of the checkpoint that it restored; undefined when it began from the start. */
  readonly restored: number | undefined;
  /** Restarts and calls for them that failed. */
  readonly refusals: readonly string[];
  readonly recovery: Recovery;
}

/** What a program's results may depend on that comes from outside of it. */
export const DEPENDENCES = ["time", "randomness"] as const;
export type Dependence = (typeof DEPENDENCES)[number];

/** A piece of a campaign that anybody can do who has made the reference run; `commit` is the checkpoint that it is about. */
export type CampaignJob =
  | { readonly kind: "restart"; readonly commit: number; readonly restart: number }
  | { readonly kind: "torn"; readonly commit: number }
  | { readonly kind: "dependence"; readonly on: Dependence };

/** What came of a job: plain data. */
export type JobResult =
  | { readonly kind: "restart"; readonly verdict: Verdict }
  | { readonly kind: "torn"; readonly torn: readonly TornCommit[] }
  | { readonly kind: "dependence"; readonly depends: boolean };

export interface CampaignOptions {
  readonly profile: PriceProfile;
  /** Until a crash is noticed. */
  readonly detectSeconds: number;
  /** Whether each commit is also cut at each of its steps. */
  readonly torn: boolean;
}

const RESTART_PHASE = PHASE_NUMBER.restart;

/** Other clocks: they start weeks later, and one goes faster; not even the day is the same, nor whether a second is even. */
const OTHER_CLOCKS: readonly ClockOptions[] = [
  { startNanoseconds: 3_333_333_123_456_789, rate: DEFAULT_CLOCK.rate * 1.5 },
  { startNanoseconds: 5_678_900_987_654_321, rate: DEFAULT_CLOCK.rate },
];
/** Random numbers that a program makes little of may come out the same by chance. */
const OTHER_SEEDS = 4;

/**
 * Runs a program to its end, and then, for every checkpoint it took, starts it anew on a guest that finds what a crash around
 * that checkpoint leaves, and holds its end against that of the first run. Everybody who makes one of the same input has the
 * same jobs, and the same results of them.
 */
export class CampaignRun {
  readonly reference: Reference;
  readonly plan: CampaignPlan;
  /** Those about earlier checkpoints come first, and must be done in this order, as far as they are done. */
  readonly jobs: readonly CampaignJob[];
  readonly #input: CampaignInput;
  readonly #options: CampaignOptions;
  readonly #torn: TornCommits;

  /** Makes the reference run. */
  constructor(input: CampaignInput, options: CampaignOptions) {
    this.#input = input;
    this.#options = options;
    this.reference = referenceRun(input);
    const { torn } = options;
    const { commits, run } = this.reference;
    this.plan = planOf(this.reference, { isAsync: input.options.commit === "async", torn });
    this.#torn = new TornCommits(run.images.all, input.options.target);
    const { restarts } = this.plan;
    const perCommit = commits.map((_, commit) => [
      ...restarts.flatMap((restart, i): CampaignJob[] =>
        restart.commit === commit ? [{ kind: "restart", commit, restart: i }] : [],
      ),
      ...(torn ? [{ kind: "torn", commit } as const] : []),
    ]);
    const { clockReads, randomReads } = run.usage;
    const asked = { time: clockReads > 0, randomness: randomReads > 0 };
    this.jobs = [
      ...perCommit.flat(),
      ...DEPENDENCES.filter((on) => asked[on]).map((on) => ({ kind: "dependence", on }) as const),
    ];
  }

  do(job: CampaignJob): JobResult {
    switch (job.kind) {
      case "restart": {
        const { crash } = this.plan.restarts[job.restart];
        return { kind: "restart", verdict: this.#verdict(restartFrom(this.#input, this.reference, crash)) };
      }
      case "torn":
        return { kind: "torn", torn: this.#torn.of(job.commit) };
      case "dependence":
        return { kind: "dependence", depends: this.#dependsOn(job.on) };
    }
  }

  /** In a few words, for who waits. */
  describe(job: CampaignJob): string {
    switch (job.kind) {
      case "restart": {
        const { images } = this.plan.restarts[job.restart].crash;
        return images === 0
          ? "a restart without a checkpoint"
          : `a restart from version ${this.#versionOf(images - 1)}`;
      }
      case "torn":
        return `torn commits of version ${this.#versionOf(job.commit)}`;
      case "dependence":
        return job.on === "time" ? "a run with another clock" : "a run with other random numbers";
    }
  }

  #versionOf(commit: number): number {
    return this.reference.commits[commit].version;
  }

  #verdict(restart: Restart): Verdict {
    const { difference, restored, refusals } = restart;
    return { difference, restored: restored?.commit, refusals, recovery: this.#recovery(restart) };
  }

  /** The wire's and the disk's part of what a restart costs is the reload, the rest the restore. */
  #recovery({ run, restored }: Restart): Recovery {
    const outcome = outcomeOf(run);
    const prices = priceList(this.#options.profile, outcome.pathLengths);
    let [reload, restore] = [0, 0];
    const { costs: table } = outcome;
    for (let row = 0; row < table.rowCount; row++) {
      if (table.phase[row] !== RESTART_PHASE) continue;
      for (let i = table.start[row]; i < table.start[row + 1]; i++) {
        const { layer } = PRIMITIVES[table.primitive[i]];
        const cycles = table.count[i] * prices.cycles[table.primitive[i]];
        if (layer === "wire" || layer === "disk") reload += cycles;
        else restore += cycles;
      }
    }
    return { detect: detectCycles(this.#options), reload, restore, reentry: restored?.cycle ?? 0 };
  }

  /** Runs again with other times, or with other random numbers, until one makes a difference. */
  #dependsOn(on: Dependence): boolean {
    const others: Partial<CampaignInput>[] =
      on === "time"
        ? OTHER_CLOCKS.map((clock) => ({ clock }))
        : Array.from({ length: OTHER_SEEDS }, (_, i) => ({ seed: this.#input.seed + 1 + i }));
    return others.some(
      (other) => outputDependence(this.reference, referenceRun({ ...this.#input, ...other })) !== undefined,
    );
  }
}

export function detectCycles({ profile, detectSeconds }: Pick<CampaignOptions, "profile" | "detectSeconds">): number {
  return detectSeconds * profile.ghz * 1e9;
}
