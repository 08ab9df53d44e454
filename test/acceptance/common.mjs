// What the acceptance programs have in common: how each is run in every way and held against its plain self.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { FileTree } from "../../src/guest/wasi/file-tree.ts";
import { instrument } from "../../src/program/instrument/instrument.ts";
import { describeWay, GUEST_WAYS } from "../unit/acceptance/guest-ways.ts";
import { assertSameEnding, runInstrumented } from "../unit/acceptance/instrumented-run.ts";
import { assertReplays, assertSameImages, runInGuest } from "../unit/acceptance/live-run.ts";
import { runPlain } from "../unit/acceptance/plain-run.ts";

export const here = fileURLToPath(new URL(".", import.meta.url));
/** What is fetched and compiled; nothing of it is ever committed. */
export const cache = fileURLToPath(new URL("../../node_modules/.cache/checkpoint-lens-acceptance/", import.meta.url));
const NEVER = { kind: "never", tickEvery: Number.POSITIVE_INFINITY };
const LIMIT = 8192;

/** A tree with one empty folder, /data. */
export function dataFolder() {
  const tree = new FileTree();
  tree.addPreopen("/data");
  return tree;
}

export function seconds(action) {
  const start = performance.now();
  const result = action();
  return { result, seconds: (performance.now() - start) / 1000 };
}

export function report(text) {
  console.log(`  ${text}`);
}

/** Plain against instrumented: every mode, with pages never protected and with pages protected again and again. */
export function compareInstrumented(input) {
  const plain = seconds(() => runPlain(input));
  assert.equal(plain.result.how, "exit 0", Buffer.from(plain.result.stdout).toString());
  report(`plain: ${plain.seconds.toFixed(2)} s, ${(plain.result.memory.length / 2 ** 20).toFixed(1)} MiB at the end`);
  for (const options of [{ mode: "check" }, { mode: "check", placement: "same-memory" }, { mode: "record" }]) {
    const module = seconds(() => instrument(input.wasm, { ...options, maxMemoryPages: LIMIT }));
    for (const protecting of [NEVER, { kind: "again", tickEvery: 2_000_003 }, { kind: "again", tickEvery: 100_003 }]) {
      const run = seconds(() => runInstrumented(input, options, protecting, module.result));
      const what = `${Object.values(options).join(", ")}, pages protected ${protecting.kind}`;
      assertSameEnding(run.result, plain.result, what);
      assert.deepEqual(run.result.answers, plain.result.answers, what);
      assert.deepEqual(run.result.images, plain.result.images, what);
      const { traps, ticks } = run.result;
      report(`${what}: the same; ${run.seconds.toFixed(2)} s, ${traps} traps, ${ticks} ticks`);
    }
    report(`instrumenting ${input.wasm.length} bytes for it: ${module.seconds.toFixed(2)} s`);
  }
  return plain.result;
}

/** In the simulated guest, under every technique; each image exact, each ledger equal to the first run's replay. */
export function compareInGuest(program, input) {
  const instrumented = instrument(program.wasm, { mode: "record", maxMemoryPages: LIMIT });
  // The guest's clock counts the program's instructions: held against a run that sees the same time.
  const plain = runInstrumented(input, { mode: "record" }, { ...NEVER, guestClock: true }, instrumented);
  const runs = [];
  for (const way of GUEST_WAYS) {
    const what = describeWay(way);
    const { result: live, seconds: took } = seconds(() => runInGuest(program, instrumented, input, [], way));
    assert.deepEqual(live.answers, plain.answers, what);
    assertSameEnding(live, plain, what);
    assertSameImages(live.run.images, plain.images, what);
    assertReplays(live.run, (runs[0] ?? live).run.recording, what);
    report(`${what}: the same, ${live.run.checkpoints.length} exact images, replay equals; ${took.toFixed(2)} s`);
    runs.push(live);
  }
  return { instrumented, plain, runs };
}
