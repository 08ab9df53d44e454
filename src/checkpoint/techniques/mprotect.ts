/**
 * mprotect: user-level incremental checkpointing with the means of POSIX.
 *
 * Arming an epoch takes one mprotect(PROT_READ) for each run of protected pages. The first write to a page then faults:
 * the kernel finds the mapping read-only and delivers SIGSEGV; the handler notes the page, makes it writable with
 * another mprotect and returns through sigreturn; the write is tried again. Collecting is reading the handler's list.
 *
 * Used by libckpt (Plank et al., 1995) and by most user-level incremental checkpointers since. Every step of it enters the
 * kernel, and under Xen PV every entry, page-table change and TLB flush also enters the hypervisor: the cost that
 * hypervisor-assisted checkpointing (Lee et al., DSN 2011) sets out to save. It wins where few pages are written and
 * no hypervisor helps.
 */
import { P } from "../../machine/primitives.ts";
import { PageFlags } from "../page-flags.ts";
import type { Technique, TechniqueDefinition, TechniqueMachine } from "../technique.ts";

export const mprotect: TechniqueDefinition<"mprotect"> = {
  id: "mprotect",
  class: "user",
  title: "mprotect and SIGSEGV",
  summary: "Pages are read-only; the first write raises SIGSEGV, whose handler opens the page.",
  keepsFlagsOnly: true,
  noticesWrites: true,
  unavailable: () => undefined,
  create,
};

function create({ process, ledger, states }: TechniqueMachine): Technique {
  const armed = new PageFlags(states);
  const written = new PageFlags(states);

  process.sigaction("SIGSEGV", (page) => {
    ledger.charge(P.user_handler, 1);
    written.set(page);
    armed.clear(page);
    process.mprotect(page, 1, "rw");
  });

  return {
    register: () => {},
    unregister(ranges) {
      written.take(ranges);
      for (const { first, pageCount } of armed.runsIn(ranges)) {
        process.mprotect(first, pageCount, "rw");
        armed.fill(first, pageCount, 0);
      }
    },
    collect(ranges) {
      ledger.charge(P.user_list_entry, written.count);
      return written.take(ranges);
    },
    arm(ranges) {
      for (const { first, pageCount } of ranges) {
        process.mprotect(first, pageCount, "r");
        armed.fill(first, pageCount, 1);
      }
    },
    isArmed: (page) => armed.has(page),
  };
}
