/** A thread that replays one recording, as often as it is asked to. */
import { parentPort, workerData } from "node:worker_threads";
import { buffersOf } from "../run/cost-table.ts";
import { replayOutcome } from "../run/outcome.ts";
import type { Recording } from "../run/recording.ts";
import type { ReplayAnswer, ReplayJob } from "./replay-job.ts";

const recording = workerData as Recording;

parentPort?.on("message", ({ number, machine }: ReplayJob) => {
  const answer: ReplayAnswer = { number, outcome: replayOutcome(recording, machine) };
  parentPort?.postMessage(answer, buffersOf(answer.outcome.costs));
});
