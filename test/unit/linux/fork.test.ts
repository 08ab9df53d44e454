import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { exit, fork } from "../../../src/linux/fork.ts";
import { createGuest } from "../../../src/linux/guest.ts";
import { GuestError } from "../../../src/linux/guest-process.ts";
import { BOTTOM_PAGES, pageTablePages } from "../../../src/linux/page-table-pages.ts";
import { VMA_FILE, VMA_MAPPED, VMA_READ, VMA_WRITE } from "../../../src/linux/vma-map.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { PageTable, PTE_PRESENT, PTE_SHARED, PTE_WRITABLE, PTE_ZERO_PAGE } from "../../../src/machine/page-table.ts";
import { P, PRIMITIVE_COUNT } from "../../../src/machine/primitives.ts";
import { simulateCase } from "../../../src/run/simulated-case.ts";

const environments = ["native", "xen-pv"] as const;
const kernels = ["5.10", "6.1"] as const;
const OWN = VMA_MAPPED | VMA_READ | VMA_WRITE;

function guestOf(environment: (typeof environments)[number], kernel: (typeof kernels)[number] = "6.1") {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  const { kernel: parent } = createGuest({ environment, kernel }, ledger);
  const before = ledger.totals().slice();
  return { parent, charged: (primitive: number) => ledger.totals()[primitive] - before[primitive] };
}

for (const environment of environments) {
  test(`${environment}: parent and child map the same pages, and neither may write to them`, () => {
    const { parent } = guestOf(environment);
    parent.memory.map(1000, 40, OWN);
    for (let page = 1000; page < 1020; page++) parent.store(page);
    for (let page = 1020; page < 1030; page++) parent.load(page);
    const child = fork(parent);
    for (let page = 1000; page < 1040; page++) {
      const entry = parent.table.flags[page];
      assert.equal(child.table.flags[page], entry, `page ${page}`);
      assert.equal(entry & PTE_WRITABLE, 0);
      assert.equal((entry & PTE_PRESENT) !== 0, page < 1030);
      assert.equal((entry & PTE_SHARED) !== 0, page < 1020, "the page of zeros is everybody's");
      assert.equal((entry & PTE_ZERO_PAGE) !== 0, page >= 1020 && page < 1030);
    }
    assert.equal(child.memory.vmas.count, parent.memory.vmas.count);
  });

  test(`${environment}: the first that writes gets a copy, the other has the page alone`, () => {
    const { parent, charged } = guestOf(environment);
    parent.memory.map(1000, 4, OWN);
    for (let page = 1000; page < 1004; page++) parent.store(page);
    const child = fork(parent);
    parent.store(1000);
    child.store(1001);
    assert.equal(charged(P.linux_copy_page), 2);
    child.store(1000);
    parent.store(1001);
    assert.equal(charged(P.linux_copy_page), 2);
    assert.equal(charged(P.linux_fault_reuse), 2);
  });

  test(`${environment}: after the child's exit, and after munmap in either, the other's writes copy nothing`, () => {
    const { parent, charged } = guestOf(environment);
    parent.memory.map(1000, 6, OWN);
    for (let page = 1000; page < 1006; page++) parent.store(page);
    const child = fork(parent);
    child.memory.unmap(1000, 1);
    parent.memory.unmap(1001, 1);
    parent.store(1000);
    child.store(1001);
    exit(child);
    assert.equal(pageTablePages(child.table).entries, 0);
    for (let page = 1002; page < 1006; page++) parent.store(page);
    assert.equal(charged(P.linux_copy_page), 0);
    for (const page of [1000, 1002, 1005]) assert.equal(parent.table.flags[page] & PTE_SHARED, 0);
  });

  test(`${environment}: a file's pages are not copied; the child's first read maps those around it`, () => {
    const { parent, charged } = guestOf(environment);
    parent.memory.map(1000, 40, VMA_MAPPED | VMA_READ | VMA_FILE);
    parent.load(1003);
    assert.equal(charged(P.linux_fault_file_pte), 8, "from the VMA's start to the next border of 16");
    const child = fork(parent);
    assert.equal(charged(P.linux_fork_pte), 0);
    for (const page of [1003, 1007, 1010, 1020]) child.load(page);
    assert.equal(charged(P.linux_fault_file), 3);
    assert.equal(charged(P.linux_fault_file_pte), 8 + 8 + 16);
    assert.throws(() => child.store(1010), GuestError);
  });

  test(`${environment}: one child at a time, whose handlers are its parent's`, () => {
    const { parent } = guestOf(environment);
    parent.memory.map(1000, 1, VMA_MAPPED | VMA_READ);
    const faults: number[] = [];
    parent.setHandler("SIGSEGV", (page) => faults.push(page));
    const child = fork(parent);
    assert.throws(() => fork(parent), /fork: EAGAIN/);
    assert.throws(() => fork(child), /fork: EAGAIN/);
    assert.throws(() => child.store(1000), /left page 1000 closed/);
    assert.ok(faults.length > 0);
    exit(child);
    exit(fork(parent));
  });
}

