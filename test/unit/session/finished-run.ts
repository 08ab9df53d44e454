import { DEFAULT_MACHINE } from "../../../src/run/machine.ts";
import type { Recording } from "../../../src/run/recording.ts";
import type { FinishedRun } from "../../../src/session/host.ts";

/** A run of a program that wrote nothing and was recorded so. */
export function finishedRun(recording: Recording): FinishedRun {
  return {
    saved: {
      program: { path: "a.c", language: "c", args: [] },
      options: DEFAULT_MACHINE,
      ending: { kind: "exit", code: 0 },
      stdout: new Uint8Array(),
      stderr: new Uint8Array(),
      warnings: [],
      recording,
      images: [],
    },
    sources: [],
    diagnostics: [],
  };
}
