import assert from "node:assert/strict";
import { test } from "node:test";
import { BadInputError } from "../../../src/program/program.ts";
import { type EpochPages, EVENT } from "../../../src/run/recording.ts";
import { decodeRun, encodeRun, type SavedRun } from "../../../src/run/run-file.ts";
import { savedRun } from "./saved-run.ts";

const EPOCH: EpochPages = {
  pages: Uint32Array.of(2, 1),
  low: Uint32Array.of(1, 2),
  high: Uint32Array.of(0, 0),
  stores: Uint32Array.of(1, 1),
  changed: Uint32Array.of(1, 2),
};

function runWith(epoch: object): SavedRun {
  return savedRun({
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
  });
}

test("a run's epochs come back, with what changed in them", () => {
  assert.deepEqual(decodeRun(encodeRun(runWith(EPOCH), "f"), "f").recording.epochs, [EPOCH]);
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
      () => decodeRun(encodeRun(runWith({ ...EPOCH, ...wrong }), "f"), "f"),
      (error: unknown) => error instanceof BadInputError && what.test(error.message),
      what.source,
    );
  }
});

const WRITTEN = { address: Uint32Array.of(4096, 9000), bytes: Uint32Array.of(8, 100) };
const WRITES = {
  page: Uint32Array.of(1, 2),
  site: Int32Array.of(0, -1),
  count: Uint32Array.of(3, 1),
  bytes: Float64Array.of(24, 4096),
};

/** A run that tells every write: a store of 8 bytes, and the two entries of `WRITES`. */
function runWithWrites(
  change: { readonly writes?: object; readonly written?: object; readonly recording?: object } = {},
): SavedRun {
  const run = runWith({ ...EPOCH, written: { ...WRITTEN, ...change.written } });
  const recording: object = {
    ...run.recording,
    kind: Uint8Array.of(EVENT.store, EVENT.writes, EVENT.writes),
    argument: Uint32Array.of(1, 1, 2),
    site: Int32Array.of(0, -1, -1),
    cycle: Float64Array.of(1, 2, 3),
    bytes: Uint16Array.of(8, 0, 0),
    sites: [{ file: "", line: 0, function: "main" }],
    writes: { ...WRITES, ...change.writes },
    ...change.recording,
  };
  return { ...run, recording: recording as SavedRun["recording"] };
}

test("a run's single writes come back", () => {
  const run = runWithWrites();
  assert.deepEqual(decodeRun(encodeRun(run, "f"), "f").recording, run.recording);
});

test("a run file whose single writes contradict themselves is refused with the place", () => {
  for (const [change, what] of [
    [{ writes: { page: Uint32Array.of(1, 4) } }, /entry 1 of its writes names page 4 of 4/],
    [{ writes: { site: Int32Array.of(0, 1) } }, /entry 1 of its writes names site 1 of 1/],
    [{ writes: { count: Uint32Array.of(0, 1) } }, /entry 0 of its writes has 24 bytes in 0 writes/],
    [{ writes: { bytes: Float64Array.of(24, 4097) } }, /entry 1 of its writes has 4097 bytes in 1 writes/],
    [{ writes: { bytes: Float64Array.of(24.5, 8) } }, /entry 0 of its writes has 24\.5 bytes/],
    [{ writes: { bytes: Float64Array.of(24, Number.NaN) } }, /entry 1 of its writes has NaN bytes/],
    [{ writes: { count: Uint32Array.of(1) } }, /columns of its writes differ in length/],
    [{ writes: { page: [1, 2] } }, /column of its writes has the wrong type/],
    [{ recording: { argument: Uint32Array.of(1, 1, 3) } }, /event 2 tells writes up to 3 of 2/],
    [{ recording: { argument: Uint32Array.of(1, 2, 1) } }, /event 2 tells writes up to 1 of 2, after 2/],
    [{ recording: { writes: undefined } }, /event 1 tells writes up to 1 of 0/],
    [{ recording: { bytes: Uint16Array.of(4097, 0, 0) } }, /event 0 stores 4097 bytes to a page/],
    [{ recording: { bytes: Uint16Array.of(8) } }, /event columns differ in length/],
    [{ recording: { bytes: Uint8Array.of(8, 0, 0) } }, /event column has the wrong type/],
    [{ written: { address: Uint32Array.of(4096, 4100) } }, /run 1 of what epoch 0 wrote is not where it can be/],
    [{ written: { bytes: Uint32Array.of(8, 8000) } }, /run 1 of what epoch 0 wrote is not where it can be/],
    [{ written: { bytes: Uint32Array.of(8) } }, /columns of what epoch 0 wrote differ in length/],
    [{ written: { address: undefined } }, /column of what epoch 0 wrote has the wrong type/],
  ] as const) {
    assert.throws(
      () => decodeRun(encodeRun(runWithWrites(change), "f"), "f"),
      (error: unknown) => error instanceof BadInputError && what.test(error.message),
      what.source,
    );
  }
});

test("a run file whose images contradict themselves is refused with the region", () => {
  const region = {
    id: 7,
    group: "",
    label: "",
    sizeBytes: 100,
    whole: false,
    offsets: Uint32Array.of(0, 50),
    lengths: Uint32Array.of(10, 50),
    bytes: new Uint8Array(60),
  };
  const imageRun = (change: object): SavedRun => ({
    ...runWith(EPOCH),
    images: [{ name: "ck", version: 3, cycle: 0, regions: [{ ...region, ...change }] }],
  });
  assert.deepEqual(decodeRun(encodeRun(imageRun({}), "f"), "f").images, imageRun({}).images);
  for (const [change, what] of [
    [{ offsets: Uint32Array.of(0, 9) }, /run 1 of region 7 in version 3 leaves its place/],
    [{ lengths: Uint32Array.of(10, 51) }, /run 1 of region 7 in version 3 leaves its place/],
    [{ lengths: Uint32Array.of(10) }, /columns of region 7 in version 3 differ in length/],
    [{ bytes: new Uint8Array(59) }, /runs of region 7 in version 3 have 60 bytes, and there are 59/],
    [{ offsets: [0, 50] }, /column of region 7 in version 3 has the wrong type/],
  ] as const) {
    assert.throws(
      () => decodeRun(encodeRun(imageRun(change), "f"), "f"),
      (error: unknown) => error instanceof BadInputError && what.test(error.message),
      what.source,
    );
  }
});

test("a file of the format before is refused", () => {
  const bytes = encodeRun(runWith(EPOCH), "f");
  bytes.set(new TextEncoder().encode("CKLENS03"));
  assert.throws(() => decodeRun(bytes, "old.run"), /old\.run is not a run file of this version/);
});

test("a run that is too large for a file is refused in a sentence", () => {
  // Thrice the same bytes, which are never touched.
  const bytes = new Uint8Array(1.5 * 2 ** 30);
  const region = { id: 1, group: "", label: "", sizeBytes: bytes.length, whole: true };
  const columns = { offsets: Uint32Array.of(0), lengths: Uint32Array.of(bytes.length), bytes };
  const image = { name: "a", version: 1, cycle: 0, regions: [{ ...region, ...columns }] };
  assert.throws(
    () => encodeRun({ ...runWith(EPOCH), images: [image, image, image] }, "f"),
    (error) => error instanceof BadInputError && /^f is not written: it would hold 48\d+ bytes/.test(error.message),
  );
});
