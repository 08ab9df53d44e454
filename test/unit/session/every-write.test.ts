import assert from "node:assert/strict";
import { test } from "node:test";
import { EveryWrite } from "../../../src/session/every-write.ts";
import { RunStore } from "../../../src/session/run-store.ts";
import { finishedRun } from "./finished-run.ts";
import { randomRecording } from "./random-recording.ts";
import { asker, toldHost } from "./told-host.ts";

/** A run that was recorded without its writes, and the second runs that were made for them. */
function withoutWrites() {
  const recording = randomRecording(5);
  const { writes: _, ...withoutWrites } = recording;
  const { host, runs } = toldHost();
  const store = new RunStore();
  const again = { params: { workingDirectory: "/", paths: ["a.c"] }, images: [] };
  const { id: run } = store.add(finishedRun(withoutWrites), "live", 0, again);
  return { everyWrite: new EveryWrite(host, store), store, run, runs, finished: finishedRun(recording) };
}

test("who asks for writes while a second run is ending gets another one", async () => {
  const { everyWrite, store, run, runs, finished } = withoutWrites();
  const first = asker();
  const gone = everyWrite.findOut(run, "hv-emulate", first.request);
  first.giveUp();
  const asked = everyWrite.findOut(run, "hv-emulate", asker().request);
  assert.equal(runs.length, 2);
  await gone;
  assert.equal(store.get(run).saved.recording.writes, undefined);
  runs[1].finish(finished);
  await asked;
  assert.deepEqual(store.get(run).saved.recording.writes, randomRecording(5).writes);
});

test("who gives up ends no second run that another one waits for", async () => {
  const { everyWrite, store, run, runs, finished } = withoutWrites();
  const first = asker();
  const both = [
    everyWrite.findOut(run, "hv-emulate", first.request),
    everyWrite.findOut(run, "hv-hybrid", asker().request),
  ];
  first.giveUp();
  assert.equal(runs.length, 1);
  runs[0].finish(finished);
  await Promise.all(both);
  assert.notEqual(store.get(run).saved.recording.writes, undefined);
});
