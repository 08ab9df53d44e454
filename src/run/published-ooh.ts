import { VMA_UFFD_WP } from "../linux/vma-map.ts";
import { priceList } from "../machine/prices.ts";
import { P } from "../machine/primitives.ts";
import { CODE } from "./prims-code.ts";
import { Bench, type Operation, type Setting } from "./published-bench.ts";

/**
 * OoH's micro-benchmark (its listing 1): a program maps an array, writes the first word of each of its pages in turn, and
 * begins again; a tracker finds out which pages it wrote. Our reading, where the paper leaves it open:
 * - untracked, the program starts and goes once through pages that nobody has touched yet;
 * - tracked, its pages are there; the tracker arms, the program goes through them once, the tracker collects;
 * - all of it on the guest's one processor, so that what the tracker does adds to the program's time (the paper's
 *   formula 3: E(tracked) + E(tracker) + the impact of the one on the other).
 */
export const OOH_OPERATIONS: Readonly<Record<string, Operation | undefined>> = {
  clear_refs: (setting) => bySize(setting, ({ clearRefs }, { fast }) => fast(clearRefs)),
  "pagemap walk": (setting) => bySize(setting, ({ walk }, { fromIdle }) => fromIdle(walk)),
  "page faults, kernel": (setting) => bySize(setting, ({ faultBodies }, { fast }) => fast(faultBodies)),
  "page faults, userfaultfd": (setting) => bySize(setting, ({ threadFaults }, { fast }) => fast(threadFaults)),
  "overhead on the tracked, userfaultfd": (setting) =>
    bySize(setting, ({ alone, threadFaults }, { fast, fromIdle }) => percent(fast(threadFaults), fromIdle(alone))),
  "overhead on the tracked, /proc": (setting) =>
    bySize(setting, ({ alone, clearRefs, faults, walk }, { fast, fromIdle }) =>
      percent(fast(clearRefs + faults) + fromIdle(walk), fromIdle(alone)),
    ),
  "overhead on the tracker, userfaultfd": (setting) =>
    bySize(setting, ({ alone, threadFaults }, { fast, fromIdle }) => percent(fast(threadFaults), fromIdle(alone))),
  "overhead on the tracker, /proc": (setting) =>
    bySize(setting, ({ alone, clearRefs, faults, walk }, { fast, fromIdle }) =>
      percent(fast(clearRefs) + fromIdle(walk), fromIdle(alone) + fast(faults)),
    ),
};

/** Pages by column. The figures for 1 GB are exactly twice those for 500 MB where they are proportional: 1,000 MB. */
const SIZES: Readonly<Record<string, number>> = {
  "1 MB": 256,
  "10 MB": 2560,
  "50 MB": 12_800,
  "100 MB": 25_600,
  "250 MB": 64_000,
  "500 MB": 128_000,
  "1 GB": 256_000,
};

/**
 * What precedes the first page of the array when the program runs alone: fork, exec, the dynamic linker. Fitted to the
 * overheads at 1 MB, which are relative to little else.
 */
const PROGRAM_START_CYCLES = 2_300_000;
/** Pages of the program's other mappings: what Linux gives a heap and a stack to begin with, text and data. */
const OTHER_PAGES = 120;
/** What the second-level TLB of this processor holds (Skylake client). */
const TLB_ENTRIES = 1536;
/** Instructions of the tracker for one entry of pagemap: pread through the C library, test, note address and frame. */
const PREAD_INSTRUCTIONS = 40;

/**
 * The processor's clock. After it has idled, Xen's cpufreq governor (ondemand) leaves it at the nominal 1.8 GHz of an
 * i7-8565U until it samples the load, and then lets it go to its turbo frequency, the profile's. The time until then is
 * fitted to the row of the pagemap walk, whose cost per page falls to 0.4 of what it is at 1 MB.
 */
const NOMINAL_GHZ = 1.8;
const NOMINAL_MS = 26;

/** Milliseconds of cycles. */
interface Clock {
  /** In a program that has been busy. */
  fast(cycles: number): number;
  /** Of what begins after idling. */
  fromIdle(cycles: number): number;
}

function clockOf({ profile }: Setting): Clock {
  const fast = (cycles: number) => cycles / (profile.ghz * 1e6);
  return {
    fast,
    fromIdle(cycles) {
      const nominal = cycles / (NOMINAL_GHZ * 1e6);
      return nominal <= NOMINAL_MS ? nominal : NOMINAL_MS + fast(cycles - NOMINAL_MS * NOMINAL_GHZ * 1e6);
    },
  };
}

