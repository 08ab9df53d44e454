// What a committed image restores is what the program had protected at that moment, byte for byte, under every technique
// with every option; and a replay charges what the live run did.
import assert from "node:assert/strict";
import { test } from "node:test";
import { instrument } from "../../../src/program/instrument/instrument.ts";
import type { Program } from "../../../src/program/program.ts";
import type { MachineOptions } from "../../../src/run/machine.ts";
import { assemble } from "../instrument/harness.ts";
import { createRandom } from "../instrument/random-module.ts";
import { coveringWays, describeWay } from "./guest-ways.ts";
import { assertSameEnding } from "./instrumented-run.ts";
import { assertReplays, assertSameImages, type LiveEnding, runInGuest } from "./live-run.ts";
import { type ModelEnding, type RunInput, runPlain } from "./plain-run.ts";
import { randomVelocProgram } from "./random-veloc-program.ts";

const firstSeed = Number(process.env.SEED ?? 1);
const seedCount = Number(process.env.SEEDS ?? 30);

/** Runs of each program: the ways take turns, so that the time does not grow with the number of techniques. */
const waysPerSeed = 12;
const allWays = coveringWays();

function waysOf(seed: number): MachineOptions[] {
  return Array.from({ length: waysPerSeed }, (_, i) => allWays[(seed * waysPerSeed + i) % allWays.length]);
}

test(`random programs from seed ${firstSeed} on: memory, answers, images and ledgers`, () => {
  const seen = new Map<string, number>();
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
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
      const instrumented = instrument(wasm, { mode: "record", maxMemoryPages: 256 });
      const fresh: RunInput = { name: program.path, wasm };
      const plain = runPlain(fresh);
      assert.match(plain.how, /^exit 0$|^trap: memory access/);
      for (const answer of plain.answers) seen.set(answer, (seen.get(answer) ?? 0) + 1);
      const ways = waysOf(seed);
      const runs: LiveEnding[] = [];
      for (const options of ways) {
        const live = runInGuest(program, instrumented, fresh, [], options);
        compare(live, plain, runs[0], describeWay(options));
        runs.push(live);
      }
      // Another process finds some of those images, as after a crash.
      const kept = createRandom(seed).below(plain.images.length + 1);
      const later: RunInput = { ...fresh, images: plain.images.slice(0, kept) };
      const index = seed % ways.length;
      const images = runs[index].run.images.all.slice(0, kept);
      const live = runInGuest(program, instrumented, later, images, ways[index]);
      compare(live, runPlain(later), undefined, `restarted from ${kept} images, ${describeWay(ways[index])}`);
    } catch (error) {
      throw new Error(`seed ${seed} (SEED=${seed} SEEDS=1 repeats it): ${(error as Error).message}`, { cause: error });
    }
  }
  if (seedCount < 30) return;
  assert.ok(seedCount * waysPerSeed >= allWays.length, "every pair of options had its turn");
  // The programs must do what they are for.
  for (const answer of ["checkpoint 0", "checkpoint -1", "checkpoint_selective 0", "checkpoint_end -1", "restart 0"])
    assert.ok((seen.get(answer) ?? 0) > 5, `${answer}: ${seen.get(answer)} times`);
});

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
}
