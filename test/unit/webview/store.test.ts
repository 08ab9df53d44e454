import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunSummary } from "../../../src/session/figures.ts";
import { Latest } from "../../../webview/latest.ts";
import { keptFor, Store } from "../../../webview/store.ts";

const RUN = {
  run: 7,
  pageCount: 10,
  epochs: [{ epoch: 0 }, { epoch: 1 }],
  regions: [{ number: 3 }],
} as unknown as RunSummary;

test("a state that was kept is taken back only where it still makes sense", () => {
  const kept = { run: 7, epochs: { from: 0, to: 1 }, page: 9, region: 3, measure: "traps", tab: "compare", by: 5 };
  assert.deepEqual(keptFor(kept, RUN), {
    epochs: { from: 0, to: 1 },
    page: 9,
    region: 3,
    measure: "traps",
    tab: "compare",
  });
  assert.deepEqual(keptFor({ ...kept, run: 8 }, RUN), { measure: "traps", tab: "compare" });
  assert.deepEqual(keptFor({ run: 7, epochs: { from: 1, to: 2 }, page: 10, region: 4, measure: "x" }, RUN), {});
  for (const nothing of [undefined, null, 5, "state"]) assert.deepEqual(keptFor(nothing, RUN), {});
});

test("listeners hear of changes only, each with what was before", () => {
  const store = new Store(() => {});
  const heard: unknown[] = [];
  store.subscribe((state, before) => heard.push([state.page, before.page]));
  store.set({ page: 1 });
  store.set({ page: 1 });
  store.set({ page: undefined, measure: "stores" });
  assert.deepEqual(heard, [
    [1, undefined],
    [undefined, 1],
  ]);
});

test("of questions that come quickly the first and the last are asked, one at a time", async () => {
  const asked: number[] = [];
  const answers: number[] = [];
  let release = () => {};
  const latest = new Latest<number, number>(
    (question) => {
      asked.push(question);
      return new Promise((resolve) => {
        release = () => resolve(question);
      });
    },
    (answer) => answers.push(answer),
    assert.fail,
  );
  for (const question of [1, 2, 3]) latest.ask(question);
  assert.deepEqual(asked, [1]);
  release();
  await new Promise(setImmediate);
  assert.deepEqual(asked, [1, 3]);
  latest.forget();
  release();
  await new Promise(setImmediate);
  assert.deepEqual(answers, [1]);
});
