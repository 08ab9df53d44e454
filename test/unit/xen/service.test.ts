import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createGuest } from "../../../src/linux/guest.ts";
import type { GuestProcess } from "../../../src/linux/guest-process.ts";
import type { GuestEnvironment } from "../../../src/linux/hosts.ts";
import type { KernelVersion } from "../../../src/linux/kernel-build.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { P, PRIMITIVE_COUNT } from "../../../src/machine/primitives.ts";
import { EVERY_WRITE, GATES } from "../../../src/xen/checkpoint-service.ts";

function hosted(kernel: KernelVersion = "6.1", environment: GuestEnvironment = "xen-pv") {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  const { process, xen } = createGuest({ environment, kernel }, ledger);
  assert.ok(xen);
  return { ledger, process, service: xen.checkpoint, channel: xen.channel };
}

test("a write to a protected page traps into Xen only: no bounce, no signal, no system call", () => {
  const { ledger, process, service } = hosted();
  const page = process.mmap(8, "rw");
  for (let i = 0; i < 8; i++) process.store(page + i);
  service.register("trap", page, 8);
  service.protect("trap", [{ first: page, pageCount: 8 }]);
  ledger.enter("track", 1, 0, 0);
  process.store(page + 3);
  process.store(page + 3);
  const counts = ledger.totals(({ phase }) => phase === "track");
  assert.equal(counts[P.xen_cpu_exception], 1);
  assert.equal(counts[P.xen_service_fault], 1);
  assert.equal(counts[P.xen_cpu_invlpg], 1);
  for (const none of [
    P.xen_inject,
    P.xen_bounce_frame,
    P.xen_hypercall,
    P.linux_exception,
    P.linux_signal_deliver,
    P.cpu_syscall,
  ]) {
    assert.equal(counts[none], 0);
  }
  assert.ok(service.isDirty(page + 3));
  assert.ok(!service.isDirty(page + 4));
});

test("arming is one entry and one flush, whatever the number of pages", () => {
  const { ledger, process, service } = hosted();
  const page = process.mmap(1000, "rw");
  for (let i = 0; i < 1000; i++) process.store(page + i);
  service.register("trap", page, 1000);
  ledger.enter("arm", 1, 0, 0);
  service.protect("trap", [
    { first: page, pageCount: 400 },
    { first: page + 500, pageCount: 500 },
  ]);
  const counts = ledger.totals(({ phase }) => phase === "arm");
  assert.equal(counts[P.xen_cpu_gate], 1);
  assert.equal(counts[P.xen_hypercall], 0);
  assert.equal(counts[P.xen_flush_all], 1);
  assert.equal(counts[P.xen_service_page], 900);
});

test("gates: privcmd goes through the guest's kernel, trap and shared page do not", () => {
  for (const [gate, gates, syscalls, hypercalls, cpuids] of [
    ["trap", 2, 0, 0, 0],
    ["privcmd", 0, 2, 4, 0],
    ["shared-page", 0, 0, 0, 1],
  ] as const) {
    const { ledger, process, service, channel } = hosted();
    const page = process.mmap(1, "rw");
    ledger.enter("arm", 1, 0, 0);
    service.register(gate, page, 1);
    service.protect(gate, [{ first: page, pageCount: 1 }]);
    channel.complete();
    channel.complete();
    const counts = ledger.totals(({ phase }) => phase === "arm");
    assert.equal(counts[P.xen_cpu_gate], gates);
    assert.equal(counts[P.cpu_syscall], syscalls);
    assert.equal(counts[P.xen_hypercall], hypercalls);
    assert.equal(counts[P.xen_forced_cpuid], cpuids);
    assert.equal(counts[P.xen_service_request], 2);
  }
});

