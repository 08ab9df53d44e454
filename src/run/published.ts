import { createGuest, type Guest, MAPPINGS_END } from "../linux/guest.ts";
import type { KernelVersion } from "../linux/kernel-build.ts";
import { VMA_MAPPED, VMA_READ, VMA_UFFD_WP, VMA_WRITE } from "../linux/vma-map.ts";
import { Ledger } from "../machine/ledger.ts";
import { type PriceProfile, priceList } from "../machine/prices.ts";
import { P, PRIMITIVE_COUNT } from "../machine/primitives.ts";
import { BUILT_IN_PROFILES } from "../machine/profiles.ts";
import published from "./ground-truth/published.json" with { type: "json" };
import { CODE } from "./prims-code.ts";
import { costOf } from "./report.ts";
import type { Check, Skipped, Validation } from "./validate.ts";

/** One figure of a publication; a pair is a quotient, as its table has it. */
interface PublishedFigure {
  readonly case: string;
  readonly quantity: string;
  readonly expected: number | readonly number[];
  /** The publication says "more than". */
  readonly isLeast?: boolean;
  /** Why the simulator does not reach it. It stays a miss. */
  readonly knownMiss?: string;
}

interface PublishedTable {
  readonly source: string;
  readonly machine: string;
  readonly confidence: string;
  /** Price profile of the machine, or of the one nearest to it. */
  readonly profile: string;
  readonly kernel: string;
  readonly unit: string;
  /** Largest relative error. */
  readonly bound: number;
  readonly boundReason?: string;
  readonly figures: readonly PublishedFigure[];
}

/** Composes whole operations of the simulated guest's events and a profile's prices, and compares them with publications. */
export function validatePublished(): Validation {
  const checks: Check[] = [];
  const skipped: Skipped[] = [];
  const tables: readonly PublishedTable[] = published.tables;
  for (const table of tables) {
    const setting = settingOf(table);
    const results = new Map<string, ReturnType<Operation>>();
    const unchecked = new Map<string, number>();
    for (const figure of table.figures) {
      const operation = OPERATIONS[figure.case];
      if (operation === undefined && figure.knownMiss === undefined) {
        unchecked.set(figure.case, (unchecked.get(figure.case) ?? 0) + 1);
        continue;
      }
      if (operation !== undefined && !results.has(figure.case)) results.set(figure.case, operation(setting));
      checks.push(checkOf(table, figure, results.get(figure.case)?.[figure.quantity]));
    }
    for (const [name, count] of unchecked) {
      skipped.push({ source: table.source, case: name, reason: `no operation is simulated for its ${count} figures` });
    }
  }
  return { checks, skipped };
}

function checkOf(table: PublishedTable, figure: PublishedFigure, simulated: number | undefined): Check {
  const [numerator, denominator = 1] = [figure.expected].flat();
  const expected = numerator / denominator;
  const relative = simulated === undefined ? -1 : simulated / expected - 1;
  const error = figure.isLeast === true ? Math.min(0, relative) : relative;
  const holds = Math.abs(error) <= table.bound;
  return {
    source: table.source,
    case: figure.case,
    quantity: `${figure.quantity}, ${table.unit}`,
    expected,
    simulated: simulated ?? null,
    error,
    bound: table.bound,
    holds,
    machine: table.machine,
    prices: table.profile,
    confidence: table.confidence,
    ...(table.boundReason === undefined ? {} : { reason: table.boundReason }),
    ...(holds || figure.knownMiss === undefined ? {} : { knownMiss: figure.knownMiss }),
  };
}

/** What an operation is simulated with. */
interface Setting {
  readonly profile: PriceProfile;
  readonly kernel: KernelVersion;
}

/** Figures by quantity. */
type Operation = (setting: Setting) => Readonly<Record<string, number>>;

