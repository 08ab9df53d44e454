import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf } from "../../../src/checkpoint/refusal.ts";
import { ENVIRONMENTS, TARGETS, TECHNIQUE_IDS } from "../../../src/checkpoint/technique.ts";
import { techniqueOf } from "../../../src/checkpoint/techniques.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { PRIMITIVE_COUNT, PRIMITIVES } from "../../../src/machine/primitives.ts";
import { DEFAULT_MACHINE, LOADER_EPOCH, type MachineOptions } from "../../../src/run/machine.ts";
import { replay } from "../../../src/run/replay.ts";
import { TraceBuilder } from "../../../src/run/trace.ts";
import { GATES } from "../../../src/xen/checkpoint-service.ts";
import { forSeeds, type Random } from "./random-recording.ts";

/** A machine that the simulator can be. */
export function randomMachine(random: Random): MachineOptions {
  for (;;) {
    const options: MachineOptions = {
      ...DEFAULT_MACHINE,
      environment: ENVIRONMENTS[random.below(ENVIRONMENTS.length)],
      technique: TECHNIQUE_IDS[random.below(TECHNIQUE_IDS.length)],
      commit: random.chance(50) ? "async" : "sync",
      copy: random.chance(50) ? "guest" : "hypervisor",
      gate: GATES[random.below(GATES.length)],
      target: TARGETS[random.below(TARGETS.length)],
    };
    if (refusalOf(techniqueOf(options.technique), options) === undefined) return options;
  }
}

test("a traced replay charges what a plain one does, and its entries add up to the ledger", () => {
  forSeeds(60, (recording, random) => {
    const options = randomMachine(random);
    const builder = new TraceBuilder();
    const traced = replay(recording, options, builder);
    const plain = replay(recording, options);
    assert.equal(
      Ledger.difference(plain.machine.ledger, traced.machine.ledger, (p) => PRIMITIVES[p].name),
      undefined,
    );
    const { event, row, countClass, classes } = builder.trace();
    const sum = new Ledger(PRIMITIVE_COUNT);
    for (const { counts, ...key } of traced.machine.ledger.rows()) {
      if (key.epoch !== LOADER_EPOCH) continue;
      sum.enter(key.phase, key.epoch, key.site, key.region);
      for (let p = 0; p < PRIMITIVE_COUNT; p++) sum.charge(p, counts[p]);
    }
    for (let i = 0; i < event.length; i++) {
      assert.ok(i === 0 || event[i] >= event[i - 1]);
      const { phase, epoch, site, region } = traced.machine.ledger.row(row[i]);
      sum.enter(phase, epoch, site, region);
      for (let k = classes.start[countClass[i]]; k < classes.start[countClass[i] + 1]; k++)
        sum.charge(classes.primitive[k], classes.count[k]);
    }
    assert.equal(
      Ledger.difference(traced.machine.ledger, sum, (p) => PRIMITIVES[p].name),
      undefined,
    );
  });
});
