// What the hypervisor or the processor finds is what was written, whatever the order of stores and checkpoints.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Region } from "../../../src/checkpoint/regions.ts";
import type { TechniqueDefinition } from "../../../src/checkpoint/technique.ts";
import { hvProtect } from "../../../src/checkpoint/techniques/hv-protect.ts";
import { hvScan } from "../../../src/checkpoint/techniques/hv-scan.ts";
import { epml, spml } from "../../../src/checkpoint/techniques/pml.ts";
import { remus } from "../../../src/checkpoint/techniques/remus.ts";
import type { GuestEnvironment } from "../../../src/linux/hosts.ts";
import { P } from "../../../src/machine/primitives.ts";
import { techniqueBench } from "./technique-bench.ts";

const PAGES = 24;
/** Regions as [first page, pages]; the second and the third share pages. */
const REGIONS = [
  [0, 7],
  [8, 10],
  [14, 8],
] as const;

type Step =
  | { readonly kind: "store" | "load" | "copyToUser"; readonly page: number }
  | { readonly kind: "readOnly"; readonly page: number; readonly count: number }
  | { readonly kind: "save"; readonly regions: readonly number[] }
  | { readonly kind: "protect" | "unprotect"; readonly region: number };

const page = fc.nat(PAGES - 1);
const region = fc.nat(REGIONS.length - 1);
const stores = fc.record({ kind: fc.constantFrom("store", "store", "load", "copyToUser"), page });
const saves = fc.record({ kind: fc.constant("save"), regions: fc.uniqueArray(region, { minLength: 1 }) });
const declarations = fc.record({ kind: fc.constantFrom("protect", "protect", "unprotect"), region });
const rights = fc.record({ kind: fc.constant("readOnly"), page, count: fc.integer({ min: 1, max: 4 }) });

/** @param closesPages whether the program takes its own right to write from pages now and then */
function steps(closesPages: boolean): fc.Arbitrary<Step[]> {
  const kinds = [stores, stores, saves, declarations, ...(closesPages ? [rights] : [])];
  return fc.array(fc.oneof(...kinds) as fc.Arbitrary<Step>, { maxLength: 60 });
}

const CASES: readonly (readonly [TechniqueDefinition, GuestEnvironment, closesPages: boolean, exact: boolean])[] = [
  [hvProtect, "xen-hap", true, true],
  [hvScan, "xen-hap", true, true],
  [spml, "xen-hap", true, true],
  // The kernel sets the D bit of an entry that it opens again, and no processor logs that.
  [epml, "xen-hap", false, true],
  // Xen gives an entry that the kernel changes its D bit back, and finds it again.
  [hvScan, "xen-pv", true, false],
  // A page that is only read gets a frame, too, and counts as written.
  [hvProtect, "xen-shadow", true, false],
  [hvScan, "xen-shadow", true, false],
  [remus, "xen-pv", true, true],
  [remus, "xen-shadow", true, true],
  [remus, "xen-hap", true, true],
];

for (const [technique, environment, closesPages, exact] of CASES) {
  test(`${technique.id} in ${environment}: saved is what was written since the last save of the region`, () => {
    fc.assert(
      fc.property(fc.constantFrom("5.10", "6.1"), steps(closesPages), (kernel, list) => {
        const { engine, process, base, protect, unprotect, save, store } = techniqueBench(
          technique,
          environment,
          kernel,
          PAGES,
        );
        process.sigaction("SIGSEGV", (fault) => process.mprotect(fault, 1, "rw"));
        const regions = new Map<number, Region>();
        /** What the next save of each region must hold. */
        const pending = new Map<number, Set<number>>();
        const write = (written: number) => {
          for (const [index, set] of pending) {
            const [first, count] = REGIONS[index];
            if (written >= first && written < first + count) set.add(written);
          }
        };
        for (const step of list) {
          if (step.kind === "store") {
            store(step.page);
            write(step.page);
          } else if (step.kind === "load") process.load(base + step.page);
          else if (step.kind === "copyToUser") {
            process.mprotect(base + step.page, 1, "rw");
            process.copyToUser(base + step.page, 1);
            write(step.page);
          } else if (step.kind === "readOnly") {
            process.mprotect(base + step.page, Math.min(step.count, PAGES - step.page), "r");
          } else if ("regions" in step) {
            const wanted = step.regions.filter((index) => regions.has(index));
            const saved = save(...wanted.flatMap((index) => regions.get(index) ?? []));
            wanted.forEach((index, i) => {
              const found = Array.from(saved[i]);
              const expected = [...(pending.get(index) ?? [])].sort((a, b) => a - b);
              if (exact) assert.deepEqual(found, expected, `region ${index}`);
              else for (const missing of expected) assert.ok(found.includes(missing), `page ${missing} is missing`);
              pending.set(index, new Set());
            });
          } else if ("region" in step && step.kind === "protect") {
            const [first, count] = REGIONS[step.region];
            if (!regions.has(step.region)) {
              pending.set(step.region, new Set(Array.from({ length: count }, (_, i) => first + i)));
            }
            regions.set(step.region, protect(step.region, first, count));
          } else if ("region" in step) {
            const gone = regions.get(step.region);
            if (gone !== undefined) unprotect(gone);
            regions.delete(step.region);
            pending.delete(step.region);
          }
        }
        assert.equal(engine.isCopying, false);
      }),
      { numRuns: 200 },
    );
  });
}

test("hv-scan: a steady checkpoint is one request, whoever wrote how much", () => {
  for (const environment of ["xen-pv", "xen-shadow", "xen-hap"] as const) {
    const { store, protect, save, counts } = techniqueBench(hvScan, environment, "6.1", 64);
    const every = Array.from({ length: 64 }, (_, i) => i);
    store(...every);
    const whole = protect(0, 0, 64);
    save(whole);
    store(...every);
    save(whole);
    const track = counts("track", 1);
    assert.equal(track[P.cpu_dirty_assist], 64);
    assert.equal(track[P.xen_cpu_vmexit] + track[P.xen_cpu_exception], 0, "no write traps");
    assert.equal(counts("collect", 1)[P.xen_service_request], 1);
    assert.equal(counts("arm", 1)[P.xen_service_request], 0);
  }
});

test("spml compares each logged frame with what pagemap says, from its start; epml does not search", () => {
  const compared = [spml, epml].map((technique) => {
    const { store, protect, save, counts } = techniqueBench(technique, "xen-hap", "6.1", 64);
    const whole = protect(0, 0, 64);
    save(whole);
    store(4, 9);
    assert.deepEqual([...save(whole)[0]], [4, 9]);
    const collect = counts("collect", 1);
    assert.equal(collect[P.user_ring_entry], 2);
    return [collect[P.user_reverse_search], collect[P.user_pagemap_entry]];
  });
  assert.deepEqual(compared, [
    [5 + 10, 64],
    [0, 0],
  ]);
});

test("declaring pages under hardware-assisted paging gives them their memory at once", () => {
  for (const [environment, faults] of [
    ["xen-pv", 0],
    ["xen-hap", 16],
  ] as const) {
    const { protect, counts } = techniqueBench(hvScan, environment, "6.1", 16);
    protect(0, 0, 16);
    const register = counts("register", 0);
    assert.equal(register[P.linux_fault_anonymous], faults);
    assert.equal(register[P.user_touch], faults);
  }
});
