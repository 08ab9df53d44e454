import type { CheckpointImage } from "../checkpoint/images.ts";
import type { PriceProfile } from "../machine/prices.ts";
import type { RestartsReply } from "../session/figures.ts";
import type { FinishedRun } from "../session/host.ts";
import type { SessionError } from "../session/messages.ts";
import type { CompileParams, RestartsParams, RestartsProgress, RunParams, RunProgress } from "../session/methods.ts";

/** What a guest's process is asked for: one at a time. */
export type GuestJob = RunJob | RestartsJob | CompileJob;

export interface RunJob {
  readonly kind: "run";
  readonly params: RunParams;
  readonly images: readonly CheckpointImage[];
}

export interface RestartsJob {
  readonly kind: "restarts";
  readonly params: RestartsParams;
  readonly profile: PriceProfile;
}

export interface CompileJob {
  readonly kind: "compile";
  readonly params: CompileParams;
}

export type GuestAnswer =
  | { readonly type: "progress"; readonly progress: RunProgress | RestartsProgress }
  | { readonly type: "result"; readonly finished: FinishedRun }
  | { readonly type: "restarts"; readonly reply: RestartsReply }
  | { readonly type: "compiled" }
  | { readonly type: "error"; readonly error: SessionError };
