import { PHASE_NUMBER } from "../../machine/context.ts";
import type { PriceProfile } from "../../machine/prices.ts";
import { priceList } from "../../machine/prices.ts";
import { PRIMITIVES } from "../../machine/primitives.ts";
import { DEFAULT_CLOCK } from "../guest-clock.ts";
import { outcomeOf } from "../outcome.ts";
import { countsOf } from "../outcome-counts.ts";
import { outputDependence } from "./difference.ts";
import { type CampaignInput, type Reference, referenceRun } from "./reference.ts";
import { type Restart, restartFrom } from "./restart.ts";

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

const RESTART_PHASE = PHASE_NUMBER.restart;
/** Another clock: it starts later and goes faster. */
const OTHER_START = 123_456_789;
const OTHER_RATE = 1.5;

/** What became of the program after a crash right after one of its checkpoints. */
export interface RestartReport {
  readonly name: string;
  readonly version: number;
  /** Virtual cycle of the checkpoint in the reference. */
  readonly cycle: number;
  readonly survived: boolean;
  /** What it restored; null when it began from the start. */
  readonly restoredVersion: number | null;
  readonly difference?: string;
  /** Restarts and calls for them that failed. */
  readonly refusals: readonly string[];
  /** Cycles of the program whose work is done again: all of them when it began from the start. */
  readonly lostCycles: number;
  /** Lost besides, at most: a crash comes anywhere before the next checkpoint or the end. */
  readonly intervalCycles: number;
  readonly recovery: Recovery;
}

/** A failure at a moment that somebody chose. */
export interface Failure {
  /** Virtual cycle of the program. */
  readonly cycle: number;
  /** The checkpoint that a restart finds; null where there is none yet. */
  readonly version: number | null;
  readonly lostCycles: number;
  readonly recovery: Recovery;
}

export interface Campaign {
  readonly reference: Reference;
  readonly restarts: readonly RestartReport[];
  readonly failures: readonly Failure[];
  /** Whether the program's results change with the clock or with the random numbers that the guest gives it. */
  readonly dependsOn: { readonly time: boolean; readonly randomness: boolean };
}

export interface CampaignOptions {
  readonly profile: PriceProfile;
  /** Until a crash is noticed. */
  readonly detectSeconds: number;
  /** Virtual cycles at which the program fails, besides. */
  readonly failAt: readonly number[];
  readonly stopAtFirst: boolean;
  /** Comes before each run. */
  onProgress?(done: number, total: number, what: string): void;
}

/**
 * Runs a program to its end, and then, for every checkpoint it took, starts it anew on a guest that finds what was committed by
 * then, and holds its end against that of the first run.
 */
export function crashCampaign(input: CampaignInput, options: CampaignOptions): Campaign {
  const { onProgress } = options;
  onProgress?.(0, 1, "the run that nothing stops");
  const reference = referenceRun(input);
  const total = reference.commits.length + 1;
  const restarts: RestartReport[] = [];
  for (let commit = 0; commit < reference.commits.length; commit++) {
    onProgress?.(commit + 1, total, `a restart from version ${reference.commits[commit].version}`);
    const report = reportOf(reference, restartFrom(input, reference, commit), options);
    restarts.push(report);
    if (!report.survived && options.stopAtFirst) break;
  }
  return {
    reference,
    restarts,
    failures: options.failAt.map((cycle) => failureAt(cycle, reference, restarts, options)),
    dependsOn: dependenceOf(input, reference),
  };
}

function reportOf(reference: Reference, restart: Restart, options: CampaignOptions): RestartReport {
  const { commits } = reference;
  const { commit, restored, refusals, difference } = restart;
  const { name, version, cycle } = commits[commit];
  const next = commits[commit + 1]?.cycle ?? reference.cycle;
  const from = restored === undefined ? 0 : commits[restored.commit].cycle;
  return {
    ...{ name, version, cycle },
    survived: difference === undefined,
    restoredVersion: restored?.version ?? null,
    ...(difference === undefined ? {} : { difference }),
    refusals,
    lostCycles: cycle - from,
    intervalCycles: next - cycle,
    recovery: recoveryOf(restart, options),
  };
}

/** The wire's and the disk's part of what a restart costs is the reload, the rest the restore. */
function recoveryOf({ run, restored }: Restart, { profile, detectSeconds }: CampaignOptions): Recovery {
  const outcome = outcomeOf(run);
  const prices = priceList(profile, outcome.pathLengths);
  let [reload, restore] = [0, 0];
  const { table } = countsOf(outcome);
  for (let row = 0; row < table.rowCount; row++) {
    if (table.phase[row] !== RESTART_PHASE) continue;
    for (let i = table.start[row]; i < table.start[row + 1]; i++) {
      const { layer } = PRIMITIVES[table.primitive[i]];
      const cycles = table.count[i] * prices.cycles[table.primitive[i]];
      if (layer === "wire" || layer === "disk") reload += cycles;
      else restore += cycles;
    }
  }
  return { detect: detectSeconds * profile.ghz * 1e9, reload, restore, reentry: restored?.cycle ?? 0 };
}

function failureAt(
  cycle: number,
  { commits, cycle: end }: Reference,
  restarts: readonly RestartReport[],
  { profile, detectSeconds }: CampaignOptions,
): Failure {
  const at = Math.min(cycle, end);
  const newest = commits.findLastIndex((commit) => commit.cycle <= at);
  const report = restarts[newest];
  const nothing = { detect: detectSeconds * profile.ghz * 1e9, reload: 0, restore: 0, reentry: 0 };
  if (report === undefined) return { cycle, version: null, lostCycles: at, recovery: nothing };
  return {
    cycle,
    version: report.version,
    lostCycles: report.lostCycles + at - report.cycle,
    recovery: report.recovery,
  };
}

/** Runs again with other times, and with other random numbers, where the program asked for any. */
function dependenceOf(input: CampaignInput, reference: Reference): Campaign["dependsOn"] {
  const { usage } = reference.run;
  const differs = (other: Partial<CampaignInput>) =>
    outputDependence(reference, referenceRun({ ...input, ...other })) !== undefined;
  return {
    time:
      usage.clockReads > 0 &&
      differs({ clock: { startNanoseconds: OTHER_START, rate: DEFAULT_CLOCK.rate * OTHER_RATE } }),
    randomness: usage.randomReads > 0 && differs({ seed: input.seed + 1 }),
  };
}