/** By the figures' case. A publication's further case needs one more entry here. */
const OPERATIONS: Readonly<Record<string, Operation | undefined>> = {
  "write fault, mprotect": (setting) => writeFault(setting, PROTECTION),
  "write fault, userfaultfd with SIGBUS": (setting) => writeFault(setting, USERFAULTFD_SIGBUS),
  "null call": (setting) => asTimesNative(setting, nullCall),
  "signal handler": (setting) => ({
    ...asTimesNative(setting, signalHandler),
    "xen-pv / null call under xen-pv":
      signalHandler(new Bench(setting, "xen-pv")) / nullCall(new Bench(setting, "xen-pv")),
  }),
  "protection fault": (setting) => asTimesNative(setting, protectionFault),
  "page fault": (setting) =>
    asTimesNative(setting, (bench) => bench.cycles(() => bench.guest.kernel.store(bench.region + 1))),
  mmap: (setting) => asTimesNative(setting, mapTouchUnmap),
  "copy-on-write fault": (setting) => {
    const bench = new Bench(setting, "native");
    bench.touchAll();
    bench.guest.kernel.memory.share(bench.region, REGION_PAGES);
    return { "whole, at least": bench.cycles(() => bench.guest.kernel.store(bench.region + 1)) };
  },
};

const REGION_PAGES = 512;

/** A guest whose process has one mapping, nothing of which is resident. */
class Bench {
  readonly guest: Guest;
  readonly ledger = new Ledger(PRIMITIVE_COUNT);
  readonly region: number;
  readonly #setting: Setting;

  constructor(setting: Setting, environment: "native" | "xen-pv") {
    this.#setting = setting;
    this.guest = createGuest({ environment, kernel: setting.kernel }, this.ledger);
    this.region = this.map(REGION_PAGES);
  }

  /** A plain anonymous mapping, by one system call. */
  map(pageCount: number): number {
    const { kernel } = this.guest;
    kernel.enter();
    this.ledger.charge(P.linux_mmap, 1);
    const first = kernel.memory.findGap(pageCount, MAPPINGS_END);
    kernel.memory.map(first, pageCount, VMA_MAPPED | VMA_READ | VMA_WRITE);
    kernel.leave();
    return first;
  }

  unmap(first: number, pageCount: number): void {
    const { kernel } = this.guest;
    kernel.enter();
    this.ledger.charge(P.linux_munmap, 1);
    kernel.memory.unmap(first, pageCount);
    kernel.leave();
  }

  protect(first: number, pageCount: number, rights: number): void {
    const { kernel } = this.guest;
    kernel.enter();
    kernel.memory.protect(first, pageCount, rights);
    kernel.leave();
  }

  touchAll(): void {
    for (let page = 0; page < REGION_PAGES; page++) this.guest.kernel.store(this.region + page);
  }

