import assert from "node:assert/strict";
import { test } from "node:test";
import { TIMELINE_PHASES, type TimelineEvents } from "../../../src/session/figures.ts";
import { eventBeside, eventNear, indexOfEvent, nearestCost, singleEvent } from "../../../webview/single-events.ts";

const track = TIMELINE_PHASES.indexOf("track");

function events(...rows: readonly (readonly [time: number, cycles: number, page: number])[]): TimelineEvents {
  return {
    time: Float64Array.from(rows, ([time]) => time),
    cycles: Float64Array.from(rows, ([, cycles]) => cycles),
    phase: Uint8Array.from(rows, () => track),
    page: Int32Array.from(rows, ([, , page]) => page),
    site: Int32Array.from(rows, () => 0),
    sites: [{ file: "/kv.ts", line: 58, function: "put" }],
  };
}

test("the event that is nearest is found within reach, of those as near the costliest", () => {
  const some = events([100, 5, 1], [200, 5, 2], [200, 9, 3], [200, 7, 4], [300, 5, 5]);
  assert.equal(eventNear(some, 110, 20), 0);
  assert.equal(eventNear(some, 110, 9), -1);
  assert.equal(eventNear(some, 205, 20), 2);
  assert.equal(eventNear(some, 250, 50), 2);
  assert.equal(eventNear(some, 900, 50), -1);
});

test("steps go through all events, those at the same time too, and begin where one is told to", () => {
  const some = events([100, 5, 1], [200, 5, 2], [200, 5, 2], [300, 5, 5]);
  const passed: number[] = [];
  for (let at = eventBeside(some, 1, -1, 150); at >= 0; at = eventBeside(some, 1, at, 0)) passed.push(at);
  assert.deepEqual(passed, [1, 2, 3]);
  assert.equal(eventBeside(some, -1, -1, 150), 0);
  assert.equal(eventBeside(some, -1, 0, 0), -1);
});

test("an event is found again in another window, and is not where it is not", () => {
  const some = events([100, 5, 1], [200, 5, 2], [200, 9, 3], [300, 5, -1]);
  const event = singleEvent(some, 2);
  assert.equal(event.phase, "track");
  assert.equal(event.site?.line, 58);
  assert.equal(singleEvent(some, 3).page, undefined);
  assert.equal(indexOfEvent(some, event), 2);
  assert.equal(indexOfEvent(events([200, 5, 2], [200, 9, 3]), event), 1);
  assert.equal(indexOfEvent(events([200, 5, 2]), event), -1);
});

test("the nearest cost is found in a long stretch, from either end, by a few questions", async () => {
  const times = [123_456_789, 123_456_999, 777_000_000];
  let asked = 0;
  const peaks = async ({ from, to }: { from: number; to: number }) => {
    asked++;
    return Float64Array.from({ length: 1000 }, (_, i) => {
      const part = (to - from) / 1000;
      return times.filter((time) => time >= from + i * part && time < from + (i + 1) * part).length;
    });
  };
  for (const [by, time] of [
    [1, times[0]],
    [-1, times[2]],
  ] as const) {
    asked = 0;
    const found = await nearestCost(peaks, { from: 0, to: 1e9 }, by, 5000);
    assert.ok(found !== undefined && found.from <= time && time <= found.to && found.to - found.from <= 5000);
    assert.equal(asked, 2);
  }
  assert.equal(await nearestCost(peaks, { from: 8e8, to: 9e8 }, 1, 5000), undefined);
});
