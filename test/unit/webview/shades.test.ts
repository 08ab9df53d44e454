import assert from "node:assert/strict";
import { test } from "node:test";
import { shadeOf, shadesOf } from "../../../webview/draw/shades.ts";

test("shades grow with values, zero has one of its own, and the greatest value the last", () => {
  for (const max of [1, 2, 11, 4096, 70000, 5_000_000]) {
    const values = Uint32Array.from({ length: 200 }, (_, i) => Math.floor((max * i) / 199));
    const shades = new Uint8Array(values.length);
    shadesOf(values, max, shades);
    for (let i = 1; i < values.length; i++) assert.ok(shades[i] >= shades[i - 1]);
    assert.equal(shades[0], 0);
    assert.equal(shades[199], 255);
    for (const [i, value] of values.entries()) {
      assert.equal(shades[i], shadeOf(value, max), `${value} of ${max}`);
      assert.equal(shades[i] === 0, value === 0);
    }
  }
});