  /** What the ledger's events so far cost. */
  total(): number {
    return costOf(this.ledger.totals(), priceList(this.#setting.profile, this.guest.pathLengths)).cycles;
  }

  cycles(action: () => void): number {
    const before = this.total();
    action();
    return this.total() - before;
  }
}

/** How a process learns of the first write to a page. */
interface WriteProtection {
  readonly signal: "SIGSEGV" | "SIGBUS";
  readonly handlerInstructions: number;
  /** Closes the region. */
  close(bench: Bench): void;
  /** Opens a page, from the handler. */
  open(bench: Bench, page: number): void;
}

const PROTECTION: WriteProtection = {
  signal: "SIGSEGV",
  handlerInstructions: CODE.handler,
  close: (bench) => bench.protect(bench.region, REGION_PAGES, VMA_READ),
  open: (bench, page) => bench.protect(page, 1, VMA_READ | VMA_WRITE),
};

const USERFAULTFD_SIGBUS: WriteProtection = {
  signal: "SIGBUS",
  handlerInstructions: CODE.writeProtectHandler,
  close(bench) {
    bench.guest.kernel.memory.changeFlags(bench.region, REGION_PAGES, VMA_UFFD_WP, 0);
    writeProtect(bench, bench.region, REGION_PAGES, true);
  },
  open: (bench, page) => writeProtect(bench, page, 1, false),
};

function writeProtect({ guest: { kernel }, ledger }: Bench, first: number, pageCount: number, protect: boolean): void {
  kernel.enter();
  ledger.charge(P.linux_ioctl, 1);
  kernel.memory.writeProtect(first, pageCount, protect);
  kernel.leave();
}

/** The third of three writes in sequence, natively, in microseconds: up to the handler, in it, and after it. */
function writeFault(setting: Setting, protection: WriteProtection): Record<string, number> {
  const bench = new Bench(setting, "native");
  const { kernel } = bench.guest;
  let entered = 0;
  let left = 0;
  kernel.setHandler(protection.signal, (page) => {
    entered = bench.total();
    bench.ledger.charge(P.program_instruction, protection.handlerInstructions);
    protection.open(bench, page);
    left = bench.total();
  });
  bench.touchAll();
  protection.close(bench);
  for (const page of [0, 1]) kernel.store(bench.region + page);
  const start = bench.total();
  kernel.store(bench.region + 2);
  const end = bench.total();
  const microseconds = (cycles: number) => cycles / (setting.profile.ghz * 1000);
  return {
    "write to handler": microseconds(entered - start),
    "handler opens the page": microseconds(left - entered),
    "handler to next instruction": microseconds(end - left),
    whole: microseconds(end - start),
  };
}

function nullCall(bench: Bench): number {
  return bench.cycles(() => bench.guest.process.nullSystemCall());
}

function signalHandler(bench: Bench): number {
  const { kernel } = bench.guest;
  kernel.setHandler("SIGUSR1", () => bench.ledger.charge(P.program_instruction, CODE.emptyHandler));
  return bench.cycles(() => {
    bench.ledger.charge(P.program_instruction, CODE.tgkill);
    kernel.tgkill("SIGUSR1");
  });
}

/**
 * lmbench lets a write fault again and again, with a handler that changes nothing, and takes off what a signal and its
 * handler cost.
 */
function protectionFault(bench: Bench): number {
  const { kernel } = bench.guest;
  let leaveClosed = 0;
  kernel.setHandler("SIGSEGV", (page) => {
    bench.ledger.charge(P.program_instruction, CODE.emptyHandler);
    if (leaveClosed-- > 0) return;
    bench.protect(page, 1, VMA_READ | VMA_WRITE);
  });
  bench.touchAll();
  bench.protect(bench.region, REGION_PAGES, VMA_READ);
  for (const page of [0, 1]) kernel.store(bench.region + page);
  const once = bench.cycles(() => kernel.store(bench.region + 2));
  leaveClosed = 1;
  const twice = bench.cycles(() => kernel.store(bench.region + 3));
  return twice - once - signalHandler(bench);
}

/** lmbench maps a file, writes to each 16 KiB of its first tenth, and unmaps it; here of 8 MiB, and without a file. */
function mapTouchUnmap(bench: Bench): number {
  const pages = (8 << 20) / 4096;
  return bench.cycles(() => {
    const first = bench.map(pages);
    for (let page = 0; page < pages / 10; page += 4) bench.guest.kernel.store(first + page);
    bench.unmap(first, pages);
  });
}

function asTimesNative(setting: Setting, cycles: (bench: Bench) => number): Record<string, number> {
  return { "xen-pv / native": cycles(new Bench(setting, "xen-pv")) / cycles(new Bench(setting, "native")) };
}

function settingOf(table: PublishedTable): Setting {
  const profile = BUILT_IN_PROFILES.find(({ name }) => name === table.profile);
  const kernel = (["5.10", "6.1"] as const).find((version) => version === table.kernel);
  if (profile === undefined || kernel === undefined) {
    throw new Error(`published figures of ${table.source}: profile ${table.profile}, Linux ${table.kernel}`);
  }
  return { profile, kernel };
}
