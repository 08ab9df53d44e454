/**
 * uffd-wp: userfaultfd's write protection, in two techniques that differ in who is told of a fault.
 *
 * 1. Declaring a region registers its pages with a userfaultfd (UFFDIO_REGISTER, mode WP): their mapping is split off.
 * 2. Arming takes one UFFDIO_WRITEPROTECT for each run of pages: Linux sets a bit of its own in each present entry, makes
 *    it read-only, and flushes. An absent page has no entry to hold the bit (the kernels here are older than
 *    UFFD_FEATURE_WP_UNPOPULATED), so the library reads each page once before it arms it for the first time, as QEMU does
 *    before a background snapshot: what nobody has written then maps the page of zeros, and is copied at its first write.
 * 3. The first write to a page faults.
 *    `uffd-wp`: the kernel queues an event and the faulting thread waits. The handler's thread, waiting in read(), is
 *    switched to, takes the event, notes the page, opens it with another UFFDIO_WRITEPROTECT, which wakes the first thread,
 *    and waits again; the kernel looks at the same fault once more and makes the entry writable. Two context switches and
 *    two system calls, read and ioctl.
 *    `uffd-wp-sigbus` (UFFD_FEATURE_SIGBUS): no thread, the fault comes as a signal, whose handler does the same and
 *    returns through sigreturn; the write is tried again and faults once more, because the entry was left read-only.
 * 4. Collecting is reading the handler's list.
 *
 * Against mprotect nothing changes a VMA: pages open one by one without splits and merges. userfaultfd is by Andrea
 * Arcangeli (Linux 4.3, 2015), its write protection by Peter Xu, on Shaohua Li's and Arcangeli's work (5.7, 2020), SIGBUS by
 * Prakash Sangappa (4.14). QEMU's background snapshots use the thread. It wins where the handler must not run on the
 * faulting thread's stack, where a page is to be copied before it is written to, and where written pages lie scattered
 * over a large region, whose VMAs mprotect would tear up. Under Xen PV a switch between threads takes two to four
 * hypercalls, and an event two switches.
 */
import { P } from "../../machine/primitives.ts";
import { PageFlags } from "../page-flags.ts";
import { subtractRanges } from "../pages.ts";
import type { Technique, TechniqueDefinition, TechniqueMachine } from "../technique.ts";

export const uffdWp = definition(
  {
    id: "uffd-wp",
    title: "userfaultfd, handler thread",
    summary: "userfaultfd protects pages; the first write becomes an event for a thread.",
  },
  "thread",
);
export const uffdWpSigbus = definition(
  {
    id: "uffd-wp-sigbus",
    title: "userfaultfd and SIGBUS",
    summary: "userfaultfd protects pages; the first write becomes a signal.",
  },
  "sigbus",
);

function definition<Id extends string>(
  own: Pick<TechniqueDefinition<Id>, "id" | "title" | "summary">,
  delivery: "thread" | "sigbus",
): TechniqueDefinition<Id> {
  return {
    ...own,
    class: "user",
    noticesWrites: true,
    keepsFlagsOnly: true,
    unavailable: () => undefined,
    create: (machine) => create(machine, delivery),
  };
}

function create({ process, ledger, states }: TechniqueMachine, delivery: "thread" | "sigbus"): Technique {
  const armed = new PageFlags(states);
  /** Pages that are known to be there. */
  const populated = new PageFlags();
  const written = new PageFlags(states);

  const handler = (page: number) => {
    ledger.charge(P.user_handler, 1);
    written.set(page);
    armed.clear(page);
    process.userfaultWriteProtect(page, 1, false);
  };
  if (delivery === "thread") process.setUserfaultThread(handler);
  else process.sigaction("SIGBUS", handler);

  return {
    register(ranges) {
      for (const { first, pageCount } of ranges) process.userfaultRegister(first, pageCount);
    },
    unregister(ranges) {
      for (const { first, pageCount } of armed.runsIn(ranges)) process.userfaultWriteProtect(first, pageCount, false);
      for (const { first, pageCount } of ranges) {
        process.userfaultUnregister(first, pageCount);
        armed.fill(first, pageCount, 0);
      }
      written.take(ranges);
    },
    collect(ranges) {
      ledger.charge(P.user_list_entry, written.count);
      return written.take(ranges);
    },
    arm(ranges) {
      for (const range of ranges) {
        const { first, pageCount } = range;
        for (const absent of subtractRanges([range], populated.runsIn([range])))
          for (let page = absent.first; page < absent.first + absent.pageCount; page++) process.load(page);
        populated.fill(first, pageCount, 1);
        process.userfaultWriteProtect(first, pageCount, true);
        armed.fill(first, pageCount, 1);
      }
    },
    // Also pages that were opened and are still read-only, and the pages of zeros that arming has mapped.
    isArmed: (page) => process.isWriteProtected(page),
  };
}
