import type { RestartsReply } from "../session/figures.ts";
import type { FinishedRun } from "../session/host.ts";
import { CancelledError, SessionFailure } from "../session/messages.ts";
import type { RestartsProgress, RunProgress } from "../session/methods.ts";
import type { Request } from "../session/request.ts";
import { type Child, startChild } from "./child.ts";
import type { AheadJob, GuestAnswer, GuestJob, RestartsJob, RunJob } from "./guest-job.ts";

/** Who waits for the job that the process does now. */
interface Waiting {
  resolve(answer: Done): void;
  reject(error: Error): void;
  progress(progress: RunProgress | RestartsProgress): void;
}

/** What a job needs to know of the request that it is done for. */
export type Cancellable = Pick<Request<never>, "isCancelled" | "onCancel">;
type Done = Extract<GuestAnswer, { readonly type: "result" | "restarts" | "done" }>;

/**
 * A process that compiles and runs programs, one after the other. A program that is cancelled takes the process with it, and
 * another one starts ahead of the next program; otherwise it stays, because compilers are quick once they are loaded.
 */
export class GuestProcess {
  readonly #file: string;
  readonly #flags: readonly string[];
  #child: Child | undefined;
  #waiting: Waiting | undefined;
  /** All jobs so far; never rejects. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param file the built `guest.js`
   * @param flags V8's, for the process
   */
  constructor(file: string, flags: readonly string[]) {
    this.#file = file;
    this.#flags = flags;
  }

  /** Starts the process ahead of its first job. */
  start(): void {
    this.#started();
  }

  /**
   * @returns undefined where it is the program that need not run
   * @throws CancelledError, or SessionFailure with what went wrong in the process
   */
  async run(job: RunJob, request: Request<RunProgress>): Promise<FinishedRun | undefined> {
    const done = await this.#inTurn(job, request, (progress) => request.progress(progress as RunProgress));
    if (done.type !== "result") throw new Error("the guest's process answered a run with something else");
    return done.finished;
  }

  /** @throws as `run` */
  async restart(job: RestartsJob, request: Request<RestartsProgress>): Promise<RestartsReply> {
    const done = await this.#inTurn(job, request, (progress) => request.progress(progress as RestartsProgress));
    if (done.type !== "restarts") throw new Error("the guest's process answered restarts with something else");
    return done.reply;
  }

  /** @throws as `run` */
  async ahead(job: AheadJob, request: Cancellable): Promise<void> {
    await this.#inTurn(job, request, () => {});
  }

  #inTurn(job: GuestJob, request: Cancellable, progress: Waiting["progress"]): Promise<Done> {
    const result = this.#last.then(() => this.#runNow(job, request, progress));
    this.#last = result.catch(() => {});
    // Whoever cancels a job that waits for another one does not wait for that.
    return Promise.race([
      result,
      new Promise<never>((_, reject) => request.onCancel(() => reject(new CancelledError()))),
    ]);
  }

  /** Ends the process; another one starts with the next job. */
  dispose(): void {
    this.#child?.kill();
    this.#child = undefined;
  }

  #runNow(job: GuestJob, request: Cancellable, progress: Waiting["progress"]): Promise<Done> {
    if (request.isCancelled) return Promise.reject(new CancelledError());
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { resolve, reject, progress };
      this.#waiting = waiting;
      request.onCancel(() => {
        if (this.#waiting === waiting) this.#replace();
      });
      this.#started().port.post(job);
    });
  }

  /** Takes who waits, because the job is over. */
  #ended(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  /** Ends the process with whatever it does, and starts the next. */
  #replace(): void {
    this.#child?.kill();
    this.#child = undefined;
    this.#started();
    this.#ended()?.reject(new CancelledError());
  }

  #started(): Child {
    if (this.#child !== undefined) return this.#child;
    const child = startChild(this.#file, "the guest's process", this.#flags);
    this.#child = child;
    child.port.onMessage((data) => {
      if (this.#child === child) this.#answer(data as GuestAnswer);
    });
    child.port.onClose((message) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#ended()?.reject(new SessionFailure({ kind: "gone", message }));
    });
    return child;
  }

  #answer(answer: GuestAnswer): void {
    switch (answer.type) {
      case "progress":
        this.#waiting?.progress(answer.progress);
        return;
      case "result":
      case "restarts":
      case "done":
        this.#ended()?.resolve(answer);
        return;
      case "error":
        this.#ended()?.reject(new SessionFailure(answer.error));
        return;
    }
  }
}
