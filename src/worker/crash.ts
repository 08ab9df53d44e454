import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { BadInputError, type Program } from "../program/program.ts";
import type { MachineOptions } from "../run/machine.ts";
import { type CampaignOptions, CampaignRun, type JobResult } from "../run/restart/campaign.ts";
import { type Campaign, campaignOf } from "../run/restart/campaign-report.ts";
import { endlessText } from "./audit.ts";
import { bundledFile } from "./bundled-file.ts";
import { openCampaign } from "./campaign.ts";
import { type CampaignAnswer, type CampaignThreadData, SharedJobs } from "./campaign-job.ts";
import { doJobs } from "./campaign-thread.ts";
import type { ProgramInput, RunResult } from "./session.ts";

export interface CrashRequest extends ProgramInput {
  readonly machine: MachineOptions;
  readonly campaign: CampaignOptions & { readonly failAt: readonly number[]; readonly stopAtFirst: boolean };
  /** How many threads restart programs, beside this one; chosen by how long the work will take when left out. */
  readonly threads?: number;
  /** The thread's JavaScript, when the caller knows where it is. */
  readonly workerFile?: string;
  onProgress?(text: string): void;
  /** Comes before all work and after each piece of it, with how much is done and what comes next. */
  onJob?(done: number, total: number, what: string): void;
}

export interface CrashResult {
  readonly about: RunResult["input"];
  readonly program: Program;
  readonly campaign: Campaign;
  readonly programCycles: number;
}

/** Milliseconds of work ahead from which on threads are worth it: each has the program to load and the reference run to make. */
const THREADS_FROM = 3000;
/** Each keeps all images of the reference run. */
const MOST_THREADS = 8;

/**
 * The whole of `crash`: the result is the same whoever did how much of it.
 * @throws BadInputError, CompileError
 */
export async function crashProgram(request: CrashRequest): Promise<CrashResult> {
  const { paths, campaign: options, onJob } = request;
  const { input, about } = await openCampaign(request);
  request.onProgress?.("");
  onJob?.(0, 1, "the run that nothing stops");
  const begun = performance.now();
  const run = new CampaignRun(input, options);
  const milliseconds = performance.now() - begun;
  const { ending } = run.reference.run;
  if (ending.kind !== "exit") {
    throw new BadInputError(endlessText(paths[0], ending.message));
  }
  const total = run.jobs.length;
  // A restart takes half the time of a whole run, in the mean.
  const {
    threads = (milliseconds * total) / 2 < THREADS_FROM ? 0 : Math.min(availableParallelism(), MOST_THREADS) - 1,
  } = request;
  const shared = new SharedJobs();
  const results = new Array<JobResult | undefined>(total).fill(undefined);
  let answered = 0;
  const note = ({ number, result }: CampaignAnswer) => {
    results[number] = result;
    answered++;
    onJob?.(1 + answered, 1 + total, run.describe(run.jobs[Math.min(number + 1, total - 1)]));
  };
  if (total > 0) onJob?.(1, 1 + total, run.describe(run.jobs[0]));
  const helpers: Worker[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const noteAndEnd = (answer: CampaignAnswer) => {
        note(answer);
        if (answered === total) resolve();
      };
      if (total === 0) resolve();
      for (let i = 0; i < Math.min(threads, total - 1); i++) {
        const worker = helper(request, input.program.wasm, shared);
        worker.on("message", noteAndEnd);
        worker.on("error", reject);
        helpers.push(worker);
      }
      const own = doJobs(run, shared, options.stopAtFirst);
      const next = () => {
        try {
          const { done, value } = own.next();
          if (done === true) return;
          noteAndEnd(value);
          // Threads get a word in between.
          setImmediate(next);
        } catch (error) {
          reject(error);
        }
      };
      next();
    });
  } finally {
    await Promise.all(helpers.map((worker) => worker.terminate()));
  }
  return {
    about,
    program: input.program,
    campaign: campaignOf(run, results, options),
    programCycles: run.reference.cycle,
  };
}

/** A thread that does jobs until none is left. */
function helper(
  { campaign, workerFile = bundledFile("campaign-worker.js"), onProgress, onJob, ...request }: CrashRequest,
  wasm: Uint8Array,
  { buffer: shared }: SharedJobs,
): Worker {
  const workerData: CampaignThreadData = { request, options: campaign, wasm, shared };
  return new Worker(workerFile, { workerData });
}
