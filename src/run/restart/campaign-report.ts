import type { JobResult, Recovery, Verdict } from "./campaign.ts";
import { type CampaignJob, type CampaignOptions, type CampaignRun, type Dependence, detectCycles } from "./campaign.ts";
import type { TornCommit } from "./torn-commits.ts";

/** What became of the program after a crash around one of its checkpoints. */
export interface RestartReport {
  readonly name: string;
  readonly version: number;
  /** Only with asynchronous commits: whether the crash came when the call had returned, or when the image was safe. */
  readonly at?: "call" | "commit";
  /** Virtual cycle of the crash in the reference. */
  readonly cycle: number;
  readonly survived: boolean;
  /** What it restored; null when it began from the start. */
  readonly restoredVersion: number | null;
  readonly difference?: string;
  /** Restarts and calls for them that failed. */
  readonly refusals: readonly string[];
  /** Cycles of the program whose work is done again: all of them when it began from the start. */
  readonly lostCycles: number;
  /** Lost besides, at most: the crash may come later, until the next moment that makes a difference. */
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

/** What became of the torn commits of one checkpoint. */
export interface TornReport {
  readonly name: string;
  readonly version: number;
  /** How many there were, and after how many of them the program survived. */
  readonly tried: number;
  readonly survived: number;
  /** What the starts after them found as the newest: the version, or the one before; null where there was none. */
  readonly found: readonly { readonly version: number | null; readonly commits: number }[];
}

/** A crash after which the program ended otherwise than the reference. */
export interface Mismatch {
  readonly name: string;
  readonly version: number;
  /** Where the commit was cut; absent for a crash that cut none. */
  readonly tornAt?: string;
  readonly difference: string;
}

export interface Campaign {
  /** Crashes that were tried, and those that the program survived. */
  readonly restarts: number;
  readonly survived: number;
  readonly mismatches: readonly Mismatch[];
  readonly versions: readonly RestartReport[];
  /** Absent when no commits were torn. */
  readonly torn?: readonly TornReport[];
  readonly failures: readonly Failure[];
  /** Whether the program's results change with the clock or with the random numbers that the guest gives it. */
  readonly dependsOn: Readonly<Record<Dependence, boolean>>;
}

/**
 * The earliest checkpoint that a job has found a mismatch at, for campaigns that stop at the first.
 * @returns undefined where it found none
 */
export function failedCommit(job: CampaignJob, result: JobResult): number | undefined {
  if (job.kind === "dependence") return undefined;
  const failed =
    (result.kind === "restart" && result.verdict.difference !== undefined) ||
    (result.kind === "torn" && result.torn.some(({ fault }) => fault !== undefined));
  return failed ? job.commit : undefined;
}

/**
 * @param results by job; where it stops at the first mismatch, those of later checkpoints may be missing
 * @param failAt virtual cycles at which the program fails, besides
 */
export function campaignOf(
  run: CampaignRun,
  results: readonly (JobResult | undefined)[],
  options: CampaignOptions & { readonly failAt: readonly number[]; readonly stopAtFirst: boolean },
): Campaign {
  const { jobs, reference, plan } = run;
  const verdicts = new Map<number, Verdict>();
  const tornBy = new Map<number, readonly TornCommit[]>();
  const dependsOn = { time: false, randomness: false };
  let last = reference.commits.length - 1;
  jobs.forEach((job, i) => {
    const result = results[i];
    if (result === undefined) return;
    if (options.stopAtFirst) last = Math.min(last, failedCommit(job, result) ?? last);
    if (job.kind === "restart" && result.kind === "restart") verdicts.set(job.restart, result.verdict);
    if (job.kind === "torn" && result.kind === "torn") tornBy.set(job.commit, result.torn);
    if (job.kind === "dependence" && result.kind === "dependence") dependsOn[job.on] = result.depends;
  });
  const verdictOf = (restart: number | undefined): Verdict => {
    const verdict = restart === undefined ? undefined : verdicts.get(restart);
    if (verdict === undefined) throw new Error(`restart ${restart} was not made`);
    return verdict;
  };

  const isAsync = reference.run.machine.options.commit === "async";
  const versions: RestartReport[] = [];
  const torn: TornReport[] = [];
  const mismatches: Mismatch[] = [];
  for (let commit = 0; commit <= last; commit++) {
    const { name, version } = reference.commits[commit];
    const { lost, inTime, committed } = plan.commits[commit];
    const reports = [
      ...(isAsync ? [reportOf(run, commit, "call", verdictOf(lost))] : []),
      reportOf(run, commit, "commit", verdictOf(committed)),
    ];
    versions.push(...reports);
    for (const { difference } of reports) if (difference !== undefined) mismatches.push({ name, version, difference });
    if (!options.torn) continue;
    const cuts = tornBy.get(commit) ?? [];
    const differences = cuts.flatMap(({ at: tornAt, images, fault }): Mismatch[] => {
      const difference = fault ?? verdictOf(images > commit ? inTime : lost).difference;
      return difference === undefined ? [] : [{ name, version, tornAt, difference }];
    });
    mismatches.push(...differences);
    torn.push({
      name,
      version,
      tried: cuts.length,
      survived: cuts.length - differences.length,
      found: foundBy(run, commit, cuts),
    });
  }
  const restarts = versions.length + torn.reduce((sum, { tried }) => sum + tried, 0);
  return {
    restarts,
    survived: restarts - mismatches.length,
    mismatches,
    versions,
    ...(options.torn ? { torn } : {}),
    failures: options.failAt.map((cycle) => failureAt(cycle, run, versions, options)),
    dependsOn,
  };
}

function reportOf(
  { reference }: CampaignRun,
  commit: number,
  at: "call" | "commit",
  { difference, restored, refusals, recovery }: Verdict,
): RestartReport {
  const { commits } = reference;
  const called = commits[commit];
  const { name, version, committed } = called;
  const isAsync = reference.run.machine.options.commit === "async";
  const { cycle } = at === "call" ? called : committed;
  const next = at === "call" ? committed.cycle : (commits[commit + 1]?.committed.cycle ?? reference.cycle);
  return {
    ...{ name, version },
    ...(isAsync ? { at } : {}),
    cycle,
    survived: difference === undefined,
    restoredVersion: restored === undefined ? null : commits[restored].version,
    ...(difference === undefined ? {} : { difference }),
    refusals,
    lostCycles: cycle - (restored === undefined ? 0 : commits[restored].cycle),
    intervalCycles: next - cycle,
    recovery,
  };
}

/** What the program's next start sees as the newest, from nothing on. */
function foundBy({ reference }: CampaignRun, commit: number, cuts: readonly TornCommit[]): TornReport["found"] {
  const { commits, run } = reference;
  const removed = new Set(commits[commit].removed);
  const counts = new Map<number, number>();
  for (const { images } of cuts) {
    const newest = run.images.all.findLastIndex((image, i) => i < images && !removed.has(image));
    counts.set(newest, (counts.get(newest) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([newest, count]) => ({ version: newest < 0 ? null : commits[newest].version, commits: count }));
}

function failureAt(
  cycle: number,
  { reference }: CampaignRun,
  reports: readonly RestartReport[],
  options: CampaignOptions,
): Failure {
  const at = Math.min(cycle, reference.cycle);
  const report = reports.filter((one) => one.at !== "call").findLast((one) => one.cycle <= at);
  const nothing = { detect: detectCycles(options), reload: 0, restore: 0, reentry: 0 };
  if (report === undefined) return { cycle, version: null, lostCycles: at, recovery: nothing };
  const { version, recovery, lostCycles } = report;
  return { cycle, version, lostCycles: lostCycles + at - report.cycle, recovery };
}
