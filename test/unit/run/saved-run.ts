import { DEFAULT_MACHINE } from "../../../src/run/machine.ts";
import type { Recording } from "../../../src/run/recording.ts";
import type { SavedRun } from "../../../src/run/run-file.ts";

/** The kept run of a program that ended well, wrote nothing and left no image. */
export function savedRun(recording: Recording): SavedRun {
  return {
    program: { path: "a.c", language: "c", args: [] },
    options: DEFAULT_MACHINE,
    ending: { kind: "exit", code: 0 },
    stdout: new Uint8Array(),
    stderr: new Uint8Array(),
    warnings: [],
    recording,
    images: [],
  };
}
