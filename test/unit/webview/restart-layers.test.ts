import assert from "node:assert/strict";
import { test } from "node:test";
import type { RestartsReply, RunSummary } from "../../../src/session/figures.ts";
import { restartMap } from "../../../webview/restart-layers.ts";

const run = {
  pageCount: 8,
  regions: [{ number: 0, id: 3, group: "", name: "", address: 4096 + 4000, bytes: 9000, firstPage: 1, pageCount: 4 }],
} as unknown as RunSummary;
const restarts = {
  audit: {
    layers: {
      regions: [
        { region: 3, group: "", live: [{ start: 0, end: 200 }], dead: [{ start: 200, end: 9000 }] },
        { region: 9, group: "", live: [{ start: 0, end: 5000 }], dead: [] },
      ],
      stale: [{ start: 4090, end: 4100 }],
    },
  },
} as unknown as RestartsReply;

test("a layer counts the bytes of each page that it covers, of regions that the run has", () => {
  assert.deepEqual([...restartMap(run, restarts, "liveBytes").values], [0, 96, 104, 0, 0, 0, 0, 0]);
  assert.deepEqual([...restartMap(run, restarts, "deadBytes").values], [0, 0, 3992, 4096, 712, 0, 0, 0]);
  const { values, max } = restartMap(run, restarts, "staleBytes");
  assert.deepEqual([[...values], max], [[6, 4, 0, 0, 0, 0, 0, 0], 6]);
});

test("without an audit a layer is empty", () => {
  assert.deepEqual(restartMap(run, undefined, "deadBytes").max, 0);
});
