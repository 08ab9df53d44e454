import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_MACHINE } from "../../../src/run/machine.ts";
import type { RunParams } from "../../../src/session/methods.ts";
import { RunStore } from "../../../src/session/run-store.ts";
import { finishedRun } from "./finished-run.ts";
import { randomRecording } from "./random-recording.ts";

const PARAMS: RunParams = { workingDirectory: "/", paths: ["a.c"], args: ["1"] };

test("a run that is taken in once more brings what was found out of it, and keeps it when the first is closed", () => {
  const store = new RunStore();
  const first = store.add(finishedRun(randomRecording(3)), "live", 1, { params: PARAMS, images: [] });
  const history = store.history(first, DEFAULT_MACHINE);
  store.keepOutcome(first, history.outcome);
  const second = store.showAgain(first, 2);
  assert.notEqual(second.id, first.id);
  assert.deepEqual([first.isRepeated, second.isRepeated, second.keptSince], [false, true, 2]);
  store.close(first.id);
  assert.equal(store.historyCount, 1);
  assert.equal(store.history(store.get(second.id), DEFAULT_MACHINE), history);
  assert.equal(store.outcome(second, DEFAULT_MACHINE), history.outcome);
});

test("a run ahead of its asking is shown as a new one, with what was found out of it; the newest two inputs are kept", () => {
  const store = new RunStore();
  const ahead = (params: RunParams) => store.addAhead(finishedRun(randomRecording(3)), params);
  const old = ahead(PARAMS);
  const newer = ahead(PARAMS);
  assert.throws(() => store.get(old.id), /there is no run/);
  const others = ["2", "3"].map((arg) => ahead({ ...PARAMS, args: [arg] }));
  assert.throws(() => store.get(newer.id), /there is no run/);
  assert.deepEqual(store.all, []);
  const history = store.history(others[0], DEFAULT_MACHINE);
  const shown = store.add(finishedRun(randomRecording(3)), "live", 1);
  const asked = store.showAgain(others[0], 2);
  assert.deepEqual([asked.isRepeated, asked.keptSince, asked.id], [false, 2, others[0].id]);
  assert.deepEqual(store.all, [shown, asked]);
  assert.equal(store.history(asked, DEFAULT_MACHINE), history);
  assert.equal(store.showAgain(asked, 3).isRepeated, true);
});

test("the newest run of an input is found where the input is all that a run depends on but the program", () => {
  const store = new RunStore();
  const add = (params: RunParams) => store.add(finishedRun(randomRecording(3)), "live", 1, { params, images: [] });
  store.add(finishedRun(randomRecording(3)), "file", 1);
  add(PARAMS);
  const newest = add(PARAMS);
  const other = add({ ...PARAMS, args: ["2"] });
  assert.equal(store.newestOf({ ...PARAMS }), newest);
  assert.equal(store.newestOf({ ...PARAMS, args: ["2"] }), other);
  assert.equal(store.newestOf({ ...PARAMS, seed: 2 }), undefined);
  for (const outside of [{ dirs: ["a::b"] }, { restartFrom: { run: newest.id } }, { stdin: new Uint8Array(1) }]) {
    const params = { ...PARAMS, ...outside };
    add(params);
    assert.equal(store.newestOf(params), undefined);
  }
});
