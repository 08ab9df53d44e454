import assert from "node:assert/strict";
import { test } from "node:test";
import initialize from "wabt";
import { type Region, type RestartProgram, randomRestartProgram, sizeOf } from "./random-restart-program.ts";
import { type Image, isDifferent, predictRestarts, runRestartModel, variablesAt } from "./restart-model.ts";
import { textOf } from "./restart-program-text.ts";
import { emptyFolder, restartFrom, runModel } from "./restarts.ts";

const PROGRAMS = 600;
const FIRST_SEED = 1;
const wabt = await initialize();

test("the model of a random program does what an engine does with its module, from every checkpoint too", () => {
  forSeeds((program) => {
    const wasm = assemble(textOf(program));
    const reference = runModel(wasm, { files: emptyFolder });
    assert.equal(reference.how, "exit 0");
    const model = runRestartModel(program);
    assert.deepEqual([...reference.stdout], [...model.output]);
    assert.deepEqual(
      reference.commits.map(({ image }) => shown(image.version, image.regions)),
      model.images.map((image) => shown(image.version, byKey(image))),
    );
    for (const [index, image] of model.images.entries()) {
      const restarted = restartFrom(wasm, reference, index);
      const expected = runRestartModel(program, image);
      assert.equal(restarted.restored, expected.restored);
      assert.deepEqual([...restarted.stdout], [...expected.output], `after version ${image.version}`);
      assert.deepEqual(
        restarted.commits.map((commit) => shown(commit.image.version, commit.image.regions)),
        expected.images.map((again) => shown(again.version, byKey(again))),
      );
    }
  });
});

test("a restart that reads nothing stale is the reference's, and so is one whose stale reads are all repaired", () => {
  const seen = {
    restarts: 0,
    differ: 0,
    harmless: 0,
    later: 0,
    carried: 0,
    dead: 0,
    correct: 0,
    rebuilt: 0,
    failed: 0,
  };
  forSeeds((program) => {
    const reference = runRestartModel(program);
    for (const [index, prediction] of predictRestarts(program, reference).entries()) {
      const { unprotected, needed, carried, dead, differs, restored, version } = prediction;
      seen.restarts++;
      if (!restored) {
        seen.failed++;
        assert.deepEqual([...unprotected, ...dead], []);
        continue;
      }
      const forgotten = variablesAt(program, unprotected);
      for (const { address, bytes } of regionsRestored(program, reference.images[index])) {
        for (const variable of program.variables) {
          const isWhole = address <= variable.address && variable.address + sizeOf(variable) <= address + bytes;
          assert.ok(!isWhole || !forgotten.includes(variable.name), `${variable.name} was restored`);
        }
      }
      if (changesItself(program)) {
        if (!differs && unprotected.length === 0) seen.rebuilt++;
        continue;
      }
      if (unprotected.length === 0 && carried.length === 0) assert.equal(differs, false, `after version ${version}`);
      const repaired = runRestartModel(program, reference.images[index], [...needed, ...carried]);
      assert.equal(isDifferent(program, reference, repaired), false, `repaired, after version ${version}`);
      if (differs) seen.differ++;
      else if (unprotected.length > 0) seen.harmless++;
      else seen.correct++;
      if (needed.length > unprotected.length) seen.later++;
      if (carried.length > 0) seen.carried++;
      if (dead.length > 0) seen.dead++;
    }
  });
  for (const [what, count] of Object.entries(seen))
    assert.ok(count >= 5, `only ${count} ${what}: ${JSON.stringify(seen)}`);
});

function regionsRestored({ regions, recovers }: RestartProgram, image: Image): readonly Region[] {
  return image.regions.filter(({ id }) => recovers?.includes(id) ?? true).map(({ id }) => regions[id]);
}

/** What comes after a restore may itself change state: then nothing needs to be stale for a run that differs. */
function changesItself({ resume, always }: RestartProgram): boolean {
  return [...resume, ...always].some(({ kind }) => kind !== "protect");
}

function forSeeds(check: (program: RestartProgram) => void): void {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + PROGRAMS; seed++) {
    try {
      check(randomRestartProgram(seed));
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
}

function assemble(text: string): Uint8Array {
  const module = wabt.parseWat("random.wat", text, { bulk_memory: true });
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

function shown(version: number, regions: ReadonlyMap<string, Uint8Array>): string {
  return `${version}: ${[...regions].map(([key, bytes]) => `${key}${Buffer.from(bytes).toString("hex")}`).sort()}`;
}

function byKey(image: Image): Map<string, Uint8Array> {
  return new Map(image.regions.map(({ id, bytes }) => [`${id} `, bytes]));
}
