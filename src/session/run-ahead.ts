import { DEFAULT_MACHINE } from "../run/machine.ts";
import type { SessionHost } from "./host.ts";
import type { RunParams, RunProgress } from "./methods.ts";
import { makeRequest, type Request } from "./request.ts";
import { inputKey, type RunStore } from "./run-store.ts";

/** How long a program may run that nobody has asked for, in milliseconds. */
const MOST_MS = 5000;

interface UnderWay {
  /** What it is run with. */
  readonly input: string;
  /** Never rejects. */
  readonly done: Promise<void>;
  /** Who asked for the run meanwhile. */
  readonly waiting: Request<RunProgress>[];
  /** Gives it all the time that it takes. */
  unlimited(): void;
  cancel(): void;
}

/**
 * Runs of programs as they would be run next, one at a time, before anybody asks for them. Programs are deterministic and see
 * nothing of the world, so who asks then has what came of it, or waits for the rest.
 */
export class RunAhead {
  readonly #host: SessionHost;
  readonly #store: RunStore;
  #underWay: UnderWay | undefined;

  constructor(host: SessionHost, store: RunStore) {
    this.#host = host;
    this.#store = store;
  }

  /** Ends when the run is there, or given up: it takes too long, another one begins, or nobody wants it any more. */
  async begin(params: RunParams, request: Pick<Request<never>, "onCancel">): Promise<void> {
    const input = inputKey(params);
    if (input === undefined) return;
    this.stop();
    const waiting: Request<RunProgress>[] = [];
    const own = makeRequest<RunProgress>((progress) => {
      if (progress.stage === "starting" && waiting.length === 0)
        underWay.unlimited = this.#host.after(MOST_MS, () => {
          own.cancel();
          // Its process is gone with it, and what was made ready there.
          this.#host.compileProgram(params, makeRequest<never>().request).catch(() => {});
        });
      if (progress.stage === "keeping") underWay.unlimited();
      for (const one of waiting) one.progress(progress);
    });
    // What is wrong with a program is told when it is asked for.
    const done = this.#run(params, own.request, () => waiting.length === 0).catch(() => {});
    const underWay: UnderWay = { input, done, waiting, unlimited: () => {}, cancel: own.cancel };
    this.#underWay = underWay;
    request.onCancel(() => {
      if (waiting.length === 0) own.cancel();
    });
    await done;
    underWay.unlimited();
    if (this.#underWay === underWay) this.#underWay = undefined;
  }

  /** Waits for the rest of a run of the same input, if one is under way; another one makes way. */
  async waitFor(params: RunParams, request: Request<RunProgress>): Promise<void> {
    const underWay = this.#underWay;
    if (underWay === undefined) return;
    if (underWay.input !== inputKey(params)) {
      this.stop();
      return;
    }
    underWay.unlimited();
    underWay.waiting.push(request);
    request.progress({ stage: "starting" });
    request.onCancel(underWay.cancel);
    await underWay.done;
  }

  stop(): void {
    this.#underWay?.cancel();
    this.#underWay = undefined;
  }

  async #run(params: RunParams, request: Request<RunProgress>, hasTime: () => boolean): Promise<void> {
    const before = this.#store.newestOf(params);
    const finished = await this.#host.runProgram(params, [], request, before);
    if (finished === before) return;
    const run = this.#store.addAhead(finished, params);
    // All figures are made of it.
    if (hasTime()) this.#store.history(run, { ...DEFAULT_MACHINE, ...params.machine });
  }
}
