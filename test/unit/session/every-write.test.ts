import assert from "node:assert/strict";
import { test } from "node:test";
import { EveryWrite } from "../../../src/session/every-write.ts";
import type { SessionHost } from "../../../src/session/host.ts";
import { CancelledError } from "../../../src/session/messages.ts";
import { RunStore } from "../../../src/session/run-store.ts";
import { finishedRun } from "./finished-run.ts";
import { randomRecording } from "./random-recording.ts";

/** A run that was recorded without its writes, and the second runs that were made for them: each ends when it is told to. */
function withoutWrites() {
  const recording = randomRecording(5);
  const { writes: _, ...withoutWrites } = recording;
  const ends: { finish(): void; killed(): void }[] = [];
  const host: Pick<SessionHost, "runProgram"> = {
    runProgram: () =>
      new Promise((resolve, reject) =>
        ends.push({ finish: () => resolve(finishedRun(recording)), killed: () => reject(new CancelledError()) }),
      ),
  };
  const store = new RunStore();
  const again = { params: { workingDirectory: "/", paths: ["a.c"] }, images: [] };
  const { id: run } = store.add(finishedRun(withoutWrites), "live", 0, again);
  return { everyWrite: new EveryWrite(host as SessionHost, store), store, run, ends };
}

/** Somebody who may give up. */
function asker() {
  let giveUp = () => {};
  return {
    request: {
      onCancel(listener: () => void) {
        giveUp = listener;
      },
    },
    giveUp: () => giveUp(),
  };
}

test("who asks for writes while a second run is ending gets another one", async () => {
  const { everyWrite, store, run, ends } = withoutWrites();
  const first = asker();
  const gone = everyWrite.findOut(run, "hv-emulate", first.request);
  first.giveUp();
  const asked = everyWrite.findOut(run, "hv-emulate", asker().request);
  assert.equal(ends.length, 2);
  ends[0].killed();
  await gone;
  assert.equal(store.get(run).saved.recording.writes, undefined);
  ends[1].finish();
  await asked;
  assert.deepEqual(store.get(run).saved.recording.writes, randomRecording(5).writes);
});

test("who gives up ends no second run that another one waits for", async () => {
  const { everyWrite, store, run, ends } = withoutWrites();
  const first = asker();
  const both = [
    everyWrite.findOut(run, "hv-emulate", first.request),
    everyWrite.findOut(run, "hv-hybrid", asker().request),
  ];
  first.giveUp();
  assert.equal(ends.length, 1);
  ends[0].finish();
  await Promise.all(both);
  assert.notEqual(store.get(run).saved.recording.writes, undefined);
});