test("a request in the shared page takes effect when Xen is entered next, and is charged where it was made", () => {
  for (const enter of [
    (process: GuestProcess) => process.nullSystemCall(),
    (process: GuestProcess, page: number) => process.store(page + 3),
    (process: GuestProcess, page: number) => process.mprotect(page, 2, "r"),
  ]) {
    const { ledger, process, service, channel } = hosted();
    const page = process.mmap(4, "rw");
    for (let i = 0; i < 3; i++) process.store(page + i);
    ledger.enter("register", 0, 7, 1);
    service.register("shared-page", page, 2);
    ledger.enter("arm", 0, 8, 1);
    service.protect("shared-page", [{ first: page, pageCount: 2 }]);
    const before = ledger.totals();
    process.store(page);
    assert.ok(!process.isWriteProtected(page), "the page is still open");
    assert.deepEqual(ledger.totals(), before, "nothing was noticed");
    ledger.enter("run", 0, 9, 1);
    enter(process, page);
    assert.ok(process.isWriteProtected(page) && !service.isDirty(page));
    const served = (name: string) => ledger.totals(({ phase }) => phase === name)[P.xen_service_request];
    assert.deepEqual([served("register"), served("arm"), served("run")], [1, 1, 0]);
    channel.complete();
    assert.equal(ledger.totals()[P.xen_forced_cpuid], 0, "nothing was left to complete");
  }
});

test("a page given back through the shared page is opened by the store that finds it closed", () => {
  const { ledger, process, service, channel } = hosted();
  const page = process.mmap(1, "rw");
  process.store(page);
  service.register("trap", page, 1);
  service.protect("trap", [{ first: page, pageCount: 1 }]);
  service.unregister("shared-page", page, 1);
  assert.ok(process.isWriteProtected(page));
  const before = ledger.totals();
  process.store(page);
  const counts = ledger.totals().map((count, i) => count - before[i]);
  assert.equal(counts[P.xen_cpu_exception], 1);
  assert.equal(counts[P.linux_exception], 0, "the guest's kernel sees nothing of it");
  assert.equal(counts[P.xen_service_fault], 0);
  process.store(page);
  channel.complete();
  assert.equal(ledger.totals()[P.xen_cpu_exception] - before[P.xen_cpu_exception], 1);
});

test("the kernel's own writes to user pages open them too, without the guest's kernel knowing", () => {
  const { ledger, process, service } = hosted();
  const page = process.mmap(1, "rw");
  process.store(page);
  service.register("trap", page, 1);
  service.protect("trap", [{ first: page, pageCount: 1 }]);
  ledger.enter("track", 1, 0, 0);
  process.copyToUser(page, 1);
  assert.ok(service.isDirty(page));
  const counts = ledger.totals(({ phase }) => phase === "track");
  assert.equal(counts[P.xen_service_fault], 1);
  assert.equal(counts[P.xen_inject], 0);
});

test("a write that Xen emulates leaves the page closed, and every further one traps too", () => {
  const { ledger, process, service } = hosted();
  const page = process.mmap(2, "rw");
  process.store(page);
  service.register("trap", page, 2);
  service.protect("trap", [{ first: page, pageCount: 2 }], EVERY_WRITE);
  ledger.enter("track", 1, 0, 0);
  process.store(page, 4);
  process.store(page, 300, 40);
  process.copyToUser(page, 1);
  let counts = ledger.totals(({ phase }) => phase === "track");
  for (const each of [P.xen_cpu_exception, P.xen_service_lookup, P.xen_service_emulate, P.xen_cpu_iretq])
    assert.equal(counts[each], 42);
  assert.equal(counts[P.xen_memcpy_byte], 4 + 300 + 4096);
  for (const none of [P.xen_service_fault, P.xen_cpu_invlpg, P.xen_inject, P.linux_exception])
    assert.equal(counts[none], 0);
  assert.ok(service.isLogged(page) && !service.isDirty(page));
  // A page that is not there is the guest's fault; what it then maps is new as a whole.
  ledger.enter("track", 2, 0, 0);
  process.store(page + 1);
  counts = ledger.totals(({ epoch }) => epoch === 2);
  assert.equal(counts[P.linux_fault_anonymous], 1);
  assert.equal(counts[P.xen_service_emulate], 0);
  assert.ok(service.isDirty(page + 1) && !service.isLogged(page + 1));
  service.clearLog(page);
  assert.ok(!service.isLogged(page));
  process.store(page);
  assert.ok(service.isLogged(page));
});

