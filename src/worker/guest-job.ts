import type { CheckpointImage } from "../checkpoint/images.ts";
import type { PriceProfile } from "../machine/prices.ts";
import type { RestartsReply } from "../session/figures.ts";
import type { FinishedRun } from "../session/host.ts";
import type { SessionError } from "../session/messages.ts";
import type { CompileParams, RestartsParams, RestartsProgress, RunParams, RunProgress } from "../session/methods.ts";

/** What a guest's process is asked for: one at a time. */
export type GuestJob = RunJob | RestartsJob | AheadJob;

export interface RunJob {
  readonly kind: "run";
  readonly params: RunParams;
  readonly images: readonly CheckpointImage[];
  /** A program that need not run, because it did with the same input. */
  readonly unlessProgram: string | undefined;
}

export interface RestartsJob {
  readonly kind: "restarts";
  readonly params: RestartsParams;
  readonly profile: PriceProfile;
}

/**
 * Work ahead of what will be asked for. `load`: the compiler of the program's language. `compile`: into the cache. `ready`: so
 * that a run begins at once.
 */
export interface AheadJob {
  readonly kind: "load" | "compile" | "ready";
  readonly params: CompileParams;
}

export type GuestAnswer =
  | { readonly type: "progress"; readonly progress: RunProgress | RestartsProgress }
  | { readonly type: "result"; readonly finished: FinishedRun | undefined }
  | { readonly type: "restarts"; readonly reply: RestartsReply }
  | { readonly type: "done" }
  | { readonly type: "error"; readonly error: SessionError };
