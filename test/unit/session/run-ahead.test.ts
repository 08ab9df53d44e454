import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunParams } from "../../../src/session/methods.ts";
import { RunAhead } from "../../../src/session/run-ahead.ts";
import { RunStore } from "../../../src/session/run-store.ts";
import { finishedRun } from "./finished-run.ts";
import { randomRecording } from "./random-recording.ts";
import { asker, toldHost } from "./told-host.ts";

const PARAMS: RunParams = { workingDirectory: "/", paths: ["a.c"], args: ["1"] };
const FINISHED = finishedRun(randomRecording(3));

function runningAhead() {
  const { host, runs, compiled, timers } = toldHost();
  const store = new RunStore();
  const runAhead = new RunAhead(host, store);
  const owner = asker();
  const begun = runAhead.begin(PARAMS, owner.request);
  runs[0].request.progress({ stage: "starting" });
  return { runAhead, store, runs, compiled, timers, owner, begun };
}

test("a run that nobody has asked for is known to nobody, and found by who asks for the same", async () => {
  const { runAhead, store, runs, timers, begun } = runningAhead();
  runs[0].request.progress({ stage: "keeping" });
  assert.equal(timers.size, 0);
  runs[0].finish(FINISHED);
  await begun;
  assert.deepEqual(store.all, []);
  // Its figures are made of it.
  assert.equal(store.historyCount, 1);
  await runAhead.waitFor(PARAMS, asker().request);
  const before = store.newestOf(PARAMS);
  assert.equal(before?.saved, FINISHED.saved);

  // A second time it need not run ahead.
  const again = runAhead.begin(PARAMS, asker().request);
  assert.equal(runs[1].before, before);
  runs[1].finish(before ?? FINISHED);
  await again;
  assert.equal(store.newestOf(PARAMS), before);
});

test("who asks meanwhile waits for the rest, hears of it, and takes it along when giving up", async () => {
  for (const givesUp of [false, true]) {
    const { runAhead, store, runs, timers, owner, begun } = runningAhead();
    assert.equal(timers.size, 1);
    const { request, heard, giveUp } = asker();
    const waited = runAhead.waitFor(PARAMS, request);
    assert.equal(timers.size, 0);
    // Whose text is in front is not told that somebody waits.
    owner.giveUp();
    const running = { stage: "running", checkpoints: 1, cycle: 5 } as const;
    runs[0].request.progress(running);
    assert.deepEqual(heard, [{ stage: "starting" }, running]);
    if (givesUp) giveUp();
    else runs[0].finish(FINISHED);
    await Promise.all([waited, begun]);
    assert.equal(store.newestOf(PARAMS) === undefined, givesUp);
    assert.equal(runs.length, 1);
  }
});

test("it ends when it takes too long, nobody wants it, something else is run, or another one begins", async () => {
  const ended: ((ahead: ReturnType<typeof runningAhead>) => unknown)[] = [
    ({ timers }) => {
      for (const action of timers) action();
    },
    ({ owner }) => owner.giveUp(),
    ({ runAhead }) => runAhead.waitFor({ ...PARAMS, args: ["2"] }, asker().request),
    ({ runAhead }) => void runAhead.begin(PARAMS, asker().request),
  ];
  for (const end of ended) {
    const ahead = runningAhead();
    await end(ahead);
    await ahead.begun;
    assert.equal(ahead.runs[0].request.isCancelled, true);
    assert.equal(ahead.store.newestOf(PARAMS), undefined);
    // One that takes too long is made ready for whoever asks for all of it; others are not wanted as they are.
    assert.deepEqual(ahead.compiled, end === ended[0] ? [PARAMS] : []);
  }
});

test("what the parameters alone do not say is not run ahead", async () => {
  const { host, runs } = toldHost();
  await new RunAhead(host, new RunStore()).begin({ ...PARAMS, dirs: ["a::b"] }, asker().request);
  assert.equal(runs.length, 0);
});
