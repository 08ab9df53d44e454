import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createGuest } from "../../../src/linux/guest.ts";
import { GUEST_ENVIRONMENTS } from "../../../src/linux/hosts.ts";
import { Ledger } from "../../../src/machine/ledger.ts";
import { PRIMITIVE_COUNT, PRIMITIVES } from "../../../src/machine/primitives.ts";
import { GATES, type Gate } from "../../../src/xen/checkpoint-service.ts";

/** More than two page-table pages. */
const PAGES = 1300;

const step = fc.record({
  kind: fc.constantFrom("store", "load", "mprotect", "clearRefs", "pagemap", "arm", "open", "scan", "logDirty"),
  first: fc.nat(PAGES - 1),
  count: fc.integer({ min: 1, max: PAGES }),
  protection: fc.constantFrom("none", "r", "rw"),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** What Xen has been asked for before the steps. */
const USES = ["nothing", "protection", "scans", "log-dirty mode"] as const;

test("walks that take entries that are alike together count what walks over single ones do", () => {
  const property = fc.property(
    fc.constantFrom(...GUEST_ENVIRONMENTS),
    fc.constantFrom("5.10", "6.1"),
    fc.constantFrom(...USES),
    fc.constantFrom(...GATES),
    fc.array(step, { maxLength: 25 }),
    (environment, kernel, use, gate, steps) => {
      const together = taken({ environment, kernel }, use, gate, steps, false);
      const single = taken({ environment, kernel }, use, gate, steps, true);
      const difference = Ledger.difference(single.ledger, together.ledger, (number) => PRIMITIVES[number].name);
      assert.equal(difference, undefined);
      assert.deepEqual(together.seen, single.seen);
      const { table } = together.guest.kernel;
      assert.deepEqual(table.flags, single.guest.kernel.table.flags);
      assert.deepEqual(table.withheld, single.guest.kernel.table.withheld);
      assert.deepEqual(together.batches, single.batches);
    },
  );
  fc.assert(property, { numRuns: 200 });
});

function taken(
  options: Parameters<typeof createGuest>[0],
  use: (typeof USES)[number],
  gate: Gate,
  steps: readonly Step[],
  isSingle: boolean,
) {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  const guest = createGuest(options, ledger);
  const { process, xen, kernel } = guest;
  const batches = guest.hypervisor?.countBatches();
  if (isSingle) {
    kernel.table.alikeUntil = (page) => page + 1;
    kernel.table.alikeWithUntil = (_, page) => page + 1;
  }
  const base = process.mmap(PAGES, "rw");
  process.sigaction("SIGSEGV", (page) => process.mprotect(page, 1, "rw"));
  process.sigaction("SIGBUS", (page) => process.userfaultWriteProtect(page, 1, false));
  process.userfaultRegister(base, PAGES);
  for (let page = 0; page < PAGES; page += 1 + (page % 3)) process.store(base + page);
  if (use !== "nothing" && xen?.checkpoint.tracksFrames === true)
    for (let page = 0; page < PAGES; page++) process.store(base + page);
  const seen: number[][] = [];
  if (use === "protection") xen?.checkpoint.register(gate, base + 100, 700);
  if (use === "scans") xen?.dirtyBits?.register(gate, base + 100, 700);
  if (use === "log-dirty mode") xen?.logDirty?.enable();
  for (const { kind, first, count, protection } of steps) {
    const pages = Math.min(count, PAGES - first);
    const all = [{ first: base + 100, pageCount: 700 }];
    if (kind === "store") for (let i = 0; i < pages; i += 7) process.store(base + first + i);
    else if (kind === "load") process.load(base + first);
    else if (kind === "mprotect") process.mprotect(base + first, pages, protection);
    else if (kind === "clearRefs") process.clearRefs();
    else if (kind === "pagemap") seen.push([...kernel.memory.readPagemap(base + first, pages)]);
    else if (kind === "arm" || kind === "open") process.userfaultWriteProtect(base + first, pages, kind === "arm");
    else if (kind === "scan" && use === "protection") {
      if (xen !== undefined) seen.push([...xen.checkpoint.dirtyPages(all)]);
      xen?.checkpoint.protect(gate, all);
    } else if (kind === "scan" && use === "scans") {
      xen?.dirtyBits?.scan(gate, all);
      if (xen?.dirtyBits !== undefined) seen.push([...xen.dirtyBits.dirtyPages(all)]);
    } else if (kind === "logDirty" && use === "log-dirty mode" && xen?.logDirty !== undefined) {
      seen.push([xen.logDirty.read()]);
      xen.logDirty.clear();
    }
  }
  return { ledger, guest, batches, seen };
}