test("an HVM guest has no second process", () => {
  for (const environment of ["xen-hap", "xen-shadow"] as const) {
    const { kernel } = createGuest({ environment, kernel: "6.1" }, new Ledger(PRIMITIVE_COUNT));
    assert.throws(() => fork(kernel), /fork: ENOSYS/);
  }
});

test("page-table pages are counted by the addresses that their borders are at", () => {
  const table = new PageTable();
  assert.deepEqual(pageTablePages(table), { pte: 0, pmd: 0, pud: 0, entries: 0 });
  for (const page of [0, 511, 512, BOTTOM_PAGES - 1]) table.set(page, PTE_PRESENT);
  assert.deepEqual(pageTablePages(table), { pte: 3, pmd: 1, pud: 1, entries: 4 });
  table.set(BOTTOM_PAGES, PTE_PRESENT);
  assert.deepEqual(pageTablePages(table), { pte: 4, pmd: 2, pud: 2, entries: 5 });
  table.set(BOTTOM_PAGES + (1 << 18) - 1, PTE_PRESENT);
  table.set(BOTTOM_PAGES + (1 << 18), PTE_PRESENT);
  assert.deepEqual(pageTablePages(table), { pte: 6, pmd: 3, pud: 2, entries: 7 });
});

test("whoever stores and unmaps when, a page is shared on both sides or on neither", () => {
  const PAGES = 8;
  const step = fc.record({
    isChild: fc.boolean(),
    kind: fc.constantFrom("store", "load", "munmap", "protect"),
    page: fc.nat(PAGES - 1),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...environments),
      fc.constantFrom(...kernels),
      fc.array(step),
      (environment, kernel, steps) => {
        const { parent } = guestOf(environment, kernel);
        parent.memory.map(1000, PAGES, OWN);
        for (let page = 1000; page < 1000 + PAGES; page++) parent.store(page);
        const child = fork(parent);
        for (const { isChild, kind, page } of steps) {
          const process = isChild ? child : parent;
          const flags = process.memory.vmas.flagsOf(1000 + page);
          if (flags === 0) continue;
          if (kind === "munmap") process.memory.unmap(1000 + page, 1);
          else if (kind === "protect")
            process.memory.protect(1000 + page, 1, (flags ^ VMA_WRITE) & (VMA_READ | VMA_WRITE));
          else if (kind === "load") process.load(1000 + page);
          else if (flags & VMA_WRITE) process.store(1000 + page);
          for (let other = 1000; other < 1000 + PAGES; other++) {
            const [own, childs] = [parent, child].map(({ table }) => table.flags[other] & PTE_SHARED);
            assert.equal(own, childs, `page ${other}`);
            if (own) assert.equal((parent.table.flags[other] | child.table.flags[other]) & PTE_WRITABLE, 0);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

const SIZES = [1, 16, 512, 513, 5000] as const;

test("the measured fork at sizes that were not measured: counts follow from pages and page-table borders", () => {
  for (const environment of environments) {
    const runs = SIZES.map((n) => simulateCase("6.1-default", environment, "fork_exit_wait", n).counts);
    for (const [index, n] of SIZES.entries()) {
      const counts = runs[index];
      assert.equal(counts[P.linux_fork_pte], 49 + n);
      assert.equal(counts[P.linux_exit_pte], 49 + n + 32);
      // The region ends 23 pages below a border of 512: the last one is vvar's and vdso's, and 16 stay free.
      const tables = 1 + Math.ceil(Math.max(0, n - (512 - 23)) / 512);
      assert.equal(counts[P.linux_fork_table], 3 + 5 + tables, `n=${n}`);
      assert.equal(counts[P.linux_exception], 9);
      if (environment === "native") continue;
      assert.equal(counts[P.xen_ptwr], 3 + n + 5, `n=${n}`);
      assert.equal(counts[P.xen_mmu_update_unpinned], 49 + n);
      assert.equal(counts[P.xen_update_va_mapping], 2 * (3 + 5 + tables + 2));
      assert.equal(counts[P.xen_cpu_cr3_read], 1 + 4 + 1 + 2 * (3 + tables), "a flush for each that changes its type");
    }
  }
});

test("hypercalls that pin and unpin are collected by 32; one that is left over is made directly", () => {
  // With t page-table pages of the last level there are 2 t + 9 to pin, and 2 t + 8 to unpin.
  const counts = (tables: number) =>
    simulateCase("5.10-lean", "xen-pv", "fork_exit_wait", (tables - 4) * 512 + 1).counts;
  for (const [tables, calls, entries, direct] of [
    [4, 2, 17 + 16, 0],
    [11, 2, 31 + 30, 0],
    [12, 2, 32 + 32, 1],
    [13, 4, 35 + 34, 0],
  ] as const) {
    const of = counts(tables);
    assert.equal(of[P.linux_fork_table], tables + 5);
    assert.deepEqual([of[P.xen_multicall], of[P.xen_multicall_entry]], [calls, entries], `${tables} tables`);
    assert.equal(of[P.xen_mmuext_op], 9 + direct);
  }
});
