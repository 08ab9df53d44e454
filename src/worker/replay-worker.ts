/** A thread that replays one recording, as often as it is asked to. */
import { parentPort, workerData } from "node:worker_threads";
import { borrowingPages } from "../machine/page-bytes.ts";
import { buffersOf } from "../run/cost-table.ts";
import { outcomeOf } from "../run/outcome.ts";
import type { Recording } from "../run/recording.ts";
import { replay } from "../run/replay.ts";
import type { ReplayAnswer, ReplayJob } from "./replay-job.ts";

const recording = workerData as Recording;

parentPort?.on("message", ({ number, machine }: ReplayJob) => {
  const answer: ReplayAnswer = { number, outcome: borrowingPages(() => outcomeOf(replay(recording, machine))) };
  parentPort?.postMessage(answer, buffersOf(answer.outcome.costs));
});
