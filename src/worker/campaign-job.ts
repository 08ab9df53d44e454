import type { MachineOptions } from "../run/machine.ts";
import type { CampaignOptions, JobResult } from "../run/restart/campaign.ts";
import type { ProgramInput } from "./session.ts";

/** What a campaign's thread works with: its `workerData`. It makes the reference run by itself, which is always the same. */
export interface CampaignThreadData {
  readonly request: ProgramInput & { readonly machine: MachineOptions };
  readonly options: CampaignOptions & { readonly stopAtFirst: boolean };
  /** The module that the program was compiled to. */
  readonly wasm: Uint8Array;
  readonly shared: SharedArrayBuffer;
}

/** What a thread tells of a job. */
export interface CampaignAnswer {
  readonly number: number;
  /** Undefined where it was left out. */
  readonly result: JobResult | undefined;
}

const NEXT = 0;
const FIRST_FAILED = 1;

/** The list of jobs that threads share: each takes the next one that nobody has. */
export class SharedJobs {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  /** @param buffer another thread's; a new list unless given */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
    this.#words = new Int32Array(this.buffer);
    if (buffer === undefined) this.#words[FIRST_FAILED] = 0x7fffffff;
  }

  /** The number of a job for the caller. */
  take(): number {
    return Atomics.add(this.#words, NEXT, 1);
  }

  /** The earliest checkpoint that somebody found a mismatch at; very large where nobody did. */
  get firstFailed(): number {
    return Atomics.load(this.#words, FIRST_FAILED);
  }

  noteFailed(commit: number): void {
    for (let before = this.firstFailed; commit < before; before = this.firstFailed)
      Atomics.compareExchange(this.#words, FIRST_FAILED, before, commit);
  }
}
