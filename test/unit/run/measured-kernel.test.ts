import assert from "node:assert/strict";
import { test } from "node:test";
import { recogniseKernel } from "../../../src/run/measured-kernel.ts";

function told(key: string, description = ""): string {
  const kernel = recogniseKernel(key, description);
  return "build" in kernel ? kernel.build : kernel.reason;
}

test("the keys of the known measurements and the names of builds are kernels, whatever is described", () => {
  assert.equal(told("k510_lean", "another text"), "5.10-lean");
  assert.equal(told("k61_default"), "6.1-default");
  assert.equal(told("k61_intel_pti_xpti", "Linux 6.12"), "6.1-pti");
  assert.equal(told("6.1-pti"), "6.1-pti");
});

test("the descriptions of the known measurements say which kernels they are", () => {
  const lean = "Linux 5.10.262 mitigations=off init_on_alloc=0, Xen spec-ctrl=no xpti=no, qemu64. Closest of the set";
  assert.equal(told("a", lean), "5.10-lean");
  const byDefault =
    "Linux 6.1.192 (Debian 6.1.0-56), all default mitigations, qemu64 CPU (AMD vendor: no PTI, XPTI off)";
  assert.equal(told("a", byDefault), "6.1-default");
  const isolated = "Linux 6.1.192, -cpu Nehalem (Intel): native has PTI on, Xen has XPTI on for dom0 plus BHB clearing";
  assert.equal(told("a", isolated), "6.1-pti");
});

test("other versions are not taken for those that are simulated", () => {
  for (const [key, description, version] of [
    ["k612_default", "Linux 6.12.4, AMD", "6.12"],
    ["k612_default", "AMD", "6.12"],
    ["a", "Linux 5.15.161, no PTI, XPTI off", "5.15"],
    ["k6_12", "", "6.12"],
    ["a", "Linux 6.10, Xen 4.17, no PTI", "6.10"],
    ["other", "Linux 4.9", "4.9"],
  ] as const) {
    assert.equal(told(key, description), `Linux ${version} is not simulated; 5.10 and 6.1 are`);
  }
  assert.match(told("mine", "our machine, no PTI"), /neither its key nor its description/);
  assert.match(told("k61_mine", "Linux 5.10.262 mitigations=off"), /Linux 6\.1 and 5\.10/);
});

test("what is said of isolation counts, before the processor", () => {
  assert.equal(told("k61_mine", "PTI on, XPTI on"), "6.1-pti");
  assert.equal(told("k61_pti_xpti"), "6.1-pti");
  assert.equal(told("k61_nehalem"), "6.1-pti");
  assert.equal(told("a", "Linux 6.1.100 on AMD EPYC"), "6.1-default");
  for (const off of [
    "no PTI, XPTI off",
    "pti=off xpti=no",
    "without PTI and XPTI",
    "PTI and XPTI off",
    "nopti xpti=false",
  ]) {
    assert.equal(told("a", `Linux 6.1.192 on Intel Nehalem, ${off}`), "6.1-default", off);
  }
  assert.match(told("a", "Linux 6.1.192, Nehalem, pti=off"), /both PTI and XPTI or with neither/);
  assert.match(told("a", "Linux 6.1.192, Nehalem, mitigations=off"), /not with mitigations=off/);
  assert.match(told("a", "Linux 6.1.192 on Intel"), /not said whether page tables are isolated/);
  assert.match(told("k61_other", "our machine"), /not said whether page tables are isolated/);
});

test("Linux 5.10 is simulated without mitigations only", () => {
  assert.equal(told("a", "Linux 5.10.262, mitigations=off"), "5.10-lean");
  for (const description of [
    "Linux 5.10.262 with PTI",
    "Linux 5.10.262, default mitigations, AMD",
    "Linux 5.10.262, mitigations=off, PTI on",
    "Linux 5.10.262",
  ]) {
    assert.match(told("a", description), /^Linux 5\.10 is simulated with mitigations=off/, description);
  }
});
