import assert from "node:assert/strict";
import { test } from "node:test";
import { PriceProfileError, parseProfile } from "../../../src/machine/prices.ts";
import { BUILT_IN_PROFILES } from "../../../src/machine/profiles.ts";
import { devicesOf, withDevices } from "../../../src/machine/what-if.ts";

const [ERA] = BUILT_IN_PROFILES;

test("a supposed network or disk replaces its own price only, and its source names the option", () => {
  const gigabit = withDevices(ERA, { wireBytesPerSecond: 125e6, wireRoundTripSeconds: 100e-6 });
  assert.equal(gigabit.primitives["wire.byte"].cycles, Number((8 * 1.053 * ERA.ghz).toPrecision(4)));
  assert.equal(gigabit.primitives["wire.round_trip"].cycles, Number((100e3 * ERA.ghz).toPrecision(4)));
  assert.match(gigabit.primitives["wire.byte"].source, /^--bandwidth: 125\.0 MB\/s/);
  assert.match(gigabit.title, /--bandwidth, --round-trip$/);
  const disk = withDevices(ERA, { diskBytesPerSecond: 2e9, diskFlushSeconds: 1e-3 });
  assert.equal(disk.primitives["disk.byte"].cycles, Number((0.5 * ERA.ghz).toPrecision(4)));
  assert.equal(disk.primitives["disk.flush"].cycles, Number((1e6 * ERA.ghz).toPrecision(4)));
  for (const [profile, changed] of [
    [gigabit, ["wire.byte", "wire.round_trip"]],
    [disk, ["disk.byte", "disk.flush"]],
  ] as const) {
    for (const [name, price] of Object.entries(profile.primitives)) {
      const { low, cycles, high, confidence } = price;
      if (changed.some((other) => other === name)) assert.deepEqual([low, high, confidence], [cycles, cycles, "S"]);
      else assert.equal(price, ERA.primitives[name]);
    }
    assert.deepEqual(parseProfile(JSON.parse(JSON.stringify(profile)), "again"), profile);
  }
  assert.equal(withDevices(ERA, {}), ERA);
});

test("the devices of a profile are those that were supposed", () => {
  const devices = {
    wireBytesPerSecond: 1.25e9,
    wireRoundTripSeconds: 30e-6,
    diskBytesPerSecond: 5e8,
    diskFlushSeconds: 8e-3,
  };
  for (const profile of BUILT_IN_PROFILES) {
    const priced = devicesOf(withDevices(profile, devices));
    for (const device of Object.keys(devices) as (keyof typeof devices)[]) {
      // Prices have four digits.
      const ratio = priced[device] / devices[device];
      assert.ok(Math.abs(ratio - 1) < 1e-3, `${profile.name}: ${device} ${priced[device]}`);
    }
  }
});

test("a network that carries nothing is refused by its option", () => {
  for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => withDevices(ERA, { wireBytesPerSecond: value }),
      (error) => error instanceof PriceProfileError && error.message.startsWith("--bandwidth must be above 0"),
    );
  }
});
