import assert from "node:assert/strict";
import { test } from "node:test";
import { softDirty } from "../../../src/checkpoint/techniques/soft-dirty.ts";
import { P } from "../../../src/machine/primitives.ts";
import { techniqueBench } from "./technique-bench.ts";

const ENVIRONMENTS = ["native", "xen-pv"] as const;
const KERNELS = ["5.10", "6.1"] as const;

for (const environment of ENVIRONMENTS) {
  for (const kernel of KERNELS) {
    test(`${environment}, ${kernel}: one fault for each written page of the process, no signal, one walk to collect`, () => {
      const { store, protect, save, counts } = techniqueBench(softDirty, environment, kernel, 40);
      const region = protect(1, 0, 20);
      for (let page = 0; page < 30; page++) store(page);
      assert.deepEqual(save(region), [[...Array(20).keys()]]);
      assert.equal(counts("collect", 0)[P.linux_pagemap], 0, "a region without an image is not asked about");
      const arm = counts("arm", 0);
      assert.equal(arm[P.linux_clear_refs], 1);
      assert.equal(arm[P.linux_clear_refs_pte], 30, "all pages of the process, not only the protected ones");
      assert.equal(arm[P.linux_clear_refs_write], 30);
      if (environment === "xen-pv") assert.equal(arm[P.xen_mmu_update], 30, "one hypercall for each");

      store(3, 3, 17, 25, 35);
      const track = counts("track", 1);
      const exceptions = environment === "native" ? P.cpu_exception : P.xen_inject;
      assert.equal(track[exceptions], 3, "pages 3 and 17, and 25, which nobody protected");
      assert.equal(track[P.linux_fault_reuse], 3);
      assert.equal(track[P.linux_signal_deliver], 0);
      assert.equal(track[P.linux_syscall], 0);
      assert.equal(counts("run", 1)[P.linux_fault_anonymous], 1, "page 35 is new: the program's own fault");

      assert.deepEqual(save(region), [[3, 17]]);
      const collect = counts("collect", 1);
      assert.equal(collect[P.linux_pagemap], 1);
      assert.ok(collect[P.linux_pagemap_pte] >= 31, "the walk goes on to the end of the page-table page");
      const walked = collect[P.linux_pagemap_pte] + collect[P.linux_pagemap_none];
      assert.ok(walked >= 20 && walked < 20 + 512, `${walked} entries`);
      assert.equal(collect[P.user_pagemap_entry], 20);
      assert.equal(collect[P.linux_copy_to_user], 1);
    });
  }
}

test("what clear_refs makes the kernel forget about other regions is read before", () => {
  const { store, protect, unprotect, save, counts } = techniqueBench(softDirty, "xen-pv", "6.1", 64);
  const a = protect(1, 0, 8);
  const b = protect(2, 16, 8);
  const c = protect(3, 32, 8);
  for (let page = 0; page < 64; page++) store(page);
  save(a, b, c);
  store(1, 17, 33);
  assert.deepEqual(save(a), [[1]]);
  const arm = counts("arm", 1);
  assert.equal(arm[P.linux_pagemap], 2, "the two regions that were not saved");
  store(2, 18);
  assert.deepEqual(save(a), [[2]]);
  unprotect(c);
  const again = protect(3, 32, 8);
  assert.deepEqual(save(a, b, again), [[], [17, 18], [32, 33, 34, 35, 36, 37, 38, 39]]);
  assert.equal(counts("collect", 3)[P.linux_pagemap], 2, "the new region has no image yet");
  assert.deepEqual(save(a, b, again), [[], [], []]);
});

test("a long region is read through a buffer of 8 pages, whose own write protection the kernel meets", () => {
  const { store, protect, save, counts } = techniqueBench(softDirty, "native", "6.1", 5000);
  const region = protect(1, 0, 5000);
  store(4999);
  save(region);
  store(4999);
  assert.deepEqual(save(region), [[4999]]);
  const first = counts("collect", 1);
  assert.equal(first[P.linux_pagemap], 2);
  assert.equal(first[P.linux_copy_to_user], 8 + 2);
  assert.equal(first[P.linux_fault_anonymous], 8, "the buffer is new");
  save(region);
  assert.equal(counts("collect", 2)[P.linux_fault_reuse], 8, "clear_refs closed the buffer too");
});
