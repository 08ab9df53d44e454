import { type TechniqueId, techniqueOf } from "../checkpoint/techniques.ts";
import { inTermsOf } from "../run/same-run.ts";
import type { RunId } from "./figures.ts";
import type { SessionHost } from "./host.ts";
import type { KeptRun, RunStore } from "./run-store.ts";
import type { Request } from "./serve.ts";

/** A second run of a program, which waits for nobody's answer but those that need its writes. */
interface SecondRun {
  readonly run: RunId;
  readonly done: Promise<void>;
  cancel(): void;
}

/**
 * Every write of runs that were recorded without: to tell them takes longer, and most techniques do not need them. When one does,
 * the run's program runs a second time, which is the same run to the last write, as long as its text is the same.
 */
export class EveryWrite {
  readonly #host: SessionHost;
  readonly #store: RunStore;
  #second: SecondRun | undefined;

  constructor(host: SessionHost, store: RunStore) {
    this.#host = host;
    this.#store = store;
  }

  /** Whether a run lacks writes that a technique needs, and a second run can tell them. */
  canFindOut(run: KeptRun, technique: TechniqueId): boolean {
    return (
      techniqueOf(technique).needsEveryWrite === true &&
      run.saved.recording.writes === undefined &&
      // A program that writes files finds them written the second time.
      run.again !== undefined &&
      (run.again.params.dirs ?? []).length === 0
    );
  }

  /**
   * Finds them out where that can be done; ends when the run has them, or when it will not.
   * @param request whose cancelling ends the second run, where it is given
   */
  async findOut(id: RunId, technique: TechniqueId, request?: Pick<Request<never>, "onCancel">): Promise<void> {
    if (!this.canFindOut(this.#store.get(id), technique)) return;
    if (this.#second?.run !== id) {
      this.stop();
      this.#second = this.#start(id);
    }
    const second = this.#second;
    request?.onCancel(() => second.cancel());
    await second.done;
  }

  /** Makes way for what a person asked for. */
  stop(): void {
    this.#second?.cancel();
    this.#second = undefined;
  }

  #start(run: RunId): SecondRun {
    let isCancelled = false;
    const listeners: (() => void)[] = [];
    const request: Request<unknown> = {
      progress() {},
      get isCancelled() {
        return isCancelled;
      },
      onCancel: (listener) => listeners.push(listener),
    };
    // Whoever needs the writes says that they are missing.
    const done = this.#runAgain(run, request).catch(() => {});
    const second: SecondRun = {
      run,
      done,
      cancel() {
        isCancelled = true;
        for (const listener of listeners) listener();
      },
    };
    void done.then(() => {
      if (this.#second === second) this.#second = undefined;
    });
    return second;
  }

  async #runAgain(id: RunId, request: Request<unknown>): Promise<void> {
    const { again, saved } = this.#store.get(id);
    if (again === undefined) return;
    const params = { ...again.params, tellsWrites: true };
    const { saved: later } = await this.#host.runProgram(params, again.images, request);
    if (JSON.stringify(later.sources) !== JSON.stringify(saved.sources)) return;
    const recording = inTermsOf(saved.recording, later.recording);
    if (recording !== undefined) this.#store.complete(id, recording);
  }
}
