// What a committed image restores is what the program had protected at that moment, byte for byte, under every technique
// with every option; and a replay charges what the live run did.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MachineOptions } from "../../../src/run/machine.ts";
import { coveringWays } from "./guest-ways.ts";
import { assertStatesExact } from "./state-exactness.ts";

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
    for (const answer of assertStatesExact(seed, waysOf(seed))) seen.set(answer, (seen.get(answer) ?? 0) + 1);
  }
  if (seedCount < 30) return;
  assert.ok(seedCount * waysPerSeed >= allWays.length, "every pair of options had its turn");
  // The programs must do what they are for.
  for (const answer of ["checkpoint 0", "checkpoint -1", "checkpoint_selective 0", "checkpoint_end -1", "restart 0"])
    assert.ok((seen.get(answer) ?? 0) > 5, `${answer}: ${seen.get(answer)} times`);
});
