import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunSummary } from "../../../src/session/figures.ts";
import { Latest } from "../../../webview/latest.ts";
import { keptFor, type State, Store } from "../../../webview/store.ts";

const RUN = {
  run: 7,
  program: { path: "kv.ts", args: ["9"] },
  sources: [{ file: "kv.ts", path: "/p/kv.ts", sha256: "5eed" }],
  files: ["kv.ts"],
  programCycles: 1000,
  eventCount: 20,
  pageCount: 10,
  epochs: [{ epoch: 0 }, { epoch: 1 }],
  regions: [{ number: 3 }],
} as unknown as RunSummary;

const SELECTION = { epochs: { from: 0, to: 1 }, page: 9, region: 3, line: { file: "kv.ts", line: 58 } };

/** What a page keeps that shows a run with this of it selected. */
function keptOf(run: RunSummary, change: Partial<State>): unknown {
  let kept: unknown;
  const store = new Store((state) => {
    kept = state;
  });
  store.set({ run });
  store.set(change);
  return kept;
}

test("a state that was kept is taken back for the same program's run, whatever its number", () => {
  const kept = keptOf(RUN, { ...SELECTION, measure: "traps", tab: "compare", by: "layer" });
  const expected = { ...SELECTION, measure: "traps", tab: "compare", by: "layer", wholeGuest: false, axis: "machine" };
  assert.deepEqual(keptFor(kept, RUN), expected);
  assert.deepEqual(keptFor(kept, { ...RUN, run: 1 as RunSummary["run"] }), expected);
});

test("a selection is not taken back for another run that has the same number, or another text", () => {
  const settings = { measure: "traps", tab: "breakdown", by: "line", wholeGuest: false, axis: "machine" };
  const kept = keptOf(RUN, { ...SELECTION, measure: "traps" });
  const others: readonly Partial<RunSummary>[] = [
    { program: { ...RUN.program, path: "heat.c" } },
    { program: { ...RUN.program, args: [] } },
    { sources: [{ ...RUN.sources[0], sha256: "0ther" }] },
    { programCycles: 1001 },
  ];
  for (const other of others) assert.deepEqual(keptFor(kept, { ...RUN, ...other }), settings);
});

test("a state that was kept is taken back only where it makes sense", () => {
  const kept = keptOf(RUN, {}) as Readonly<Record<string, unknown>>;
  const { of } = kept;
  assert.deepEqual(keptFor({ of, epochs: { from: 1, to: 2 }, page: 10, region: 4, measure: "x", by: 5 }, RUN), {});
  for (const line of [{ file: "heat.c", line: 1 }, { file: "kv.ts", line: "1" }, 5, null])
    assert.deepEqual(keptFor({ of, line }, RUN), {});
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
