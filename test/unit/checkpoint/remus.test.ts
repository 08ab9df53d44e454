import assert from "node:assert/strict";
import { test } from "node:test";
import { remus } from "../../../src/checkpoint/techniques/remus.ts";
import { ENTRY_PAGES, FAULT_PAGES, SYSTEM_CALL_PAGES, TIMER_PAGES } from "../../../src/linux/kernel-pages.ts";
import { P } from "../../../src/machine/primitives.ts";
import { techniqueBench } from "./technique-bench.ts";

const PAGES = 64;
/** 1 GiB of guest memory. */
const BITMAP_WORDS = 4096;

/** What each trap is in a paging mode. */
const TRAP = {
  "xen-pv": P.xen_shadow_fault,
  "xen-shadow": P.xen_shadow_fault,
  "xen-hap": P.xen_ept_violation,
} as const;

for (const environment of ["xen-pv", "xen-shadow", "xen-hap"] as const) {
  test(`${environment}: the first write to any page in an epoch is trapped, copied and counted`, () => {
    const bench = techniqueBench(remus, environment, "6.1", PAGES);
    const all = Array.from({ length: PAGES }, (_, i) => i);
    bench.store(...all);
    const region = bench.protect(1, 0, 8);
    assert.deepEqual(bench.save(region), [all.slice(0, 8)]);

    // Two pages of the region and three that nobody protects, each written twice.
    bench.store(2, 5, 20, 30, 40, 2, 5, 20, 30, 40);
    assert.deepEqual(bench.save(region), [[2, 5]]);
    const track = bench.counts("track", 1);
    const kernelPages = TIMER_PAGES.count;
    assert.equal(track[P.xen_log_dirty_mark], 5 + kernelPages);
    assert.equal(track[TRAP[environment]], 5 + kernelPages);
    assert.equal(
      track[P.xen_cpu_exception] + track[P.xen_cpu_vmexit],
      5 + kernelPages + track[P.xen_ept_misconfiguration],
    );
    for (const none of [P.linux_exception, P.xen_inject, P.xen_hvm_inject]) assert.equal(track[none], 0);
    const copy = bench.counts("copy", 1);
    assert.equal(copy[P.user_memcpy_byte], (5 + kernelPages) * 4096);
    const collect = bench.counts("collect", 1);
    assert.deepEqual(
      [P.remus_pause, P.xen_log_dirty_op, P.xen_log_dirty_word, P.user_bitmap_word].map((p) => collect[p]),
      [1, 1, BITMAP_WORDS, BITMAP_WORDS],
    );
    assert.equal(bench.counts("commit", 1)[P.remus_release], 1);

    // Nothing written: only what happens whatever the program does.
    assert.deepEqual(bench.save(region), [[]]);
    assert.equal(bench.counts("copy", 2)[P.user_memcpy_byte], kernelPages * 4096);
  });

  test(`${environment}: a system call and a fault dirty pages of the kernel, once in an epoch`, () => {
    const bench = techniqueBench(remus, environment, "6.1", PAGES);
    const region = bench.protect(1, 0, 1);
    bench.save(region);
    for (let call = 0; call < 3; call++) bench.process.nullSystemCall();
    bench.save(region);
    const called = bench.counts("copy", 1)[P.user_memcpy_byte] / 4096;
    assert.equal(called, TIMER_PAGES.count + ENTRY_PAGES.count + SYSTEM_CALL_PAGES.count);
    // First touches: the frame that the kernel clears, and the page-table page.
    bench.store(10, 11, 12);
    bench.save(region);
    const touched = bench.counts("copy", 2)[P.user_memcpy_byte] / 4096;
    assert.equal(touched, TIMER_PAGES.count + ENTRY_PAGES.count + FAULT_PAGES.count + 3 + 1);
  });
}

test("clearing the bitmap blows all shadows, and a store brings its neighbours back without the right to write", () => {
  const bench = techniqueBench(remus, "xen-shadow", "6.1", 1024);
  // From the start of a page-table page on.
  const start = 512 - (bench.base % 512);
  const all = Array.from({ length: PAGES }, (_, i) => start + i);
  bench.store(...all);
  const region = bench.protect(1, start, PAGES);
  bench.save(region);
  const arm = bench.counts("arm", 0);
  assert.ok(arm[P.xen_shadow_destroy] >= 3, "L1, L2 and L3 tables");
  assert.equal(arm[P.xen_shadow_release], PAGES);
  bench.store(start);
  const first = bench.counts("track", 1);
  assert.ok(first[P.xen_shadow_create] >= 3);
  assert.equal(first[P.xen_shadow_propagate], 32, "31 of them in advance");
  bench.store(start + 1);
  assert.equal(bench.counts("track", 1)[P.xen_shadow_fault], 2, "in advance and read-only");
});

test("a PV guest that is tracked runs on shadow page tables, and pays for them at each change of mode", () => {
  const bench = techniqueBench(remus, "xen-pv", "6.1", PAGES);
  const region = bench.protect(1, 0, 1);
  bench.save(region);
  const before = bench.counts("track", 0)[P.xen_shadow_cr3];
  bench.process.nullSystemCall();
  assert.equal(bench.counts("track", 0)[P.xen_shadow_cr3] - before, 2, "into the kernel and back");
  bench.store(3);
  const touch = bench.counts("track", 1);
  assert.equal(touch[P.xen_shadow_validate], 0, "the table has no shadow yet");
  bench.store(4);
  assert.equal(bench.counts("track", 1)[P.xen_shadow_validate], 1, "Xen's own write of the guest's entry");
});

test("what is written to other regions is not forgotten when one of them is saved", () => {
  const bench = techniqueBench(remus, "xen-shadow", "6.1", PAGES);
  const [a, b] = [bench.protect(1, 0, 4), bench.protect(2, 8, 4)];
  bench.save(a, b);
  bench.store(1, 9);
  assert.deepEqual(bench.save(a), [[1]]);
  assert.deepEqual(bench.save(b), [[9]]);
  assert.deepEqual(bench.save(a, b), [[], []]);
});
