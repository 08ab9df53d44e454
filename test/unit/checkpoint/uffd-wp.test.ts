import assert from "node:assert/strict";
import { test } from "node:test";
import { uffdWp, uffdWpSigbus } from "../../../src/checkpoint/techniques/uffd-wp.ts";
import { GuestError } from "../../../src/linux/guest-process.ts";
import { P } from "../../../src/machine/primitives.ts";
import { techniqueBench } from "./technique-bench.ts";

const PLACES = [
  ["native", "5.10"],
  ["native", "6.1"],
  ["xen-pv", "5.10"],
  ["xen-pv", "6.1"],
] as const;

for (const [environment, kernel] of PLACES) {
  const exceptions = environment === "native" ? P.cpu_exception : P.xen_inject;

  test(`${environment}, ${kernel}: one event for each written page, two switches and a fault that is looked at twice`, () => {
    const { store, protect, save, counts } = techniqueBench(uffdWp, environment, kernel, 64);
    const region = protect(1, 8, 20);
    for (let page = 0; page < 64; page++) store(page);
    save(region);
    assert.equal(counts("arm", 0)[P.linux_uffd_writeprotect], 1);
    assert.equal(counts("arm", 0)[P.linux_uffd_pte], 20);
    store(10, 10, 27, 40);
    const track = counts("track", 1);
    assert.equal(track[exceptions], 2);
    assert.equal(track[P.linux_fault], 2 * 2);
    assert.equal(track[P.linux_fault_reuse], 2);
    assert.equal(track[P.linux_switch], 2 * 2);
    assert.equal(track[P.linux_uffd_event], 2);
    assert.equal(track[P.linux_syscall], 2 * 2, "read and ioctl");
    assert.equal(track[P.linux_uffd_writeprotect], 2);
    assert.equal(track[P.linux_signal_deliver], 0);
    if (environment === "xen-pv") {
      assert.equal(track[P.xen_stack_switch], 2 * 2);
      assert.equal(track[P.xen_segment_base], 2 * 2 * 3);
      // For each page: the switches, the entry's two changes, the flush, and three returns to user mode.
      assert.equal(track[P.xen_hypercall], 2 * (2 * 4 + 2 + 1 + 3));
    } else assert.equal(track[P.cpu_wrmsr], 2 * 2);
    assert.deepEqual(save(region), [[10, 27]]);
    assert.equal(counts("collect", 1)[P.user_list_entry], 2);
  });

  test(`${environment}, ${kernel}: with SIGBUS a signal and two faults for each written page, and no switch`, () => {
    const { store, protect, save, counts } = techniqueBench(uffdWpSigbus, environment, kernel, 64);
    const region = protect(1, 8, 20);
    for (let page = 0; page < 64; page++) store(page);
    save(region);
    store(10, 10, 27, 40);
    const track = counts("track", 1);
    assert.equal(track[exceptions], 2 * 2);
    assert.equal(track[P.linux_signal_deliver], 2);
    assert.equal(track[P.linux_sigreturn], 2);
    assert.equal(track[P.linux_uffd_writeprotect], 2);
    assert.equal(track[P.linux_switch], 0);
    assert.deepEqual(save(region), [[10, 27]]);
  });
}

test("the kernel's own write to a protected page waits for the thread too, and fails where there is none", () => {
  const threaded = techniqueBench(uffdWp, "xen-pv", "6.1", 8);
  threaded.store(0, 1);
  const region = threaded.protect(1, 0, 2);
  threaded.save(region);
  threaded.process.copyToUser(threaded.base, 1);
  assert.deepEqual(threaded.save(region), [[0]]);
  const signalled = techniqueBench(uffdWpSigbus, "xen-pv", "6.1", 8);
  signalled.store(0, 1);
  signalled.save(signalled.protect(1, 0, 2));
  assert.throws(
    () => signalled.process.copyToUser(signalled.base, 1),
    (error: unknown) => error instanceof GuestError && error.errno === "EFAULT",
  );
});

for (const technique of [uffdWp, uffdWpSigbus]) {
  test(`${technique.id}: absent pages are read once, then armed; their first write copies the page of zeros`, () => {
    const { store, protect, save, counts } = techniqueBench(technique, "xen-pv", "6.1", 64);
    const region = protect(1, 0, 10);
    store(0, 1, 2);
    assert.equal(
      counts("run", 0)[P.linux_fault_anonymous],
      3,
      "before the first checkpoint the program pays what it did",
    );
    save(region);
    const arm = counts("arm", 0);
    assert.equal(arm[P.linux_fault_zero_page], 7);
    assert.equal(arm[P.linux_uffd_pte], 10);
    store(5);
    const track = counts("track", 1);
    assert.equal(track[P.linux_fault_cow], 1);
    assert.equal(track[P.xen_ptwr], 1);
    assert.deepEqual(save(region), [[5]]);
    assert.equal(counts("arm", 1)[P.linux_fault_zero_page], 0);
  });

  test(`${technique.id}: a region that is taken out opens without an event`, () => {
    const { store, protect, unprotect, save, counts, process, base } = techniqueBench(technique, "native", "6.1", 64);
    const region = protect(1, 0, 10);
    const other = protect(2, 20, 4);
    for (let page = 0; page < 64; page++) store(page);
    save(region, other);
    store(3, 21);
    unprotect(region);
    const register = counts("register", 1);
    assert.equal(register[P.linux_uffd_writeprotect], 2, "before and after the page that is open");
    assert.equal(register[P.linux_uffd_pte_clear], 9);
    const before = counts("track", 1);
    store(4);
    const track = counts("track", 1);
    assert.equal(track[P.user_handler], before[P.user_handler]);
    assert.equal(track[P.linux_fault_reuse], before[P.linux_fault_reuse] + 1, "the entry is still read-only");
    assert.deepEqual(save(other), [[21]]);
    assert.equal(counts("collect", 1)[P.user_list_entry], 1, "page 3 is no longer in the list");
    assert.throws(
      () => process.userfaultWriteProtect(base, 1, true),
      (error: unknown) => error instanceof GuestError && error.errno === "ENOENT",
    );
    const again = protect(1, 0, 10);
    assert.deepEqual(save(again), [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
    assert.deepEqual(save(again, other), [[], []]);
  });
}
