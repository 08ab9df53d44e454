import type { CompileParams } from "../session/methods.ts";
import type { AheadJob } from "./guest-job.ts";
import { type Cancellable, GuestProcess } from "./guest-process.ts";

/** How long the compilers, which take hundreds of megabytes, stay loaded for the next program. */
const IDLE_MS = 120_000;

/**
 * Compiles into the cache in a process of its own: V8's flags for guests would have it optimise all of a compiler before that
 * says a word, which takes twice as long (6 s of processor time for a first C program, instead of 12 s).
 */
export class Compiler {
  readonly #process: GuestProcess;
  #idle: NodeJS.Timeout | undefined;
  #jobs = 0;

  /** @param file the built `guest.js` */
  constructor(file: string) {
    this.#process = new GuestProcess(file, []);
  }

  /** @throws CancelledError, or SessionFailure with what the compiler says */
  compile(params: CompileParams, request: Cancellable): Promise<void> {
    return this.#do({ kind: "compile", params }, request);
  }

  /** Loads the compiler of a program's language, which takes far longer than compiling it. */
  load(params: CompileParams, request: Cancellable): Promise<void> {
    return this.#do({ kind: "load", params }, request);
  }

  async #do(job: AheadJob, request: Cancellable): Promise<void> {
    clearTimeout(this.#idle);
    this.#jobs++;
    try {
      await this.#process.ahead(job, request);
    } finally {
      this.#jobs--;
      if (this.#jobs === 0) this.#idle = setTimeout(() => this.dispose(), IDLE_MS).unref();
    }
  }

  dispose(): void {
    clearTimeout(this.#idle);
    this.#process.dispose();
  }
}
