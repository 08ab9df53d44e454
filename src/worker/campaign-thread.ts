import type { CampaignJob, CampaignRun } from "../run/restart/campaign.ts";
import { failedCommit } from "../run/restart/campaign-report.ts";
import type { CampaignAnswer, SharedJobs } from "./campaign-job.ts";

/**
 * Takes jobs of a campaign until none is left; with others, who do the same, each is done once.
 * @param stopAtFirst leaves out those about checkpoints after one that a mismatch was found at
 * @param onStart comes before each
 */
export function* doJobs(
  run: CampaignRun,
  shared: SharedJobs,
  stopAtFirst: boolean,
  onStart?: (job: CampaignJob) => void,
): Generator<CampaignAnswer> {
  for (let number = shared.take(); number < run.jobs.length; number = shared.take()) {
    const job = run.jobs[number];
    if (stopAtFirst && job.kind !== "dependence" && job.commit > shared.firstFailed) {
      yield { number, result: undefined };
      continue;
    }
    onStart?.(job);
    const result = run.do(job);
    const failed = failedCommit(job, result);
    if (failed !== undefined) shared.noteFailed(failed);
    yield { number, result };
  }
}