test("after so many emulated writes a page opens, until its log is cleared and it is protected again", () => {
  const { ledger, process, service } = hosted();
  const page = process.mmap(1, "rw");
  process.store(page);
  service.register("trap", page, 1);
  const protect = () => service.protect("trap", [{ first: page, pageCount: 1 }], 3);
  const emulated = (epoch: number, write: () => void) => {
    ledger.enter("track", epoch, 0, 0);
    write();
    const counts = ledger.totals((row) => row.phase === "track" && row.epoch === epoch);
    return [counts[P.xen_service_emulate], counts[P.xen_service_fault], counts[P.xen_memcpy_byte]];
  };
  protect();
  assert.deepEqual(
    emulated(1, () => process.store(page, 16, 2)),
    [2, 0, 16],
  );
  assert.ok(!service.isDirty(page));
  assert.deepEqual(
    emulated(2, () => process.store(page, 40, 10)),
    [1, 1, 4],
    "the third, the one that opens the page, and eight that meet it open",
  );
  assert.ok(service.isDirty(page) && service.isLogged(page));
  protect();
  assert.deepEqual(
    emulated(3, () => process.store(page)),
    [0, 1, 0],
    "the count is the log's",
  );
  service.clearLog(page);
  protect();
  assert.deepEqual(
    emulated(4, () => process.store(page)),
    [1, 0, 8],
  );
});

for (const environment of ["xen-pv", "xen-hap"] as const) {
  test(`${environment}: no write to a protected page is missed, whatever the guest's kernel does to its rights`, () =>
    neverMissesAWrite(environment));
}

function neverMissesAWrite(environment: GuestEnvironment): void {
  const PAGES = 12;
  const step = fc.record({
    kind: fc.constantFrom("store", "load", "copyToUser", "mprotect", "protect", "protect", "unprotect"),
    first: fc.nat(PAGES - 1),
    count: fc.integer({ min: 1, max: PAGES }),
    protection: fc.constantFrom("r", "rw"),
    emulatedWrites: fc.constantFrom(0, 0, 2, EVERY_WRITE),
  });
  fc.assert(
    fc.property(fc.constantFrom("5.10", "6.1"), fc.constantFrom(...GATES), fc.array(step), (kernel, gate, steps) => {
      const { process, service, channel } = hosted(kernel, environment);
      const base = process.mmap(PAGES, "rw");
      process.sigaction("SIGSEGV", (page) => process.mprotect(page, 1, "rw"));
      if (service.tracksFrames === true) for (let i = 0; i < PAGES; i++) process.store(base + i);
      service.register(gate, base, PAGES);
      if (service.tracksFrames === true) channel.complete();
      const armed = new Set<number>();
      const written = new Set<number>();
      for (const { kind, first, count, protection, emulatedWrites } of steps) {
        const pages = Math.min(count, PAGES - first);
        const range = [{ first: base + first, pageCount: pages }];
        if (kind === "store" || kind === "copyToUser") {
          if (kind === "store") process.store(base + first);
          else {
            process.mprotect(base + first, 1, "rw");
            process.copyToUser(base + first, 1);
          }
          written.add(first);
        } else if (kind === "load") process.load(base + first);
        else if (kind === "mprotect") process.mprotect(base + first, pages, protection);
        else
          for (let page = first; page < first + pages; page++) {
            if (kind === "protect") armed.add(page);
            else armed.delete(page);
            written.delete(page);
            service.clearLog(base + page);
          }
        if (kind === "protect") service.protect(gate, range, emulatedWrites);
        if (kind === "unprotect") service.unprotect(gate, range);
        if (kind === "protect") channel.complete();
        for (const page of armed)
          if (written.has(page))
            assert.ok(service.isDirty(base + page) || service.isLogged(base + page), `page ${page} after ${kind}`);
      }
    }),
    { numRuns: 300 },
  );
}
