/** A thread that does a campaign's jobs beside the one that began it. */
import { parentPort, workerData } from "node:worker_threads";
import { CampaignRun } from "../run/restart/campaign.ts";
import { openCampaign } from "./campaign.ts";
import { type CampaignAnswer, type CampaignThreadData, SharedJobs } from "./campaign-job.ts";
import { doJobs } from "./campaign-thread.ts";

const { request, options, wasm, shared } = workerData as CampaignThreadData;
const { input } = await openCampaign(request);
if (Buffer.compare(input.program.wasm, wasm) !== 0) {
  throw new Error(`${input.program.path} was changed while it was run`);
}
const run = new CampaignRun(input, options);
for (const answer of doJobs(run, new SharedJobs(shared), options.stopAtFirst)) {
  parentPort?.postMessage(answer satisfies CampaignAnswer);
}
