import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitRuns, setBits } from "../../../src/machine/bits.ts";

const BITS = 320;
const range = fc
  .tuple(fc.nat(BITS - 1), fc.nat(BITS - 1))
  .map(([a, b]) => ({ from: Math.min(a, b), end: Math.max(a, b) + 1 }));

test("runs of bits are what was set, cut to the range asked for", () => {
  fc.assert(
    fc.property(fc.array(range), range, (sets, asked) => {
      const words = new Uint32Array(BITS / 32);
      const model = new Array<boolean>(BITS).fill(false);
      for (const { from, end } of sets) {
        setBits(words, from, end);
        model.fill(true, from, end);
      }
      const found = new Array<boolean>(BITS).fill(false);
      let last = -1;
      bitRuns(words, asked.from, asked.end, (start, end) => {
        assert.ok(start < end && start > last, "runs ascend, are not empty and do not touch");
        last = end;
        found.fill(true, start, end);
      });
      assert.deepEqual(
        found,
        model.map((set, i) => set && i >= asked.from && i < asked.end),
      );
    }),
  );
});
