// Programs in the simulated guest end as plain ones do, under every technique; and their images are exact.
import assert from "node:assert/strict";
import { test } from "node:test";
import { techniqueOf } from "../../../src/checkpoint/techniques.ts";
import { instrument } from "../../../src/program/instrument/instrument.ts";
import type { InstrumentedModule } from "../../../src/program/instrument/types.ts";
import type { Program } from "../../../src/program/program.ts";
import type { MachineOptions } from "../../../src/run/machine.ts";
import { coveringWays, describeWay, GUEST_WAYS } from "./guest-ways.ts";
import { assertSameEnding, runInstrumented } from "./instrumented-run.ts";
import { assertReplays, assertSameImages, type LiveEnding, runInGuest } from "./live-run.ts";
import { type ModelEnding, type RunInput, runPlain } from "./plain-run.ts";
import { loadSample, SAMPLES, speechSynthesiser } from "./programs.ts";

const LIMIT = 4096;

function compare(live: LiveEnding, plain: ModelEnding, what: string): void {
  assert.deepEqual(live.answers, plain.answers, `${what}: answers`);
  assertSameEnding(live, plain, what);
  assertSameImages(live.run.images, plain.images, what);
  assert.deepEqual(live.run.warnings, [], what);
}

/** Prime: neighbouring rows are of one technique. */
const STRIDE = 1009;
const allWays = coveringWays();
/** A sample's share. Where each store is emulated, many take long: those ways are for samples that make few. */
const MANY_STORES = ["kv.ts", "lru.c", "order-book.ts"];
const WAYS_PER_SAMPLE = 11;
const EMULATED_PER_SAMPLE = 4;
const emulatesAll = ({ technique }: MachineOptions) => technique === "hv-emulate";
const others = dealer(allWays.filter((way) => !emulatesAll(way)));
const emulated = dealer(allWays.filter(emulatesAll));

/** The next of some ways, again and again. */
function dealer(ways: readonly MachineOptions[]): (count: number) => MachineOptions[] {
  let dealt = 0;
  return (count) => Array.from({ length: count }, () => ways[(dealt++ * STRIDE) % ways.length]);
}

for (const file of SAMPLES) {
  const ways = [...others(WAYS_PER_SAMPLE), ...emulated(MANY_STORES.includes(file) ? 0 : EMULATED_PER_SAMPLE)];
  test(`${file} under its share of all techniques and options, afresh and restarted`, async () => {
    const { program, input } = await loadSample(file);
    const recorded = instrument(program.wasm, { mode: "record", maxMemoryPages: LIMIT });
    const everyStore = instrument(program.wasm, { mode: "record", maxMemoryPages: LIMIT, coalesce: false });
    const plain = runPlain(input);
    const half = plain.images.length >> 1;
    const later: RunInput = { ...input, images: plain.images.slice(0, half) };
    const plainLater = runPlain(later);
    assert.deepEqual(plainLater.stdout, plain.stdout);
    const firstOf = new Map<InstrumentedModule, LiveEnding>();
    for (const options of ways) {
      const what = `${file}, ${describeWay(options)}`;
      const instrumented = techniqueOf(options.technique).needsEveryWrite === true ? everyStore : recorded;
      const live = runInGuest(program, instrumented, input, [], options);
      compare(live, plain, what);
      const first = firstOf.get(instrumented) ?? live;
      firstOf.set(instrumented, first);
      // What a program writes does not depend on how it is checkpointed: one recording serves every technique.
      assertReplays(live.run, first.run.recording, what);
      const restarted = runInGuest(program, instrumented, later, live.run.images.all.slice(0, half), options);
      compare(restarted, plainLater, `${what}, restarted`);
      assertReplays(restarted.run, restarted.run.recording, `${what}, restarted`);
    }
  });
}

test("a speech synthesiser makes the same sound in the guest", () => {
  const input = speechSynthesiser();
  const instrumented = instrument(input.wasm, { mode: "record", maxMemoryPages: LIMIT });
  const lines = { kind: "none", lookup: () => undefined } as const;
  const program: Program = {
    path: input.name,
    language: "wasm",
    wasm: input.wasm,
    lines,
    sources: new Map(),
    diagnostics: [],
  };
  const live = runInGuest(program, instrumented, input, [], GUEST_WAYS[GUEST_WAYS.length - 1]);
  // Times of its files are in its memory, so it must be held against a run with the same clock.
  const never = { kind: "never", tickEvery: Number.POSITIVE_INFINITY, guestClock: true } as const;
  compare(live, runInstrumented(input, { mode: "record", maxMemoryPages: LIMIT }, never, instrumented), input.name);
});
