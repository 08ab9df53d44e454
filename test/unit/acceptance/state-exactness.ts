import assert from "node:assert/strict";
import { techniqueOf } from "../../../src/checkpoint/techniques.ts";
import { instrument } from "../../../src/program/instrument/instrument.ts";
import type { InstrumentedModule } from "../../../src/program/instrument/types.ts";
import type { Program } from "../../../src/program/program.ts";
import type { MachineOptions } from "../../../src/run/machine.ts";
import { assemble } from "../instrument/harness.ts";
import { createRandom } from "../instrument/random-module.ts";
import { describeWay } from "./guest-ways.ts";
import { assertSameEnding } from "./instrumented-run.ts";
import { assertReplays, assertSameImages, type LiveEnding, runInGuest } from "./live-run.ts";
import { type ModelEnding, type RunInput, runPlain } from "./plain-run.ts";
import { randomVelocProgram } from "./random-veloc-program.ts";

/**
 * Takes the random program of a seed through each of some ways, and some of its images into another process: memory, answers
 * and images are the model's, and each ledger a replay's.
 * @returns what the checkpoint interface answered
 */
export function assertStatesExact(seed: number, ways: readonly MachineOptions[]): readonly string[] {
  try {
    const wasm = assemble(randomVelocProgram(seed));
    const program: Program = {
      path: `seed-${seed}`,
      language: "wat",
      wasm,
      lines: { kind: "none", lookup: () => undefined },
      sources: new Map(),
      diagnostics: [],
    };
    const everyStore = instrument(wasm, { mode: "record", maxMemoryPages: 256, coalesce: false });
    // One recording of every write serves all techniques; one without, those that need none.
    const module =
      seed % 2 === 0 ? everyStore : instrument(wasm, { mode: "record", maxMemoryPages: 256, coalesce: true });
    const moduleOf = ({ technique }: MachineOptions) =>
      techniqueOf(technique).needsEveryWrite === true ? everyStore : module;
    const fresh: RunInput = { name: program.path, wasm };
    const plain = runPlain(fresh);
    assert.match(plain.how, /^exit 0$|^trap: memory access/);
    const runs: LiveEnding[] = [];
    const firstOf = new Map<InstrumentedModule, LiveEnding>();
    for (const options of ways) {
      const used = moduleOf(options);
      const live = runInGuest(program, used, fresh, [], options);
      compare(live, plain, firstOf.get(used), describeWay(options));
      if (!firstOf.has(used)) firstOf.set(used, live);
      runs.push(live);
    }
    // Another process finds some of those images, as after a crash.
    const kept = createRandom(seed).below(plain.images.length + 1);
    const later: RunInput = { ...fresh, images: plain.images.slice(0, kept) };
    const index = seed % ways.length;
    const images = runs[index].run.images.all.slice(0, kept);
    const live = runInGuest(program, moduleOf(ways[index]), later, images, ways[index]);
    compare(live, runPlain(later), undefined, `restarted from ${kept} images, ${describeWay(ways[index])}`);
    return plain.answers;
  } catch (error) {
    throw new Error(`seed ${seed} (SEED=${seed} SEEDS=1 repeats it): ${(error as Error).message}`, { cause: error });
  }
}

/** @param first the same program's run under another technique, whose recording serves this one too */
function compare(live: LiveEnding, plain: ModelEnding, first: LiveEnding | undefined, what: string): void {
  assert.deepEqual(live.answers, plain.answers, `${what}: answers`);
  assertSameEnding(live, plain, what);
  // A checkpoint that is still being copied when the program dies is lost.
  const inFlight = live.run.machine.options.commit === "async" && live.run.ending.kind === "trap" ? 1 : 0;
  const images = live.run.images.all.length;
  assert.ok(
    images >= plain.images.length - inFlight && images <= plain.images.length,
    `${what}: ${images} images, ${plain.images.length} in the model, ${live.run.ending.kind}`,
  );
  assertSameImages(live.run.images, plain.images.slice(0, images), what);
  const { recording } = (first ?? live).run;
  assertReplays(live.run, recording, what);
  assert.deepEqual(live.run.recording.epochs, recording.epochs, `${what}: what was written, and what changed by it`);
  assert.deepEqual(live.run.recording.writes, recording.writes, `${what}: every write`);
}
