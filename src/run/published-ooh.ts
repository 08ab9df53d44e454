import { Bench, type Operation, type Setting } from "./published-bench.ts";
import { type Parts, partsOf } from "./published-ooh-parts.ts";

/**
 * OoH's micro-benchmark (its listing 1): a program maps an array, writes the first word of each of its pages in turn, and
 * begins again; a tracker finds out which pages it wrote. Our reading, where the paper leaves it open:
 * - untracked, the program starts and goes once through pages that nobody has touched yet;
 * - tracked, its pages are there; the tracker arms, the program goes through them once, the tracker collects;
 * - all of it on the guest's one processor, so that what the tracker does adds to the program's time (the paper's
 *   formula 3: E(tracked) + E(tracker) + the impact of the one on the other);
 * - the tracker's overhead is the time for which it keeps the program from running, relative to the rest. That includes all
 *   of a fault that it handles itself; one that the kernel handles is the program's own. Chosen because the large sizes of
 *   both methods then come out; relative to the program alone, those of /proc would be half as large again.
 */
export const OOH_OPERATIONS: Readonly<Record<string, Operation | undefined>> = {
  clear_refs: (setting) => bySize(setting, ({ clearRefs }, { fast }) => fast(clearRefs)),
  "pagemap walk": (setting) => bySize(setting, ({ walk }, { fromIdle }) => fromIdle(walk)),
  "page faults, kernel": (setting) => bySize(setting, ({ faultBodies }, { fast }) => fast(faultBodies)),
  "page faults, userfaultfd": (setting) => bySize(setting, ({ threadFaults }, { fast }) => fast(threadFaults)),
  "disable PML logging": (setting) => bySize(setting, ({ stopLog }, { fast }) => fast(stopLog)),
  "ring buffer copy": (setting) => bySize(setting, ({ ringCopy }, { fast }) => fast(ringCopy)),
  "reverse map of guest-physical addresses": (setting) =>
    bySize(setting, ({ walk, search }, { fromIdle }) => fromIdle(walk + search)),
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
  "slow-down of the tracked, SPML": (setting) =>
    bySize(
      setting,
      ({ alone, walk, search, ringCopy, stopLog }, { fast, fromIdle }) =>
        (fromIdle(alone) + fromIdle(walk + search) + fast(ringCopy + stopLog)) / fromIdle(alone),
    ),
  "enable PML logging": (setting) => ({ hypercall: 1000 * clockOf(setting).fast(partsOf(setting, 256).startLog) }),
  "context switch": (setting) => ({
    "user mode to kernel": new Bench(setting, "xen-hap").measure((bench) => bench.guest.process.nullSystemCall()),
  }),
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
 * The processor's clock. After it has idled, Xen's cpufreq governor (ondemand) leaves it at the nominal 1.8 GHz of an
 * i7-8565U until it samples the load, and then lets it go to its turbo frequency, the profile's. The time until then is
 * fitted: to the row of the pagemap walk, whose cost per page falls to 0.4 of what it is at 1 MB, and to the overheads, of
 * which it is in the denominator. The paper says nothing of clocks; that this is what falls is our inference.
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

function bySize(setting: Setting, figure: (parts: Parts, clock: Clock) => number): Readonly<Record<string, number>> {
  const clock = clockOf(setting);
  return Object.fromEntries(
    Object.entries(SIZES).map(([size, pageCount]) => [size, figure(partsOf(setting, pageCount), clock)]),
  );
}

function percent(part: number, whole: number): number {
  return (100 * part) / whole;
}
