import { type TechniqueId, techniqueOf } from "../checkpoint/techniques.ts";
import { inTermsOf } from "../run/same-run.ts";
import type { RunId } from "./figures.ts";
import type { SessionHost } from "./host.ts";
import { makeRequest, type Request } from "./request.ts";
import type { KeptRun, RunStore } from "./run-store.ts";

/** A second run of a program, which waits for nobody's answer but those that need its writes. */
interface SecondRun {
  readonly run: RunId;
  readonly done: Promise<void>;
  /** Requests that wait for it. */
  waiting: number;
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
  /** Runs whose second run was another one, or none. */
  readonly #missed = new Set<RunId>();

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
   * Finds them out where that can be done; ends when the run has them, or when it will not. What was tried in vain is tried again
   * where a person asks, and not with each of a view's questions.
   * @param request of a person, that does not wait any more when it is cancelled: where nobody else does, the second run ends
   */
  async findOut(id: RunId, technique: TechniqueId, request?: Pick<Request<never>, "onCancel">): Promise<void> {
    if (!this.canFindOut(this.#store.get(id), technique) || (request === undefined && this.#missed.has(id))) return;
    if (this.#second?.run !== id) {
      this.stop();
      this.#second = this.#start(id);
    }
    const second = this.#second;
    second.waiting++;
    request?.onCancel(() => {
      if (--second.waiting === 0) this.#end(second);
    });
    await second.done;
  }

  /** Makes way for what a person asked for. */
  stop(): void {
    if (this.#second !== undefined) this.#end(this.#second);
  }

  /** Who asks from now on does not wait for one that is ending. */
  #end(second: SecondRun): void {
    second.cancel();
    if (this.#second === second) this.#second = undefined;
  }

  #start(run: RunId): SecondRun {
    const own = makeRequest();
    // Whoever needs the writes says that they are missing.
    const done = this.#runAgain(run, own.request).then(
      (isFound) => {
        if (!isFound) this.#missed.add(run);
      },
      () => {
        if (!own.request.isCancelled) this.#missed.add(run);
      },
    );
    const second: SecondRun = {
      run,
      done,
      waiting: 0,
      cancel: own.cancel,
    };
    void done.then(() => {
      if (this.#second === second) this.#second = undefined;
    });
    return second;
  }

  async #runAgain(id: RunId, request: Request<unknown>): Promise<boolean> {
    const { again, saved, programKey } = this.#store.get(id);
    if (again === undefined) return false;
    const params = { ...again.params, tellsWrites: true };
    const later = await this.#host.runProgram(params, again.images, request);
    const isSame = later.programKey === programKey;
    const recording = isSame ? inTermsOf(saved.recording, later.saved.recording) : undefined;
    if (recording !== undefined) this.#store.complete(id, recording);
    return recording !== undefined;
  }
}