/** Cycles of the parts of a tracked run. */
interface Parts {
  /** The program without a tracker. */
  readonly alone: number;
  readonly clearRefs: number;
  /** Faults of written pages after clear_refs, whole. */
  readonly faults: number;
  /** Of these what the kernel's handler does between its entry and its exit: the paper's 0.13 us are less than those take. */
  readonly faultBodies: number;
  readonly walk: number;
  /** Faults of written pages that userfaultfd protects. */
  readonly threadFaults: number;
}

const FAULT_BODY = [P.linux_fault, P.linux_vma_lookup_level, P.linux_fault_walk, P.linux_fault_reuse];

/** By setting and size: several figures are made of the same parts. */
const simulated = new WeakMap<Setting, Map<number, Parts>>();

function partsOf(setting: Setting, pageCount: number): Parts {
  const ofSetting = simulated.get(setting) ?? new Map<number, Parts>();
  simulated.set(setting, ofSetting);
  const known = ofSetting.get(pageCount);
  if (known !== undefined) return known;
  const parts = { ...trackByProc(setting, pageCount), ...trackByUserfaultfd(setting, pageCount) };
  ofSetting.set(pageCount, parts);
  return parts;
}

function trackByProc(setting: Setting, pageCount: number): Omit<Parts, "threadFaults"> {
  const bench = new Bench(setting, "xen-hap", pageCount);
  const { kernel } = bench.guest;
  const writeAll = () => {
    bench.ledger.charge(P.program_instruction, pageCount * CODE.store);
    bench.touchAll();
  };
  const others = bench.map(OTHER_PAGES);
  for (let page = 0; page < OTHER_PAGES; page++) kernel.store(others + page);
  const alone = PROGRAM_START_CYCLES + bench.cycles(writeAll);
  const clearRefs = bench.cycles(() => {
    bench.ledger.charge(P.program_instruction, CODE.clearRefs);
    bench.guest.process.clearRefs();
    bench.ledger.charge(P.cpu_nested_walk, Math.min(pageCount, TLB_ENTRIES));
  });
  const before = bench.ledger.totals();
  const faults = bench.cycles(writeAll);
  const after = bench.ledger.totals();
  const prices = priceList(setting.profile, bench.guest.pathLengths);
  const faultBodies = FAULT_BODY.reduce((sum, step) => sum + (after[step] - before[step]) * prices.cycles[step], 0);
  const walk = bench.cycles(() => {
    preadEach(bench, others, OTHER_PAGES);
    preadEach(bench, bench.region, pageCount);
  });
  return { alone, clearRefs, faults, faultBodies, walk };
}

/** The tracker reads pagemap entry by entry (`parse_proc_pagemap` of the authors' pml.h), into a variable. */
function preadEach(bench: Bench, first: number, pageCount: number): void {
  const { guest, ledger } = bench;
  ledger.charge(P.program_instruction, pageCount * PREAD_INSTRUCTIONS);
  ledger.charge(P.linux_copy_to_user, pageCount);
  for (let page = first; page < first + pageCount; page++) {
    guest.kernel.enter();
    guest.kernel.memory.readPagemap(page, 1);
    guest.kernel.leave();
  }
}

function trackByUserfaultfd(setting: Setting, pageCount: number): Pick<Parts, "threadFaults"> {
  const bench = new Bench(setting, "xen-hap", pageCount);
  const { kernel } = bench.guest;
  bench.touchAll();
  kernel.memory.changeFlags(bench.region, pageCount, VMA_UFFD_WP, 0);
  bench.writeProtect(bench.region, pageCount, true);
  kernel.setUserfaultThread((page) => {
    bench.ledger.charge(P.program_instruction, CODE.writeProtectHandler);
    bench.writeProtect(page, 1, false);
  });
  return { threadFaults: bench.cycles(() => bench.touchAll()) };
}

function bySize(setting: Setting, figure: (parts: Parts, clock: Clock) => number): Readonly<Record<string, number>> {
  const clock = clockOf(setting);
  return Object.fromEntries(
    Object.entries(SIZES).map(([size, pageCount]) => [size, figure(partsOf(setting, pageCount), clock)]),
  );
}

function percent(part: number, whole: number): number {
  return (100 * part) / whole;
}
