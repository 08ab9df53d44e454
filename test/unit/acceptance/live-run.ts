import assert from "node:assert/strict";
import { type CheckpointImage, ImageStore } from "../../../src/checkpoint/images.ts";
import { FileTree } from "../../../src/guest/wasi/file-tree.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { PRIMITIVES } from "../../../src/machine/primitives.ts";
import type { InstrumentedModule } from "../../../src/program/instrument/types.ts";
import type { Program } from "../../../src/program/program.ts";
import { type LiveRun, runLive } from "../../../src/run/live.ts";
import type { MachineOptions } from "../../../src/run/machine.ts";
import type { Recording } from "../../../src/run/recording.ts";
import { replay } from "../../../src/run/replay.ts";
import { globalsOf } from "./instrumented-run.ts";
import type { ModelImage, VelocFunction } from "./model-veloc.ts";
import { contentsOf, type Ending, type RunInput } from "./plain-run.ts";

export interface LiveEnding extends Ending {
  /** Answers of the checkpoint interface, in order, as the model writes them. */
  readonly answers: readonly string[];
  readonly run: LiveRun;
}

/** Runs the program in the simulated guest, and takes what it leaves from the instance that the run made. */
export function runInGuest(
  program: Program,
  instrumented: InstrumentedModule,
  input: RunInput,
  images: readonly CheckpointImage[],
  options: MachineOptions,
): LiveEnding {
  const files = input.files?.() ?? new FileTree();
  const answers: string[] = [];
  const { result: run, instance } = withInstance(answers, () =>
    runLive({
      program: { ...program, path: input.name },
      instrumented,
      options,
      images: new ImageStore(images),
      args: input.args ?? [],
      env: new Map(Object.entries(input.env ?? {})),
      stdin: input.stdin ?? new Uint8Array(),
      files,
      seed: 1,
      maxCycles: Number.POSITIVE_INFINITY,
    }),
  );
  const memory = instance.exports[instrumented.memoryExportName] as WebAssembly.Memory;
  const { ending } = run;
  return {
    how: ending.kind === "exit" ? `exit ${ending.code}` : `${ending.kind}: ${ending.message}`,
    stdout: run.stdout,
    stderr: run.stderr,
    files: contentsOf(files),
    memory: new Uint8Array(memory.buffer, instrumented.layout.guestBase).slice(),
    globals: globalsOf(instrumented, instance.exports),
    answers,
    run,
  };
}

/**
 * @param answers gets what the instance's checkpoint interface answers
 * @returns what `action` returns, and the one instance that it made meanwhile
 */
function withInstance<T>(
  answers: string[],
  action: () => T,
): { readonly result: T; readonly instance: WebAssembly.Instance } {
  const made: WebAssembly.Instance[] = [];
  const original = WebAssembly.Instance;
  WebAssembly.Instance = class extends original {
    constructor(module: WebAssembly.Module, imports: Record<string, Record<string, unknown>> = {}) {
      const veloc = Object.entries(imports.veloc ?? {}).map(([name, verb]) => [
        name,
        (...values: number[]) => {
          const answer = (verb as VelocFunction)(...values);
          answers.push(`${name} ${answer}`);
          return answer;
        },
      ]);
      super(module, { ...imports, veloc: Object.fromEntries(veloc) });
      made.push(this);
    }
  };
  try {
    const result = action();
    assert.equal(made.length, 1);
    return { result, instance: made[0] };
  } finally {
    WebAssembly.Instance = original;
  }
}

/** Each image gives back exactly the bytes that the model saw at that moment, and nothing more was committed. */
export function assertSameImages(store: ImageStore, model: readonly ModelImage[], what: string): void {
  assert.equal(store.all.length, model.length, `${what}: committed images`);
  for (const [i, expected] of model.entries()) {
    const image = store.all[i];
    const where = `${what}: image ${i}, version ${expected.version} of ${expected.name}`;
    assert.equal(`${image.name} ${image.version}`, `${expected.name} ${expected.version}`, where);
    assert.deepEqual(
      image.regions.map(({ id, group }) => `${id} ${group}`).sort(),
      [...expected.regions.keys()].sort(),
      `${where}: regions`,
    );
    for (const { id, group } of image.regions) {
      const restored = store.restore(image, id, group);
      const bytes = expected.regions.get(`${id} ${group}`);
      if (restored === undefined || bytes === undefined) assert.fail(`${where}: region ${id} of "${group}" is missing`);
      assert.equal(restored.length, bytes.length, `${where}: size of region ${id}`);
      if (Buffer.from(restored.buffer, restored.byteOffset, restored.length).equals(bytes)) continue;
      const at = restored.findIndex((byte, k) => byte !== bytes[k]);
      assert.fail(`${where}: byte ${at} of region ${id} is ${restored[at]}, and was ${bytes[at]}`);
    }
  }
}

/** A recording (of this run or of the same program under another technique) replays to this run's ledger and summaries. */
export function assertReplays(run: LiveRun, recording: Recording, what: string): void {
  const again = replay(recording, run.machine.options);
  assert.equal(
    Ledger.difference(run.machine.ledger, again.machine.ledger, (p) => PRIMITIVES[p].name),
    undefined,
    `${what}: ledger`,
  );
  assert.deepEqual(again.checkpoints, run.checkpoints, `${what}: checkpoints`);
}
