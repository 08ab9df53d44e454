// What is chosen of a perspective by itself leaves the rest as it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_MACHINE } from "../../../src/run/machine.ts";
import type { Perspective } from "../../../src/session/figures.ts";
import { choiceBetween, chosenPerspective } from "../../../src/session/model/perspective.ts";

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
