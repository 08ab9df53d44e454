import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createGuest } from "../../../src/linux/guest.ts";
import { GuestError } from "../../../src/linux/guest-process.ts";
import { GUEST_ENVIRONMENTS } from "../../../src/linux/hosts.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { P, PRIMITIVE_COUNT } from "../../../src/machine/primitives.ts";
import { REFILLS_AFTER_FLUSH } from "../../../src/xen/hap/hypervisor.ts";

const environments = GUEST_ENVIRONMENTS;
const kernels = ["5.10", "6.1"] as const;

function guestOf(environment: (typeof environments)[number], kernel: (typeof kernels)[number]) {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  return { ledger, ...createGuest({ environment, kernel }, ledger) };
}

test("watched bits say which stores need the machine, whatever happens to the pages", () => {
  const PAGES = 40;
  const step = fc.record({
    kind: fc.constantFrom("store", "load", "mprotect", "protect", "unprotect", "clearRefs", "munmap"),
    first: fc.nat(PAGES - 1),
    count: fc.integer({ min: 1, max: 8 }),
    protection: fc.constantFrom("none", "r", "rw"),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...environments),
      fc.constantFrom(...kernels),
      fc.array(step),
      (environment, kernel, steps) => {
        const { process, xen, kernel: linux } = guestOf(environment, kernel);
        const base = process.mmap(PAGES, "rw");
        process.sigaction("SIGSEGV", (page) => process.mprotect(page, 1, "rw"));
        if (xen?.checkpoint.tracksFrames === true) for (let i = 0; i < PAGES; i++) process.store(base + i);
        xen?.checkpoint.register("trap", base, PAGES);
        const table = new Uint8Array(PAGES + 5).fill(0xf0);
        process.watchStores(base, table, 4);
        const unmapped = new Set<number>();
        for (const { kind, first, count, protection } of steps) {
          const pages = Math.min(count, PAGES - first);
          const gone = [...Array(pages).keys()].some((i) => unmapped.has(first + i));
          const range = [{ first: base + first, pageCount: pages }];
          if (kind === "protect") xen?.checkpoint.protect("trap", range);
          else if (kind === "unprotect") xen?.checkpoint.unprotect("trap", range);
          else if (kind === "clearRefs") linux.memory.clearRefs();
          else if (gone) continue;
          else if (kind === "store") process.store(base + first);
          else if (kind === "load") process.load(base + first);
          else if (kind === "mprotect") process.mprotect(base + first, pages, protection);
          else {
            process.munmap(base + first, pages);
            for (let i = 0; i < pages; i++) unmapped.add(first + i);
          }
          for (let i = 0; i < PAGES; i++) {
            const free = linux.table.completesStore(base + i);
            assert.equal(table[i] & 4, free ? 0 : 4, `page ${i} after ${kind}`);
            assert.equal(table[i] & 0xf0, 0xf0);
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("5.10 faults once more after mprotect, 6.1 does not", () => {
  for (const [kernel, faults] of [
    ["5.10", 2],
    ["6.1", 1],
  ] as const) {
    const { ledger, process } = guestOf("xen-pv", kernel);
    const page = process.mmap(1, "rw");
    process.store(page);
    process.sigaction("SIGSEGV", (fault) => process.mprotect(fault, 1, "rw"));
    process.mprotect(page, 1, "r");
    ledger.enter("track", 1, 0, 0);
    process.store(page);
    const counts = ledger.totals(({ phase }) => phase === "track");
    assert.equal(counts[P.xen_inject], faults);
    assert.equal(counts[P.linux_signal_deliver], 1);
  }
});

test("up to 33 pages are flushed one by one, more at once", () => {
  for (const environment of environments) {
    for (const [pages, single, whole] of [
      [1, 1, 0],
      [33, 33, 0],
      [34, 0, 1],
    ]) {
      const { ledger, process } = guestOf(environment, "6.1");
      const first = process.mmap(64, "rw");
      for (let i = 0; i < 64; i++) process.store(first + i);
      ledger.enter("arm", 1, 0, 0);
      process.mprotect(first, pages, "r");
      const counts = ledger.totals(({ phase }) => phase === "arm");
      const bare = { page: P.cpu_invlpg, all: P.cpu_cr3_write };
      const by = {
        native: bare,
        "xen-pv": { page: P.xen_cpu_invlpg, all: P.xen_flush_all },
        "xen-shadow": { page: P.xen_shadow_invlpg, all: P.xen_shadow_cr3 },
        "xen-hap": bare,
      }[environment];
      assert.equal(counts[by.page], single);
      assert.equal(counts[by.all], whole);
      // The flush alone refills the TLB through two tables.
      assert.equal(counts[P.cpu_nested_walk], environment === "xen-hap" ? single + REFILLS_AFTER_FLUSH * whole : 0);
    }
  }
});

test("errors name the call and the errno", () => {
  const { process } = guestOf("native", "6.1");
  const page = process.mmap(4, "rw");
  process.mprotect(page, 1, "r");
  const errno = (expected: string) => (error: unknown) => error instanceof GuestError && error.errno === expected;
  assert.throws(() => process.store(page), errno("SIGSEGV"));
  assert.throws(() => process.copyToUser(page, 1), errno("EFAULT"));
  process.munmap(page + 2, 1);
  assert.throws(() => process.mprotect(page, 4, "r"), errno("ENOMEM"));
  process.sigaction("SIGSEGV", () => {});
  assert.throws(() => process.store(page), errno("SIGSEGV"));
});

test("a mapping grows in place and keeps what is on its pages", () => {
  const { process, kernel } = guestOf("xen-pv", "6.1");
  const first = process.mmap(2, "rw");
  process.store(first + 1);
  process.extend(first, 10);
  for (let i = 0; i < 10; i++) process.store(first + i);
  assert.equal(kernel.memory.vmas.flagsOf(first), kernel.memory.vmas.flagsOf(first + 9));
  assert.throws(() => process.extend(first, 2 ** 20 + 1), /ENOMEM/);
});
