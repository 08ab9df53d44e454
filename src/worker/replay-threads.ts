import { Worker } from "node:worker_threads";
import type { MachineOptions } from "../run/machine.ts";
import type { Outcome } from "../run/outcome.ts";
import type { Recording } from "../run/recording.ts";
import { bundledFile } from "./bundled-file.ts";
import type { ReplayAnswer, ReplayOrder } from "./replay-job.ts";

export interface ReplayOptions {
  /** Comes after each replay, whose number counts from 0; with threads in any order. */
  onDone?(number: number, outcome: Outcome): void;
  /** When it is aborted, no replay is begun any more, and those in threads end. */
  readonly signal?: AbortSignal;
}

/** A recording that is taken through machines now. */
interface Task {
  answer(thread: number, answer: ReplayAnswer): void;
  fail(reason: unknown): void;
}

/**
 * Threads that replay. Those that are started ahead of a recording replay a small one meanwhile, until they are needed: most of
 * what a program's replays take the first time is V8's reading and translating of this code.
 */
export class ReplayThreads {
  readonly #workerFile: string | undefined;
  #workers: readonly Worker[] = [];
  #task: Task | undefined;

  /** @param workerFile the threads' JavaScript, when the caller knows where it is */
  constructor(workerFile?: string) {
    this.#workerFile = workerFile;
  }

  /** Starts some before there is anything to replay. */
  startAhead(count: number): void {
    for (const [thread, worker] of this.#atLeast(count).entries()) post(worker, { kind: "warm-up", thread });
  }

  /**
   * Takes a recording through each of some machines; one recording at a time.
   * @param count of threads, if no more are running
   * @returns what came of each, in the order of `machines`
   * @throws the signal's reason when it is aborted
   */
  async replayAll(
    recording: Recording,
    machines: readonly MachineOptions[],
    count: number,
    { onDone, signal }: ReplayOptions = {},
  ): Promise<Outcome[]> {
    signal?.throwIfAborted();
    const outcomes = new Array<Outcome>(machines.length);
    const workers = this.#atLeast(Math.min(count, machines.length));
    const queues = slices(machines.length, workers.length);
    const ask = (thread: number) => {
      const number = nextOf(queues, thread);
      if (number !== undefined) post(workers[thread], { kind: "replay", number, machine: machines[number] });
    };
    let abort = (): void => {};
    try {
      await new Promise<void>((resolve, reject) => {
        let left = machines.length;
        if (left === 0) resolve();
        this.#task = {
          answer(thread, { number, outcome }) {
            outcomes[number] = outcome;
            onDone?.(number, outcome);
            if (--left === 0) resolve();
            else ask(thread);
          },
          fail: reject,
        };
        abort = () => reject(signal?.reason);
        signal?.addEventListener("abort", abort);
        const sharedRecording = shared(recording);
        for (const [thread, worker] of workers.entries()) {
          worker.ref();
          post(worker, { kind: "recording", recording: sharedRecording });
          ask(thread);
        }
      });
    } catch (error) {
      // Whoever is in the middle of a replay would go on with it.
      await this.end();
      throw error;
    } finally {
      this.#task = undefined;
      signal?.removeEventListener("abort", abort);
      for (const worker of workers) worker.unref();
    }
    return outcomes;
  }

  /** Ends the threads; they are started anew when there is something to replay. */
  async end(): Promise<void> {
    const workers = this.#workers;
    this.#workers = [];
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #atLeast(count: number): readonly Worker[] {
    const { length } = this.#workers;
    const more = Array.from({ length: Math.max(0, count - length) }, (_, i) => this.#start(length + i));
    this.#workers = [...this.#workers, ...more];
    return this.#workers;
  }

  #start(thread: number): Worker {
    // They need none of the flags that this process was started with.
    const worker = new Worker(this.#workerFile ?? bundledFile("replay-worker.js"), { execArgv: [] });
    worker.on("message", (answer: ReplayAnswer) => this.#task?.answer(thread, answer));
    worker.on("error", (error) => this.#task?.fail(error));
    worker.on("exit", (code) => {
      if (!this.#workers.includes(worker)) return;
      this.#task?.fail(new Error(`a replaying thread ended with code ${code}`));
      this.#workers = [];
    });
    // Nobody waits for one that has nothing to replay.
    worker.unref();
    return worker;
  }
}

function post(worker: Worker, order: ReplayOrder): void {
  worker.postMessage(order);
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
