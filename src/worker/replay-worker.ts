/** A thread that replays one recording, as often as it is asked to. */
import { parentPort, workerData } from "node:worker_threads";
import { outcomeOf, toData } from "../run/outcome.ts";
import type { Recording } from "../run/recording.ts";
import { replay } from "../run/replay.ts";
import type { ReplayAnswer, ReplayJob } from "./replay-job.ts";

const recording = workerData as Recording;

parentPort?.on("message", ({ number, machine }: ReplayJob) => {
  const outcome = toData(outcomeOf(replay(recording, machine)));
  const answer: ReplayAnswer = { number, outcome };
  const { keys, counts } = outcome.ledger;
  parentPort?.postMessage(answer, [keys.buffer as ArrayBuffer, counts.buffer as ArrayBuffer]);
});
