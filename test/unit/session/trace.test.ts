import assert from "node:assert/strict";
import { test } from "node:test";
import { Ledger } from "../../../src/machine/ledger.ts";
import { PRIMITIVE_COUNT, PRIMITIVES } from "../../../src/machine/primitives.ts";
import { LOADER_EPOCH } from "../../../src/run/machine.ts";
import { replay } from "../../../src/run/replay.ts";
import { TraceBuilder } from "../../../src/run/trace.ts";
import { forSeeds, randomMachine } from "./random-recording.ts";

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
