import assert from "node:assert/strict";
import { test } from "node:test";
import { BadInputError } from "../../../src/program/program.ts";
import { DEFAULT_MACHINE } from "../../../src/run/machine.ts";
import type { EpochPages } from "../../../src/run/recording.ts";
import { decodeRun, encodeRun, type SavedRun } from "../../../src/run/run-file.ts";

const EPOCH: EpochPages = {
  pages: Uint32Array.of(2, 1),
  low: Uint32Array.of(1, 2),
  high: Uint32Array.of(0, 0),
  stores: Uint32Array.of(1, 1),
  changed: Uint32Array.of(1, 2),
};

function runWith(epoch: object): SavedRun {
  return {
    program: { path: "p", language: "c", args: [] },
    options: DEFAULT_MACHINE,
    ending: { kind: "exit", code: 0 },
    stdout: new Uint8Array(),
    stderr: new Uint8Array(),
    warnings: [],
    recording: {
      startPages: 4,
      residentPages: [],
      endPages: 4,
      kind: new Uint8Array(),
      argument: new Uint32Array(),
      site: new Int32Array(),
      cycle: new Float64Array(),
      bytes: new Uint16Array(),
      calls: [],
      systemCalls: [],
      epochs: [epoch as EpochPages],
      sites: [],
      lines: [],
      programCycles: 0,
      labels: [],
    },
    images: [],
  };
}

test("a run's epochs come back, with what changed in them", () => {
  assert.deepEqual(decodeRun(encodeRun(runWith(EPOCH)), "f").recording.epochs, [EPOCH]);
});

test("a run file whose epochs contradict themselves is refused with the epoch", () => {
  for (const [wrong, what] of [
    [{ changed: undefined }, /column of epoch 0 has the wrong type/],
    [{ changed: Uint8Array.of(1) }, /column of epoch 0 has the wrong type/],
    [{ changed: Uint32Array.of(1, 4) }, /epoch 0 names page 4 of 4/],
    [{ changed: Uint32Array.of(2, 1) }, /changed pages of epoch 0 do not ascend/],
    [{ changed: Uint32Array.of(1, 1) }, /changed pages of epoch 0 do not ascend/],
    [{ pages: Uint32Array.of(2, 4) }, /epoch 0 names page 4 of 4/],
    [{ stores: Uint32Array.of(1) }, /columns of epoch 0 differ in length/],
    [{ low: [1, 2] }, /column of epoch 0 has the wrong type/],
  ] as const) {
    assert.throws(
      () => decodeRun(encodeRun(runWith({ ...EPOCH, ...wrong })), "f"),
      (error: unknown) => error instanceof BadInputError && what.test(error.message),
      what.source,
    );
  }
});

test("a file of the format before is refused", () => {
  const bytes = encodeRun(runWith(EPOCH));
  bytes.set(new TextEncoder().encode("CKLENS03"));
  assert.throws(() => decodeRun(bytes, "old.run"), /old\.run is not a run file of this version/);
});
