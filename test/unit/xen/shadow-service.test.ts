import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createGuest } from "../../../src/linux/guest.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { PTE_PRESENT, PTE_WRITABLE } from "../../../src/machine/page-table.ts";
import { P, PRIMITIVE_COUNT } from "../../../src/machine/primitives.ts";
import { EVERY_WRITE } from "../../../src/xen/checkpoint-service.ts";
import { closeAsForkDoes } from "./after-fork.ts";

const TABLE = 512;

function hosted(kernel: "5.10" | "6.1" = "6.1") {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  const { process, xen, kernel: linux } = createGuest({ environment: "xen-shadow", kernel }, ledger);
  assert.ok(xen);
  let epoch = 0;
  return {
    process,
    linux,
    service: xen.checkpoint,
    channel: xen.channel,
    counts(action: () => void): Float64Array {
      const now = ++epoch;
      ledger.enter("track", now, -1, -1);
      action();
      return ledger.totals((row) => row.epoch === now);
    },
  };
}

test("arming is one exit and one flush, and the guest's own entries stay as they are", () => {
  const { process, service, linux, counts } = hosted();
  const first = process.mmap(1000, "rw");
  for (let i = 0; i < 1000; i++) process.store(first + i);
  service.register("trap", first, 1000);
  const guest = linux.table.flags.slice(first, first + 1000);
  const arm = counts(() => service.protect("trap", [{ first, pageCount: 1000 }]));
  assert.equal(arm[P.xen_cpu_vmexit], 1);
  assert.equal(arm[P.xen_vmcall], 1);
  assert.equal(arm[P.xen_flush_all], 1);
  assert.equal(arm[P.xen_service_page], 1000);
  assert.equal(arm[P.xen_mmu_update_write], 1000);
  assert.deepEqual(linux.table.flags.slice(first, first + 1000), guest);
});

test("a write to a protected page is one exit, and the guest's kernel never runs", () => {
  const { process, service, counts } = hosted();
  const first = process.mmap(8, "rw");
  for (let i = 0; i < 8; i++) process.store(first + i);
  service.register("trap", first, 8);
  service.protect("trap", [{ first, pageCount: 8 }]);
  const write = counts(() => {
    process.store(first + 3);
    process.store(first + 3);
  });
  assert.equal(write[P.xen_cpu_vmexit], 1);
  assert.equal(write[P.xen_hvm_page_fault], 1);
  assert.equal(write[P.xen_shadow_fault], 1);
  assert.equal(write[P.xen_service_fault], 1);
  assert.equal(write[P.xen_shadow_propagate], 1);
  for (const none of [P.xen_hvm_inject, P.linux_exception, P.linux_signal_deliver, P.xen_flush_all]) {
    assert.equal(write[none], 0);
  }
  assert.ok(service.isDirty(first + 3) && !service.isDirty(first + 4));
});

test("protection outlives the shadow: whoever makes an entry anew asks the service", () => {
  const { process, service, counts } = hosted();
  const first = process.mmap(TABLE, "rw");
  for (let i = 0; i < 4; i++) process.store(first + i);
  service.register("trap", first, 4);
  service.protect("trap", [{ first, pageCount: 4 }]);
  // The guest's own flush takes the shadows away, and its read brings them back.
  process.mprotect(first, 4, "r");
  process.mprotect(first, 4, "rw");
  process.load(first);
  assert.ok(!service.isDirty(first));
  const write = counts(() => process.store(first));
  assert.equal(write[P.xen_service_fault], 1);
  assert.ok(service.isDirty(first));
});

test("a page whose frame the guest exchanges is dirty, whoever wrote to it", () => {
  const { process, linux, service } = hosted();
  const first = process.mmap(TABLE, "rw");
  for (let i = 0; i < 4; i++) process.store(first + i);
  service.register("trap", first, 4);
  service.protect("trap", [{ first, pageCount: 4 }]);
  closeAsForkDoes(linux, first, 2);
  process.store(first + 1);
  assert.ok(!service.isDirty(first) && service.isDirty(first + 1), "copied on write");
  process.munmap(first + 2, 1);
  assert.ok(service.isDirty(first + 2) && !service.isDirty(first + 3), "unmapped");
});

test("gates: VMCALL of user mode, the guest's driver, and a page that CPUID has read", () => {
  for (const [gate, vmcalls, syscalls, cpuids] of [
    ["trap", 2, 0, 0],
    ["privcmd", 2, 2, 0],
    ["shared-page", 0, 0, 1],
  ] as const) {
    const { process, service, channel, counts } = hosted();
    const first = process.mmap(1, "rw");
    const arm = counts(() => {
      service.register(gate, first, 1);
      service.protect(gate, [{ first, pageCount: 1 }]);
      channel.complete();
      channel.complete();
    });
    assert.equal(arm[P.xen_vmcall], vmcalls);
    assert.equal(arm[P.cpu_syscall], syscalls);
    assert.equal(arm[P.xen_hvm_cpuid], cpuids);
    assert.equal(arm[P.xen_cpu_vmexit], vmcalls + cpuids);
    assert.equal(arm[P.xen_service_request], 2);
  }
});

