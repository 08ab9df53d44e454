import assert from "node:assert/strict";
import { test } from "node:test";
import { tickStep, tickText } from "../../../webview/draw/timeline.ts";

test("ticks that follow one another have texts that differ, however near the timeline is seen", () => {
  for (const from of [0, 283e6, 4.2e9]) {
    for (let span = 2000; span < 1e10; span *= 3) {
      const step = tickStep(span, 600);
      const first = Math.ceil(from / step) * step;
      const texts = Array.from({ length: 6 }, (_, i) => tickText(first + i * step, step));
      assert.equal(new Set(texts).size, texts.length, texts.join(", "));
    }
  }
  assert.equal(tickText(100e6, 100e6), "100 M");
  assert.equal(tickText(283.5e6, 0.5e6), "283.5 M");
});
