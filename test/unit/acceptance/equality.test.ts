// Programs end the same when they are instrumented: exit, output, files, every byte of memory, and globals.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { InstrumentOptions } from "../../../src/program/instrument/types.ts";
import { assertSameEnding, type Protecting, runInstrumented } from "./instrumented-run.ts";
import { type ModelEnding, type RunInput, runPlain } from "./plain-run.ts";
import { loadSample, loadSystemCallProgram, SAMPLES, speechSynthesiser } from "./programs.ts";

const NEVER: Protecting = { kind: "never", tickEvery: Number.POSITIVE_INFINITY };
const AGAIN: Protecting = { kind: "again", tickEvery: 1_000_003 };
const OFTEN: Protecting = { kind: "again", tickEvery: 50_021 };
const ALWAYS: Protecting = { kind: "always", tickEvery: Number.POSITIVE_INFINITY };
const LIMIT = 4096;

interface Way {
  readonly options: InstrumentOptions;
  readonly protecting: Protecting;
}
const ways: readonly Way[] = [
  { options: { mode: "check", maxMemoryPages: LIMIT }, protecting: NEVER },
  { options: { mode: "check", maxMemoryPages: LIMIT }, protecting: OFTEN },
  { options: { mode: "check", maxMemoryPages: LIMIT, placement: "same-memory" }, protecting: AGAIN },
  { options: { mode: "record", maxMemoryPages: LIMIT }, protecting: AGAIN },
];
const everyStore: Way = { options: { mode: "exact", maxMemoryPages: LIMIT }, protecting: ALWAYS };

function compareWays(input: RunInput, plain: ModelEnding, wanted: readonly Way[] = ways): void {
  for (const { options, protecting } of wanted) {
    const { kind, tickEvery } = protecting;
    const what = `${input.name}: ${JSON.stringify(options)}, pages protected ${kind}, ticks every ${tickEvery}`;
    const ending = runInstrumented(input, options, protecting);
    assertSameEnding(ending, plain, what);
    assert.deepEqual(ending.answers, plain.answers, `${what}: answers of the checkpoint interface`);
    assert.deepEqual(ending.images, plain.images, `${what}: checkpoints`);
    if (kind !== "never") assert.ok(ending.traps > 0, `${what}: nothing trapped`);
    if (Number.isFinite(tickEvery) && plain.images.length > 0) assert.ok(ending.ticks > 0, `${what}: nothing ticked`);
  }
}

for (const file of SAMPLES) {
  test(`${file}, afresh and restarted`, async () => {
    const { input } = await loadSample(file);
    const plain = runPlain(input);
    assert.equal(plain.how, "exit 0");
    assert.match(Buffer.from(plain.stdout).toString(), /checksum [0-9a-f]+\n$/);
    assert.ok(plain.images.length >= 8);
    compareWays(input, plain);

    const half: RunInput = { ...input, images: plain.images.slice(0, plain.images.length >> 1) };
    const restarted = runPlain(half);
    assert.deepEqual(restarted.stdout, plain.stdout);
    compareWays(half, restarted, ways.slice(1));
    // The last steps only: each of their stores calls the host.
    const nearEnd: RunInput = { ...input, images: plain.images.slice(0, -1) };
    compareWays(nearEnd, runPlain(nearEnd), [everyStore]);
  });
}

for (const name of ["streams", "files", "virtual", "database"]) {
  test(`a program of system calls: ${name}`, async () => {
    const input = await loadSystemCallProgram(name);
    const plain = runPlain(input);
    assert.ok(plain.how.startsWith("exit"), plain.how);
    compareWays(input, plain, [...ways, everyStore]);
  });
}

test("a speech synthesiser makes the same sound", () => {
  const input = speechSynthesiser();
  const plain = runPlain(input);
  assert.equal(plain.how, "exit 0");
  const sound = plain.files.get("/out/voice.wav");
  assert.ok(sound instanceof Uint8Array && sound.length > 10_000);
  assert.equal(Buffer.from(sound.subarray(0, 4)).toString(), "RIFF");
  compareWays(input, plain);
});
