import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PackError, pack, unpack } from "../../../src/run/pack.ts";

const data = {
  name: "run",
  list: [{ bytes: new Uint8Array([1, 2, 3]) }, { words: new Uint32Array([7, 0xffffffff]) }],
  cycles: new Float64Array([0.5, 1e300]),
  sites: new Int32Array([-1, 5]),
  empty: new Uint8Array(0),
};

test("what is packed comes back", () => {
  assert.deepEqual(unpack("TESTPACK", pack("TESTPACK", data)), data);
});

test("a cut or changed pack is refused, or gives data, but never throws anything else", () => {
  const whole = pack("TESTPACK", data);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
      const damaged = cut ? whole.slice(0, at) : whole.slice();
      if (!cut) damaged[at] = value;
      try {
        unpack("TESTPACK", damaged);
      } catch (error) {
        assert.ok(error instanceof PackError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
