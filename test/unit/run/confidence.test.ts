import assert from "node:assert/strict";
import { test } from "node:test";
import { priceList } from "../../../src/machine/prices.ts";
import { P, PRIMITIVE_COUNT } from "../../../src/machine/primitives.ts";
import { BUILT_IN_PROFILES } from "../../../src/machine/profiles.ts";
import { confidenceOf } from "../../../src/run/confidence.ts";

const [ERA] = BUILT_IN_PROFILES;
const lengths = new Float64Array(PRIMITIVE_COUNT).fill(100);

function counts(...events: readonly (readonly [primitive: number, count: number])[]): Float64Array {
  const all = new Float64Array(PRIMITIVE_COUNT);
  for (const [primitive, count] of events) all[primitive] = count;
  return all;
}

test("a cost is split by how sure its prices are; steps of one space rest on one price", () => {
  const { "cpu.invlpg": invlpg, "wire.round_trip": roundTrip } = ERA.primitives;
  assert.deepEqual([invlpg.confidence, roundTrip.confidence], ["A", "C"]);
  const kernel = ERA.cyclesPerInstruction.guestKernel;
  const cost = confidenceOf(
    counts([P.cpu_invlpg, 10], [P.wire_round_trip, 1], [P.linux_syscall, 5], [P.linux_exception, 7]),
    priceList(ERA, lengths),
  );
  const total = 10 * invlpg.cycles + roundTrip.cycles + 12 * 100 * kernel.cycles;
  const near = (a: number | undefined, b: number) =>
    assert.ok(Math.abs((a ?? Number.NaN) - b) < 1e-12, `${a} is not ${b}`);
  near(cost.shareByConfidence.A, (10 * invlpg.cycles) / total);
  near(cost.shareByConfidence.C, roundTrip.cycles / total);
  near(cost.shareByConfidence.D, (1200 * kernel.cycles) / total);
  near(cost.lowConfidenceShare, 1 - (10 * invlpg.cycles) / total);
  assert.deepEqual(
    cost.lowConfidencePrices.map(({ price }) => price),
    ["wire.round_trip", "an instruction, guestKernel"],
  );
});

test("nothing paid rests on nothing", () => {
  const cost = confidenceOf(counts(), priceList(ERA, lengths));
  assert.deepEqual(cost, { shareByConfidence: {}, lowConfidenceShare: 0, lowConfidencePrices: [] });
});
