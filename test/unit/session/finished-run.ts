import type { Recording } from "../../../src/run/recording.ts";
import type { FinishedRun } from "../../../src/session/host.ts";
import { savedRun } from "../run/saved-run.ts";

/** What a run that was recorded so brings back. */
export function finishedRun(recording: Recording): FinishedRun {
  return { saved: savedRun(recording), sources: [], diagnostics: [], programKey: undefined };
}
