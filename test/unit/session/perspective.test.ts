// What is chosen of a perspective by itself leaves the rest as it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_MACHINE } from "../../../src/run/machine.ts";
import type { Perspective } from "../../../src/session/figures.ts";
import {
  choiceBetween,
  chosenPerspective,
  ownPerspective,
  supposedCounts,
  withTransferRate,
} from "../../../src/session/model/perspective.ts";

const SETTINGS: Perspective = { machine: DEFAULT_MACHINE, prices: { profile: "era" } };
/** As somebody has made it in the panel. */
const SHOWN: Perspective = {
  machine: { ...DEFAULT_MACHINE, technique: "mprotect", copy: "hypervisor", target: "disk", hybridWrites: 7 },
  prices: { profile: "era", primitives: { hypercall: { cycles: 9 } }, devices: { diskFlushSeconds: 0.01 } },
};

test("another technique keeps the options, the prices and the devices that were supposed", () => {
  const chosen = chosenPerspective(SHOWN, { machine: { technique: "hv-protect" } });
  assert.deepEqual(chosen, { ...SHOWN, machine: { ...SHOWN.machine, technique: "hv-protect" } });
});

test("an environment without a hypervisor has the options that need none", () => {
  const { machine } = chosenPerspective(SHOWN, { machine: { environment: "native" } });
  assert.deepEqual(machine, { ...SHOWN.machine, environment: "native", copy: "guest" });
});

test("a profile is chosen with its own prices, the one that is shown, too", () => {
  assert.deepEqual(chosenPerspective(SHOWN, { profile: "era" }), { ...SHOWN, prices: { profile: "era" } });
});

test("of settings only what has changed counts for what is shown", () => {
  assert.deepEqual(choiceBetween(SETTINGS, structuredClone(SETTINGS)), {});
  assert.deepEqual(chosenPerspective(SHOWN, choiceBetween(SETTINGS, SETTINGS)), SHOWN);
  const machine = { ...DEFAULT_MACHINE, environment: "xen-hap", commit: "async" } as const;
  assert.deepEqual(chosenPerspective(SHOWN, choiceBetween(SETTINGS, { ...SETTINGS, machine })), {
    ...SHOWN,
    machine: { ...SHOWN.machine, environment: "xen-hap", commit: "async" },
  });
  const prices = { profile: "modern" };
  assert.deepEqual(choiceBetween(SETTINGS, { ...SETTINGS, prices }), { profile: "modern" });
});

test("asynchronous commits take as long as the supposed device needs, and the default without one", () => {
  const devices = { wireBytesPerSecond: 1.25e9, diskBytesPerSecond: 5e8 };
  const supposed = { ...SETTINGS, prices: { profile: "era", devices } };
  const rate = (options: Partial<Perspective["machine"]>) =>
    chosenPerspective(supposed, { machine: options }).machine.transferBytesPerCycle;
  // The program's clock makes two cycles a nanosecond.
  assert.equal(rate({ commit: "async", target: "replica" }), 0.625);
  assert.equal(rate({ commit: "async", target: "disk" }), 0.25);
  for (const none of [{ commit: "sync", target: "disk" }, { commit: "async" }] as const)
    assert.equal(rate(none), DEFAULT_MACHINE.transferBytesPerCycle);
  const crossing = chosenPerspective(supposed, { machine: { commit: "async", target: "disk" } });
  const again = chosenPerspective(crossing, { profile: "modern" });
  assert.equal(again.machine.transferBytesPerCycle, DEFAULT_MACHINE.transferBytesPerCycle);
  // Where nobody supposes a device, a run's own rate stays.
  const own = { ...SETTINGS, machine: { ...crossing.machine, transferBytesPerCycle: 3 } };
  assert.equal(withTransferRate(own, own), own);
});

test("nothing supposed is the technique and the environment with their own options and prices", () => {
  const settings = { ...DEFAULT_MACHINE, copy: "hypervisor", commit: "async" } as const;
  assert.deepEqual(supposedCounts(SHOWN, settings), { options: 3, prices: 2 });
  const own = ownPerspective(SHOWN, settings);
  assert.deepEqual(own, { machine: { ...settings, technique: "mprotect" }, prices: { profile: "era" } });
  assert.deepEqual(supposedCounts(own, settings), { options: 0, prices: 0 });
  // What the settings say may be impossible here.
  const hash = ownPerspective({ ...SHOWN, machine: { ...SHOWN.machine, technique: "hash" } }, settings);
  assert.equal(hash.machine.commit, "sync");
  const native = ownPerspective({ ...SHOWN, machine: { ...SHOWN.machine, environment: "native" } }, settings);
  assert.deepEqual([native.machine.copy, native.machine.commit], ["guest", "async"]);
  for (const one of [hash, native]) assert.deepEqual(supposedCounts(one, settings), { options: 0, prices: 0 });
});
