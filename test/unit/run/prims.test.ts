import assert from "node:assert/strict";
import { test } from "node:test";
import { P } from "../../../src/machine/primitives.ts";
import { CODE, whyNotSimulated } from "../../../src/run/prims-code.ts";
import { simulateCase } from "../../../src/run/simulated-case.ts";
import { validateCases } from "../../../src/run/validate.ts";

const SIZES = [1, 2, 31, 32, 33, 100, 512, 513, 4096, 5000, 8192] as const;

function native(primitive: string, n: number): Float64Array {
  return simulateCase("6.1-default", "native", primitive, n).counts;
}

/** Pages that the measured program's loop stores to: `R[i * (4096 / N) * PG]`, with C's division. */
function pagesStoredTo(n: number): number {
  return new Set(Array.from({ length: n }, (_, i) => i * Math.trunc(4096 / n))).size;
}

test("a cycle copies the pages that its stores made dirty, each once, however many stores there are", () => {
  const code = (n: number) => native("ckpt_cycle_4096", n)[P.program_instruction];
  const [none] = SIZES.map((n) => code(n) - n * CODE.countedStore - pagesStoredTo(n) * (CODE.copy + CODE.handler + 1));
  for (const n of SIZES) {
    const pages = pagesStoredTo(n);
    const counts = native("ckpt_cycle_4096", n);
    assert.equal(counts[P.linux_fault_bad_access], pages, `n=${n}`);
    assert.equal(code(n), none + n * CODE.countedStore + pages * (CODE.copy + CODE.handler + 1), `n=${n}`);
  }
});

test("a soft-dirty cycle copies what pagemap calls dirty", () => {
  const faultsBesides = 10; // nine pages of the array of entries, and the stack
  for (const n of SIZES) {
    // The set-up's last store made the first page dirty and writable; the buffer's pages fault as they are copied to.
    const pages = pagesStoredTo(n);
    assert.equal(native("softdirty_cycle_4096", n)[P.linux_exception], pages - 1 + pages + faultsBesides, `n=${n}`);
  }
  const code = (n: number) => native("softdirty_cycle_4096", n)[P.program_instruction];
  assert.equal(code(8192) - code(1), 8191 * CODE.countedStore);
});

test("pagemap's entries go to as many pages as the program's array has of them", () => {
  const pages = [1, 396, 397, 512, 908, 909, 4096, 8192].map(
    (n) => native("softdirty_read_pagemap", n)[P.linux_copy_to_user],
  );
  assert.deepEqual(pages, [1, 1, 2, 2, 2, 3, 9, 17]);
});

test("a case of which the number of pages does not depend on n is the same at every n", () => {
  for (const primitive of ["mprotect_pair_1page", "prot_fault_segv_mprotect_strided2", "uffd_wp_fault_thread"]) {
    assert.deepEqual(native(primitive, 5000), native(primitive, 1), primitive);
  }
});

test("a thread that reads userfaultfd: each fault switches to it and back, and no signal is sent", () => {
  for (const environment of ["native", "xen-pv"] as const) {
    const { counts } = simulateCase("6.1-default", environment, "uffd_wp_fault_thread", 1);
    assert.equal(counts[P.linux_uffd_event], 256);
    assert.equal(counts[P.linux_uffd_writeprotect], 256);
    assert.equal(counts[P.linux_switch], 2 * 256);
    assert.equal(counts[P.linux_signal_send], 0);
    assert.equal(counts[P.cpu_syscall], 2 * 256, "its read and its ioctl");
    assert.equal(counts[P.program_instruction] - 256 * (CODE.store + 1 + CODE.userfaultThread), 8);
  }
});

test("what the measured program cannot do is not simulated, and said", () => {
  assert.equal(whyNotSimulated("copy_only", 4096), undefined);
  assert.match(whyNotSimulated("copy_only", 4097) ?? "", /buffer of 4096 pages/);
  assert.equal(whyNotSimulated("softdirty_read_pagemap", 8192), undefined);
  assert.match(whyNotSimulated("softdirty_read_pagemap", 8193) ?? "", /array of 8192 entries/);
  assert.match(whyNotSimulated("mprotect_rw_to_ro", 1e9) ?? "", /262144 pages of memory/);
  assert.match(whyNotSimulated("getpid", 2 ** 31) ?? "", /int/);
  const cases = [{ primitive: "mprotect_rw_to_ro", n: 1e12 }];
  assert.equal(validateCases({ variants: { k61_default: { cases } } }).skipped.length, 1);
});
