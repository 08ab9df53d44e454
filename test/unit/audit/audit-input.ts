import { instrument } from "../../../src/program/instrument/instrument.ts";
import type { Program } from "../../../src/program/program.ts";
import { DEFAULT_MACHINE } from "../../../src/run/machine.ts";
import type { CampaignInput } from "../../../src/run/restart/reference.ts";
import { emptyFolder } from "./restarts.ts";

/** A program, told of all that it does, with a folder of its own and nothing else. */
export function auditInput(program: Program, stdin = ""): CampaignInput {
  const watchVariables = program.language !== "c" && program.language !== "c++";
  return {
    ...{ program, instrumented: instrument(program.wasm, { mode: "watch", maxMemoryPages: 4096, watchVariables }) },
    ...{ files: emptyFolder(), args: [], env: new Map(), stdin: new TextEncoder().encode(stdin), seed: 1 },
    ...{ maxCycles: Number.POSITIVE_INFINITY, options: { ...DEFAULT_MACHINE, technique: "full-copy" } },
  };
}