test("a request that waits in the shared page takes effect at the next exit of whatever kind", () => {
  const { process, service } = hosted();
  const first = process.mmap(2, "rw");
  process.store(first);
  service.register("trap", first, 1);
  service.protect("shared-page", [{ first, pageCount: 1 }]);
  process.store(first);
  assert.ok(service.isDirty(first), "still open, and not asked about yet");
  process.store(first + 1);
  assert.ok(!service.isDirty(first), "a fault elsewhere had Xen read the page");
  process.store(first);
  assert.ok(service.isDirty(first));
});

test("emulated writes leave a page closed: each is an exit of its own", () => {
  const { process, service, counts } = hosted();
  const first = process.mmap(1, "rw");
  process.store(first);
  service.register("trap", first, 1);
  service.protect("trap", [{ first, pageCount: 1 }], EVERY_WRITE);
  const writes = counts(() => {
    process.store(first);
    process.store(first);
  });
  assert.equal(writes[P.xen_cpu_vmexit], 2);
  assert.equal(writes[P.xen_service_emulate], 2);
  assert.ok(service.isLogged(first) && !service.isDirty(first));
});

// A model: what each page holds, counted as versions; what the service must have marked since it protected the page.
test("whatever the guest does, the shadow permits no more than guest and Xen do, and no write goes unmarked", () => {
  const PAGES = 5 * TABLE;
  const step = fc.record({
    kind: fc.constantFrom(
      "store",
      "store",
      "load",
      "load",
      "mprotect",
      "mprotect",
      "protect",
      "unprotect",
      "share",
      "clearRefs",
      "remap",
    ),
    // Few pages in each of more tables than may be out of sync.
    first: fc.tuple(fc.nat(4), fc.nat(1)).map(([table, page]) => table * TABLE + page),
    count: fc.oneof(
      { arbitrary: fc.integer({ min: 1, max: 2 }), weight: 5 },
      { arbitrary: fc.integer({ min: 30, max: 1200 }), weight: 1 },
    ),
    rights: fc.constantFrom("r", "rw"),
  });
  fc.assert(
    fc.property(fc.constantFrom("5.10", "6.1"), fc.array(step, { minLength: 20, maxLength: 60 }), (kernel, steps) => {
      const { process, service, linux } = hosted(kernel);
      const first = process.mmap(PAGES, "rw");
      process.sigaction("SIGSEGV", (page) => process.mprotect(page, 1, "rw"));
      service.register("trap", first, PAGES);
      for (let table = 0; table < PAGES; table += TABLE) for (const page of [0, 1]) process.store(first + table + page);
      service.protect("trap", [{ first, pageCount: PAGES }]);
      const isProtected = new Uint8Array(PAGES).fill(1);
      const written = new Uint8Array(PAGES);
      for (const { kind, first: from, count, rights } of steps) {
        const pageCount = Math.min(count, PAGES - from);
        const end = from + pageCount;
        const range = [{ first: first + from, pageCount }];
        switch (kind) {
          case "store":
            process.store(first + from);
            if (isProtected[from]) written[from] = 1;
            isProtected[from] = 0;
            break;
          case "load":
            process.load(first + from);
            break;
          case "mprotect":
            process.mprotect(first + from, pageCount, rights);
            break;
          case "protect":
            service.protect("trap", range);
            isProtected.fill(1, from, end);
            written.fill(0, from, end);
            break;
          case "unprotect":
            service.unprotect("trap", range);
            isProtected.fill(0, from, end);
            break;
          case "share":
            closeAsForkDoes(linux, first + from, pageCount);
            break;
          case "clearRefs":
            process.clearRefs();
            break;
          case "remap":
            process.mprotect(first + from, pageCount, "none");
            process.mprotect(first + from, pageCount, "rw");
            break;
        }
        for (let i = 0; i < PAGES; i++) {
          const entry = linux.table.flags[first + i];
          const withheld = linux.table.withheld[first + i];
          if (isProtected[i] && !service.isDirty(first + i)) {
            assert.ok((withheld & 2) !== 0, `page ${i} is protected, and its shadow lets stores pass after ${kind}`);
          }
          if ((withheld & 1) === 0) assert.ok(entry & PTE_PRESENT, `page ${i} is absent and shadowed after ${kind}`);
          if ((withheld & 2) === 0) assert.ok(entry & PTE_WRITABLE, `page ${i} is read-only after ${kind}`);
          if (written[i])
            assert.ok(service.isDirty(first + i), `page ${i} was written and is not marked after ${kind}`);
        }
      }
    }),
    { numRuns: 80 },
  );
});
