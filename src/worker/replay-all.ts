import { availableParallelism } from "node:os";
import type { MachineOptions } from "../run/machine.ts";
import { type Outcome, outcomeOf } from "../run/outcome.ts";
import type { Recording } from "../run/recording.ts";
import { replay } from "../run/replay.ts";
import { type ReplayOptions, ReplayThreads } from "./replay-threads.ts";

/** Each has a heap of its own. */
const MOST_THREADS = 8;
const MOST_AHEAD = 3;
/** Replays that threads are started ahead for. */
const FEWEST_AHEAD = 8;
/** Events and saved pages, over all replays, from which on threads are worth their start (some tenths of a second each). */
const THREADS_FROM = 4_000_000;

/** Threads that get ready while somebody else works, on the processors that are left; undefined where they would not pay. */
export function replayThreadsAhead(replays: number): ReplayThreads | undefined {
  const count = Math.min(availableParallelism() - 1, MOST_AHEAD);
  if (count < 1 || replays < FEWEST_AHEAD) return undefined;
  const threads = new ReplayThreads();
  threads.startAhead(count);
  return threads;
}

/**
 * Takes a recording through each of some machines: in this thread, or in others where there is much to do.
 * @param ahead threads that are ready for it
 * @returns what came of each, in the order of `machines` and the same whoever did it
 * @throws the signal's reason when it is aborted
 */
export async function replayAll(
  recording: Recording,
  machines: readonly MachineOptions[],
  options: ReplayOptions = {},
  ahead?: ReplayThreads,
): Promise<Outcome[]> {
  const count = threadsFor(workOf(recording, machines.length));
  if (ahead !== undefined) return ahead.replayAll(recording, machines, count, options);
  if (count > 1) {
    const threads = new ReplayThreads();
    try {
      return await threads.replayAll(recording, machines, count, options);
    } finally {
      await threads.end();
    }
  }
  const { onDone, signal } = options;
  const outcomes: Outcome[] = [];
  for (const [number, machine] of machines.entries()) {
    // Whoever waits for something else in this thread gets a turn.
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    outcomes.push(outcomeOf(replay(recording, machine)));
    onDone?.(number, outcomes[number]);
  }
  return outcomes;
}

function threadsFor(work: number): number {
  return work < THREADS_FROM ? 1 : Math.min(availableParallelism(), MOST_THREADS);
}

function workOf(recording: Recording, replays: number): number {
  const savedPages = recording.endPages * recording.calls.filter(({ kind }) => kind === "save").length;
  return (recording.kind.length + savedPages / 8) * replays;
}
