import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { P } from "../../src/machine/primitives.ts";
import { simulateCase } from "../../src/run/simulated-case.ts";
import { validateCases } from "../../src/run/validate.ts";

const measured: unknown = JSON.parse(
  readFileSync(new URL("../../src/run/ground-truth/xen-pv-events.json", import.meta.url), "utf8"),
);
const { checks, skipped } = validateCases(measured);

for (const source of ["k510_lean", "k61_default", "k61_intel_pti_xpti"]) {
  test(`${source}: every event, privileged operation and path length that was measured`, () => {
    const own = checks.filter((check) => check.source === source);
    assert.ok(own.length > 1000);
    const missed = own.filter(({ holds }) => !holds);
    assert.deepEqual(missed, []);
  });
}

test("nothing of the built-in measurements is left unchecked", () => {
  assert.deepEqual(skipped, []);
  const { variants } = measured as { variants: Record<string, { cases: { pv_events_per_op: object }[] }> };
  for (const [source, { cases }] of Object.entries(variants)) {
    for (const quantity of ["multicall_calls", "multicall_entries", "update_va_mapping", "other_traps_bounced"]) {
      const own = checks.filter((check) => check.source === source && check.quantity === `pv ${quantity}`);
      assert.equal(own.length, cases.length, quantity);
    }
  }
});

test("an event that happened where none is simulated is missed, each kind of it", () => {
  const events = ["multicall_calls", "update_va_mapping", "other_traps_bounced", "stack_switch", "ptwr_emulations"];
  for (const name of events) {
    const cases = [{ primitive: "getpid", n: 1, operations_per_run: 1000, pv_events_per_op: { [name]: 1 } }];
    const result = validateCases({ variants: { k61_default: { cases } } });
    assert.deepEqual(
      result.checks.map(({ quantity, holds }) => `${quantity} ${holds}`),
      [`pv ${name} false`],
    );
  }
});

test("figures that nothing counts are listed as not checked", () => {
  const side = { privileged_or_special_instructions_per_op: { "user.cpuid": 1 } };
  const cases = [{ primitive: "getpid", n: 1, native: side, pv_events_per_op: { iret: 0, hypercalls_of_tmem: 0 } }];
  const result = validateCases({ variants: { k61_default: { cases } } });
  assert.deepEqual(
    result.skipped.map(({ reason }) => reason),
    ["not counted by the simulator: hypercalls_of_tmem, user.cpuid"],
  );
});

test("timer ticks explain no missing event", () => {
  for (const { quantity, expected, simulated } of checks) {
    if (
      typeof expected === "number" &&
      typeof simulated === "number" &&
      quantity.startsWith("pv ") &&
      !quantity.endsWith("instructions")
    ) {
      assert.ok(expected >= simulated, `${quantity}: ${expected} < ${simulated}`);
    }
  }
});

test("batches and flushes follow from addresses for sizes that were not measured", () => {
  const batches = (n: number) => simulateCase("6.1-default", "xen-pv", "mprotect_rw_to_ro", n, true);
  assert.deepEqual(batches(33).batchSizes, { 31: 1, 2: 1 });
  assert.equal(batches(33).counts[P.xen_mmuext_op], 33);
  assert.equal(batches(34).counts[P.xen_mmuext_op], 1);
  assert.deepEqual(batches(485).batchSizes, { 31: 15, 20: 1 });
  assert.deepEqual(batches(486).batchSizes, { 1: 1, 31: 15, 20: 1 });
  assert.deepEqual(batches(2048).batchSizes, { 27: 1, 31: 15 + 3 * 16, 16: 3, 20: 1 });
});

test("a tick may end one batch of a fork early, and no batch ends early without one", () => {
  const { batchSizes, counts } = simulateCase("5.10-lean", "xen-pv", "fork_exit_wait", 4096, true);
  const checkOf = (ticks: number, sizes: Readonly<Record<string, number>>) => {
    const events = { iret: counts[P.xen_iret] + ticks, mmu_update_batch_sizes: { ...batchSizes, ...sizes } };
    const cases = [{ primitive: "fork_exit_wait", n: 4096, pv_events_per_op: events }];
    const result = validateCases({ variants: { k510_lean: { cases } } });
    return result.checks.find(({ quantity }) => quantity === "pv mmu_update_batch_sizes")?.holds;
  };
  assert.deepEqual([batchSizes["16"], batchSizes["20"], batchSizes["27"], batchSizes["31"]], [7, 1, 1, 128]);
  const inRest = { 16: 6, 13: 1, 3: 1 };
  const inFull = { 16: 6, 31: 127, 20: 2, 27: 2 };
  for (const sizes of [inRest, inFull]) {
    assert.equal(checkOf(1, sizes), true);
    assert.equal(checkOf(0, sizes), false);
  }
  assert.equal(checkOf(1, { 16: 6, 13: 1, 4: 1 }), false);
  assert.equal(checkOf(1, { 16: 5, 13: 1, 3: 1, 10: 1, 6: 1 }), false);
});

test("a file of another form is refused with the place", () => {
  assert.throws(() => validateCases({}), /variants must be an object/);
  assert.throws(
    () => validateCases({ variants: { a: { cases: [{ n: 1 }] } } }),
    /cases\[0\]\.primitive must be a text/,
  );
  assert.throws(
    () => validateCases({ variants: { a: { cases: [{ primitive: "getpid", n: 0.5 }] } } }),
    /cases\[0\]\.n must be a whole number/,
  );
});

test("unknown primitives and kernels are skipped with a reason", () => {
  const result = validateCases({
    variants: {
      k61_default: { cases: [{ primitive: "clone_thread", n: 1 }] },
      other: { description: "Linux 4.9", cases: [{ primitive: "getpid", n: 1 }] },
      renamed: {
        description: "Linux 5.10.262, mitigations=off",
        cases: [{ primitive: "getpid", native: { instructions_per_op_min: 243 }, operations_per_run: 1000 }],
      },
    },
  });
  assert.equal(result.skipped.length, 2);
  assert.equal(result.checks.length, 1);
  assert.ok(result.checks[0].holds);
});
