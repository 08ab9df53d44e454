import { P } from "../../machine/primitives.ts";
import type { PageRange } from "../../xen/checkpoint-service.ts";
import { PageFlags } from "../page-flags.ts";
import { subtractRanges, wordsIn } from "../pages.ts";
import {
  type Environment,
  type Technique,
  type TechniqueMachine,
  type Unavailable,
  XEN_ENVIRONMENTS,
} from "../technique.ts";
import { touch } from "../touch.ts";
import { cutAtPages, firstRunFrom, NO_RUNS, pageOfRun, RunColumns, unionOf, withoutRuns } from "../written-bytes.ts";

/** 64-bit words of a page's log: a bit for each byte. */
const LOG_WORDS = 64;

/**
 * What `hv-emulate` and `hv-hybrid` share: pages that Xen keeps closed while it emulates and logs the writes to them, and
 * opens after some of them or never. A page that was opened, by too many writes or because the guest's kernel has put another
 * frame there, is saved whole; of any other one the log's bytes.
 * @param emulatedWrites how many writes to a page are emulated between two saves, or `EVERY_WRITE`
 */
export function loggedWrites(machine: TechniqueMachine, emulatedWrites: number): Technique {
  const { xen, ledger, options } = machine;
  if (xen === undefined) throw new Error("a technique that logs writes was created without a hypervisor");
  const { checkpoint: service, channel } = xen;
  const armed = new PageFlags();
  /** The contents of the log. */
  let log = NO_RUNS;
  /** What the latest `collect` took out of it. */
  let taken = NO_RUNS;
  /** Virtual page number of linear memory's page 0. */
  let origin = 0;
  return {
    register(ranges) {
      if (service.tracksFrames === true) touch(machine, ranges);
      for (const { first, pageCount } of ranges) service.register(options.gate, first, pageCount);
    },
    unregister(ranges) {
      for (const { first, pageCount } of ranges) {
        service.unregister(options.gate, first, pageCount);
        armed.fill(first, pageCount, 0);
        const from = firstRunFrom(log, first - origin);
        log = withoutRuns(log, from, firstRunFrom(log, first + pageCount - origin, from));
      }
      // A write to a page that is still closed would be emulated, and logged for nobody.
      channel.complete();
    },
    noteWritten(runs, base) {
      origin = base;
      const written = cutAtPages(runs, (page) => armed.has(page + base));
      log = unionOf(log, written);
    },
    collect(ranges) {
      const noted = service.notedPages(armed.runsIn(ranges));
      let logged = 0;
      const { address, bytes } = log;
      const saved = new RunColumns(address.length);
      const kept = new RunColumns(0);
      /** The first run that was not gone to. */
      let run = 0;
      // Two bitmaps: pages that were opened, and pages that the log has something of.
      ledger.charge(P.user_bitmap_word, 2 * wordsIn(ranges));
      for (const page of noted) {
        if (!service.isLogged(page)) continue;
        const opened = service.isDirty(page);
        logged++;
        service.clearLog(page);
        for (; run < address.length && pageOfRun(log, run) + origin < page; run++) kept.push(address[run], bytes[run]);
        for (; run < address.length && pageOfRun(log, run) + origin === page; run++)
          if (!opened) saved.push(address[run], bytes[run]);
      }
      for (; run < address.length; run++) kept.push(address[run], bytes[run]);
      log = kept.runs();
      taken = saved.runs();
      ledger.charge(P.user_bitmap_word, LOG_WORDS * logged);
      ledger.charge(P.user_list_entry, noted.length + taken.address.length);
      return noted;
    },
    writtenRuns: () => taken,
    arm(ranges) {
      const isOpen = (range: PageRange) =>
        subtractRanges([range], armed.runsIn([range])).length > 0 || service.dirtyPages([range]).length > 0;
      const open = ranges.filter(isOpen);
      if (open.length === 0) return;
      service.protect(options.gate, open, emulatedWrites);
      for (const { first, pageCount } of open) armed.fill(first, pageCount, 1);
    },
    isArmed: (page) => armed.has(page),
  };
}

/** Where writes can be emulated and logged: @returns what lacks here and what can be had instead */
export function emulationUnavailable(environment: Environment): Unavailable | undefined {
  return environment === "native"
    ? { need: "writeEmulation", techniques: ["mprotect", "full-copy"], environments: XEN_ENVIRONMENTS }
    : undefined;
}
