/** A thread that replays one recording after the other, each as often as it is asked to. */
import { parentPort } from "node:worker_threads";
import { buffersOf } from "../run/cost-table.ts";
import { possibleMachines } from "../run/machine.ts";
import { recordingOf } from "../run/made-recording.ts";
import { outcomeOf } from "../run/outcome.ts";
import type { Recording } from "../run/recording.ts";
import { replay } from "../run/replay.ts";
import type { ReplayAnswer, ReplayOrder } from "./replay-job.ts";

let recording: Recording | undefined;

parentPort?.on("message", (order: ReplayOrder) => {
  switch (order.kind) {
    case "recording":
      recording = order.recording;
      break;
    case "replay": {
      if (recording === undefined) throw new Error("there is no recording to replay");
      const answer: ReplayAnswer = { number: order.number, outcome: outcomeOf(replay(recording, order.machine)) };
      parentPort?.postMessage(answer, buffersOf(answer.outcome.costs));
      break;
    }
    case "warm-up":
      warmUp(order.thread);
      break;
  }
});

/** Long enough for V8 to translate what is in loops, short enough to be put off at once. */
const SMALL = { regionPages: 512, epochs: 12, dirtyPages: 100, order: "random" } as const;

/** Replays a small recording on all machines, as long as there is nothing else to do. @param thread no two begin alike */
function warmUp(thread: number): void {
  const small = recordingOf(SMALL);
  const machines = possibleMachines();
  const go = (from: number) => {
    if (recording !== undefined || from === machines.length) return;
    outcomeOf(replay(small, machines[from]));
    setImmediate(go, from + 1);
  };
  if (thread % 2 === 1) machines.reverse();
  go(0);
}
