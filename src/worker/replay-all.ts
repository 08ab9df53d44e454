import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { MachineOptions } from "../run/machine.ts";
import { type Outcome, replayOutcome } from "../run/outcome.ts";
import type { Recording } from "../run/recording.ts";
import { bundledFile } from "./bundled-file.ts";
import type { ReplayAnswer, ReplayJob } from "./replay-job.ts";

export interface ReplayAllOptions {
  /** How many threads replay, beside this one; chosen by the size of the work when left out. 0: this thread does it. */
  readonly threads?: number;
  /** The thread's JavaScript, when the caller knows where it is. */
  readonly workerFile?: string;
  /** Comes after each replay, whose number counts from 0; with threads in any order. */
  onDone?(number: number, outcome: Outcome): void;
  /** When it is aborted, no replay is begun any more, and those in threads end. */
  readonly signal?: AbortSignal;
}

/** Events and saved pages, over all replays, from which on threads are worth their start (some tenths of a second each). */
const THREADS_FROM = 4_000_000;
/** Each has a heap of its own. */
const MOST_THREADS = 8;

/**
 * Takes a recording through each of some machines.
 * @returns what came of each, in the order of `machines` and the same whoever did it
 * @throws the signal's reason when it is aborted
 */
export async function replayAll(
  recording: Recording,
  machines: readonly MachineOptions[],
  options: ReplayAllOptions = {},
): Promise<Outcome[]> {
  const { threads = threadsFor(recording, machines.length), onDone } = options;
  if (threads > 0) return replayInThreads(recording, machines, Math.min(threads, machines.length), options);
  const outcomes: Outcome[] = [];
  for (const [number, machine] of machines.entries()) {
    // Whoever waits for something else in this thread gets a turn.
    await new Promise((resolve) => setImmediate(resolve));
    options.signal?.throwIfAborted();
    outcomes.push(replayOutcome(recording, machine));
    onDone?.(number, outcomes[number]);
  }
  return outcomes;
}

function threadsFor(recording: Recording, replays: number): number {
  const savedPages = recording.endPages * recording.calls.filter(({ kind }) => kind === "save").length;
  const work = (recording.kind.length + savedPages / 8) * replays;
  const threads = Math.min(availableParallelism(), MOST_THREADS);
  return work < THREADS_FROM || threads < 2 ? 0 : threads;
}

async function replayInThreads(
  recording: Recording,
  machines: readonly MachineOptions[],
  threads: number,
  { onDone, signal, workerFile = bundledFile("replay-worker.js") }: ReplayAllOptions,
): Promise<Outcome[]> {
  const outcomes = new Array<Outcome>(machines.length);
  const workerData = shared(recording);
  // They need none of the flags that this process was started with.
  const options = { workerData, execArgv: [] };
  const workers = Array.from({ length: threads }, () => new Worker(workerFile, options));
  const queues = slices(machines.length, threads);
  try {
    await Promise.all(
      workers.map(
        (worker, thread) =>
          new Promise<void>((resolve, reject) => {
            const ask = () => {
              const number = nextOf(queues, thread);
              if (number === undefined) {
                resolve();
                return;
              }
              const job: ReplayJob = { number, machine: machines[number] };
              worker.postMessage(job);
            };
            worker.on("message", ({ number, outcome }: ReplayAnswer) => {
              outcomes[number] = outcome;
              onDone?.(number, outcomes[number]);
              ask();
            });
            signal?.addEventListener("abort", () => reject(signal.reason));
            worker.on("error", reject);
            worker.on("exit", (code) => reject(new Error(`a replaying thread ended with code ${code}`)));
            ask();
          }),
      ),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return outcomes;
}

/** The numbers below `count`, in so many slices. */
function slices(count: number, parts: number): number[][] {
  const startOf = (part: number) => Math.round((part * count) / parts);
  return Array.from({ length: parts }, (_, part) =>
    Array.from({ length: startOf(part + 1) - startOf(part) }, (_, i) => startOf(part) + i),
  );
}

/**
 * Each thread goes through a slice of its own, where neighbours are mostly of one environment: code that it has optimised for
 * one serves the next. Who is done early takes from the end of the longest slice.
 */
function nextOf(queues: readonly number[][], thread: number): number | undefined {
  return queues[thread].shift() ?? queues.reduce((a, b) => (b.length > a.length ? b : a)).pop();
}

/** The same data with its typed arrays in memory that threads share, so that none copies them. */
function shared<T>(value: T): T {
  return share(value) as T;
}

function share(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return sharedCopy(value);
  if (Array.isArray(value)) return value.map(share);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, share(item)]));
}

/** A typed array of the same type and contents. */
function sharedCopy(view: ArrayBufferView): ArrayBufferView {
  const memory = new SharedArrayBuffer(view.byteLength);
  new Uint8Array(memory).set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  const OfSameType = view.constructor as new (memory: SharedArrayBuffer) => ArrayBufferView;
  return new OfSameType(memory);
}
