import type { KernelBuildName } from "../linux/kernel-build.ts";
import { Ledger } from "../machine/ledger.ts";
import { P, PRIMITIVE_COUNT, PRIMITIVES } from "../machine/primitives.ts";
import { type MeasuredCase, type MeasuredSide, parseMeasuredCases } from "./measured-cases.ts";
import { Prims } from "./prims.ts";
import { HARNESS_INSTRUCTIONS, whyNotSimulated } from "./prims-code.ts";

/** One figure of the simulator against one that was measured. Counts are of a whole run, instructions per operation. */
export interface Check {
  readonly source: string;
  readonly case: string;
  readonly quantity: string;
  readonly expected: number | Readonly<Record<string, number>>;
  /** Null where the simulator has no such operation. */
  readonly simulated: number | Readonly<Record<string, number>> | null;
  /** Relative for instructions; for counts what is left unexplained, see `reason`. */
  readonly error: number;
  readonly bound: number;
  readonly holds: boolean;
  /** What was allowed for, and why. */
  readonly reason?: string;
  /** Of a published figure: the machine that it was measured on, how sure we are of it, and the prices that compose it. */
  readonly machine?: string;
  readonly confidence?: string;
  readonly prices?: string;
  /** Of a figure in a table, whose row is `case`: its column, and which one that is. */
  readonly column?: { readonly name: string; readonly number: number };
}

export interface Skipped {
  readonly source: string;
  readonly case: string;
  readonly reason: string;
  /** The comparison that is missed, where the figure is simulated or published at all. */
  readonly missed?: Check;
}

export interface Validation {
  readonly checks: readonly Check[];
  /** What the simulator does not claim to model or to reach, with the reason. */
  readonly skipped: readonly Skipped[];
}

/** Largest relative error of a path length. */
const PATH_BOUND = 0.05;
/** Instructions between two timer ticks of the measured guest, and what tracing adds for each record. */
const TICK_INSTRUCTIONS = 4_000_000;
const TRACE_INSTRUCTIONS = 400;
/** Privileged operations of one kind that one tick can cause, with the threads that it wakes. */
const MOST_PER_TICK = 48;

/**
 * Linux 5.10 copies a page at a write fault while anyone else holds a reference to it, and a page that was just mapped
 * may still be in a batch on its way to the LRU list: up to two of a run, which then take one ptwr emulation, one more
 * exception and one flush each. The simulator has no LRU list.
 */
const MOST_COPIES = 2;
const COPY_REASON = "pages that an LRU batch still held, which 5.10 copies";
/**
 * A new slab is shuffled with random numbers, for which a processor with SSSE3 saves and loads the FPU's state. How many
 * slabs a run needs depends on what the runs before it left free; 16 tree nodes fit in one.
 */
const NODES_PER_SLAB = 16;
const SLAB_REASON = "new slabs of tree nodes, shuffled with random numbers that SIMD code makes";

const COPY_OPERATIONS: ReadonlySet<string> = new Set([
  "kernel.invlpg",
  "kernel.syscall",
  "xen.mov_from_cr2",
  "xen.invlpg",
  "xen.iret",
  "xen.sysret",
]);

/** Events of the file and the primitives that count them. */
const EVENTS: readonly (readonly [name: string, primitive: number])[] = [
  ["mmu_update_calls", P.xen_mmu_update],
  ["mmu_update_entries", P.xen_mmu_update_entry],
  ["mmuext_op_calls", P.xen_mmuext_op],
  ["page_faults_bounced", P.xen_inject],
  ["ptwr_emulations", P.xen_ptwr],
];
/** Events that a case of the kinds modelled never has. */
const ABSENT = ["multicall_calls", "multicall_entries", "update_va_mapping", "other_traps_bounced"];

const PRIVILEGED: readonly (readonly [name: string, primitives: readonly number[]])[] = [
  ["user.syscall", [P.cpu_syscall]],
  ["kernel.syscall", [P.cpu_hypercall]],
  ["kernel.sysret", [P.cpu_sysret]],
  ["kernel.iret", [P.cpu_iretq]],
  ["kernel.swapgs", [P.cpu_swapgs]],
  ["kernel.mov_to_cr3", [P.cpu_cr3_write]],
  ["kernel.mov_from_cr3", [P.cpu_cr3_read]],
  ["kernel.mov_from_cr2", [P.cpu_cr2_read]],
  ["kernel.invlpg", [P.cpu_invlpg]],
  ["kernel.wrmsr", [P.cpu_wrmsr]],
  ["kernel.fxsave", [P.cpu_fxsave]],
  ["kernel.fxrstor", [P.cpu_fxrstor]],
  ["xen.mov_to_cr3", [P.xen_cpu_cr3_write]],
  ["xen.mov_from_cr3", [P.xen_cpu_cr3_read]],
  ["xen.mov_from_cr2", [P.xen_cpu_cr2_read]],
  ["xen.invlpg", [P.xen_cpu_invlpg]],
  ["xen.iret", [P.xen_cpu_iretq]],
  ["xen.sysret", [P.xen_cpu_sysret]],
  ["xen.rdmsr", [P.xen_cpu_rdmsr]],
  ["xen.wrmsr", [P.xen_cpu_wrmsr]],
  ["xen.swapgs", [P.xen_cpu_swapgs]],
];
/** Functions whose entries tell timer ticks and what they wake. */
const TICK_FUNCTIONS = ["xen:common_interrupt", "xen:do_vcpu_op", "linux:asm_sysvec_apic_timer_interrupt"];

/**
 * Runs each case of measured data on a simulated guest and compares events, privileged operations and path lengths.
 *
 * Events are exact, timer ticks aside. The simulator has no timer; on the real machine each tick of a run adds one iret,
 * and stack_switch and set_segment_base hypercalls where it wakes a kernel thread. A run of N instructions can hold
 * N / 4,000,000 ticks and one more, tracing's own instructions counted.
 *
 * @param groundTruth a document in the form of the built-in one, as parsed from JSON
 * @throws BadInputError when it has another form
 */
export function validateCases(groundTruth: unknown): Validation {
  const checks: Check[] = [];
  const skipped: Skipped[] = [];
  for (const { key, kernel, cases } of parseMeasuredCases(groundTruth)) {
    for (const measured of cases) {
      const name = `${measured.primitive} n=${measured.n}`;
      const skip = (reason: string) => skipped.push({ source: key, case: name, reason });
      const why = whyNotSimulated(measured.primitive, measured.n);
      if ("reason" in kernel) skip(kernel.reason);
      else if (why !== undefined) skip(why);
      else {
        const before = checks.length;
        for (const check of checkCase(kernel.build, measured)) checks.push({ source: key, case: name, ...check });
        if (checks.length === before) skip("it states no figure that is compared");
      }
    }
  }
  return { checks, skipped };
}

type Comparison = Omit<Check, "source" | "case">;

/** One run of a case on a simulated guest. */
export interface SimulatedRun {
  readonly counts: Float64Array;
  readonly batchSizes: Readonly<Record<string, number>>;
  readonly lengths: Float64Array;
}

/** Sets a case up as its program did, with its warm-up runs, and runs it once. */
export function simulateCase(
  build: KernelBuildName,
  environment: "native" | "xen-pv",
  primitive: string,
  n: number,
  traced = false,
): SimulatedRun {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  const prims = new Prims(build, environment, ledger, traced);
  const warmUps = 3;
  for (let run = 0; run < warmUps; run++) {
    prims.setUp(primitive, n);
    prims.run(primitive, n);
  }
  prims.setUp(primitive, n);
  const { hypervisor, pathLengths } = prims.guest;
  const batches = hypervisor?.countBatches();
  ledger.enter("track", 0, -1, -1);
  prims.run(primitive, n);
  const batchSizes: Record<string, number> = {};
  batches?.forEach((count, size) => {
    if (count > 0) batchSizes[size] = count;
  });
  return { counts: ledger.totals(({ phase }) => phase === "track"), batchSizes, lengths: pathLengths };
}

function* checkCase(build: KernelBuildName, measured: MeasuredCase): IterableIterator<Comparison> {
  const { primitive, n, operations } = measured;
  const copies = build === "5.10-lean" && primitive.startsWith("softdirty") ? MOST_COPIES : 0;
  if (measured.native !== undefined) {
    const run = simulateCase(build, "native", primitive, n);
    yield* checkPaths("native", measured.native, run, operations);
    yield* checkPrivileged("native", measured.native, run, operations, copies);
  }
  if (measured.pv !== undefined || measured.events !== undefined) {
    yield* checkEvents(measured, copies, simulateCase(build, "xen-pv", primitive, n, true));
    if (measured.pv !== undefined) {
      const run = simulateCase(build, "xen-pv", primitive, n);
      yield* checkPaths("pv", measured.pv, run, operations);
      yield* checkPrivileged("pv", measured.pv, run, operations, copies);
    }
  }
}

function* checkEvents(measured: MeasuredCase, mostCopies: number, run: SimulatedRun): IterableIterator<Comparison> {
  const { events, operations } = measured;
  if (events === undefined) return;
  const whole = (name: string) => Math.round((events.get(name) ?? 0) * operations);
  const reader = readerEvents(measured, run);
  const surplusCopies = whole("ptwr_emulations") - run.counts[P.xen_ptwr];
  const copies = surplusCopies > 0 && surplusCopies <= mostCopies ? surplusCopies : 0;
  for (const [name, primitive] of EVENTS) {
    if (!events.has(name)) continue;
    if (copies > 0 && (name === "ptwr_emulations" || name === "mmuext_op_calls")) {
      yield exact(`pv ${name}`, whole(name), run.counts[primitive], copies, COPY_REASON);
      continue;
    }
    yield exact(`pv ${name}`, whole(name), run.counts[primitive], reader?.get(name) ?? 0, reader && READER_REASON);
  }
  for (const name of ABSENT) if (events.has(name)) yield exact(`pv ${name}`, whole(name), 0, 0, undefined);
  if (events.has("iret")) {
    const expected = whole("iret");
    const simulated = run.counts[P.xen_iret];
    const surplus = expected - simulated - (reader?.get("iret") ?? 0);
    const ticks = mostTicks(measured);
    const allowed = surplus >= 0 && surplus <= ticks ? surplus : 0;
    yield exact("pv iret", expected, simulated, expected - simulated - surplus + allowed, tickReason(allowed, ticks));
    if (events.has("hypercalls_total")) {
      const switches = run.counts[P.xen_segment_base] + run.counts[P.xen_stack_switch];
      const woken = whole("set_segment_base") + whole("stack_switch") - switches;
      if (switches > 0) {
        const reason = tickReason(allowed, ticks);
        const simulated = run.counts[P.xen_segment_base];
        const expectedBases = whole("set_segment_base");
        const ofTicks = woken > 0 && woken <= ticks * MOST_PER_TICK ? woken : 0;
        yield exact(
          "pv set_segment_base and stack_switch",
          expectedBases + whole("stack_switch"),
          switches,
          ofTicks,
          reason,
        );
        yield exact(
          "pv set_segment_base",
          expectedBases,
          simulated,
          Math.min(ofTicks, expectedBases - simulated),
          reason,
        );
      }
      const extra = allowed + woken + copies + (reader?.get("hypercalls_total") ?? 0);
      yield exact(
        "pv hypercalls_total",
        whole("hypercalls_total"),
        run.counts[P.xen_hypercall],
        extra,
        extra > 0
          ? `${allowed} irets of ticks, ${woken} stack_switch and set_segment_base of threads they woke`
          : undefined,
      );
    }
  }
  if (measured.batchSizes !== undefined) {
    const expected = Object.fromEntries(measured.batchSizes);
    const single = reader?.get("mmu_update_calls") ?? 0;
    if (single > 0) expected["1"] = (expected["1"] ?? 0) - single;
    const error = differences(expected, run.batchSizes);
    yield {
      quantity: "pv mmu_update_batch_sizes",
      expected,
      simulated: run.batchSizes,
      error,
      bound: 0,
      holds: error === 0,
      ...(reader && single > 0 ? { reason: READER_REASON } : {}),
    };
  }
}

const READER_REASON = "faults of the code that reads the trace, on its own pages that the operation protected";
/** Such faults that a trace can hold at most. */
const MOST_READER_FAULTS = 4;

/**
 * Cases that write-protect the whole process also protect the trace reader's own data, so that up to four of its faults
 * get into the trace after the operation: each a bounced fault, an update and an iret.
 */
function readerEvents(
  { primitive, events, operations }: MeasuredCase,
  run: SimulatedRun,
): Map<string, number> | undefined {
  if (events === undefined || !/^softdirty_c/.test(primitive)) return undefined;
  const faults = Math.round((events.get("page_faults_bounced") ?? 0) * operations) - run.counts[P.xen_inject];
  if (faults <= 0 || faults > MOST_READER_FAULTS) return undefined;
  return new Map([
    ["mmu_update_calls", faults],
    ["mmu_update_entries", faults],
    ["page_faults_bounced", faults],
    ["iret", faults],
    ["hypercalls_total", 2 * faults],
  ]);
}

/** Ticks that a traced run can hold. */
function mostTicks({ pv, events, operations }: MeasuredCase): number {
  const instructions = (pv?.instructionsMedian ?? pv?.instructionsMin ?? 0) * operations;
  const records = ((events?.get("hypercalls_total") ?? 0) + (events?.get("page_faults_bounced") ?? 0)) * operations;
  return 1 + Math.ceil((1.1 * (instructions + records * TRACE_INSTRUCTIONS)) / TICK_INSTRUCTIONS);
}

function tickReason(ticks: number, most: number): string | undefined {
  return ticks > 0 ? `${ticks} timer ticks; a traced run of this length can hold ${most}` : undefined;
}

function* checkPrivileged(
  side: string,
  measured: MeasuredSide,
  run: SimulatedRun,
  operations: number,
  mostCopies: number,
): IterableIterator<Comparison> {
  const { privileged, entries } = measured;
  if (privileged === undefined) return;
  const ticks = Math.max(0, ...TICK_FUNCTIONS.map((name) => Math.round((entries?.get(name) ?? 0) * operations)));
  for (const [name, primitives] of PRIVILEGED) {
    const expected = Math.round((privileged.get(name) ?? 0) * operations);
    let simulated = 0;
    for (const primitive of primitives) simulated += run.counts[primitive];
    if (expected === 0 && simulated === 0) continue;
    const surplus = expected - simulated;
    const slabs = name === "kernel.fxsave" || name === "kernel.fxrstor" ? mostSlabs(run.counts) : 0;
    const most = slabs + ticks * MOST_PER_TICK + (COPY_OPERATIONS.has(name) ? mostCopies : 0);
    const allowed = surplus > 0 && surplus <= most ? surplus : 0;
    let reason: string | undefined;
    if (allowed > 0)
      reason =
        ticks > 0
          ? `${ticks} timer ticks in the run, and the threads they woke`
          : slabs > 0
            ? SLAB_REASON
            : COPY_REASON;
    yield exact(`${side} ${name}`, expected, simulated, allowed, reason);
  }
}

/** Slabs of tree nodes that a run can need at most, when all nodes that it replaces are new. */
function mostSlabs(counts: Float64Array): number {
  const nodes =
    counts[P.linux_mmap] + counts[P.linux_munmap] + 2 * counts[P.linux_vma_split] + 2 * counts[P.linux_vma_bridge];
  return Math.ceil(nodes / NODES_PER_SLAB);
}

function* checkPaths(
  side: string,
  measured: MeasuredSide,
  run: SimulatedRun,
  operations: number,
): IterableIterator<Comparison> {
  const { instructionsMin: min, instructionsMedian: median, split } = measured;
  const spaces = { user: 0, guest_kernel: 0, xen: 0 };
  for (let step = 0; step < run.counts.length; step++) {
    const instructions = run.counts[step] * run.lengths[step];
    if (instructions === 0) continue;
    const { layer } = PRIMITIVES[step];
    spaces[layer === "guestKernel" ? "guest_kernel" : layer === "hypervisor" ? "xen" : "user"] += instructions;
  }
  const harness = HARNESS_INSTRUCTIONS / operations;
  if (min !== undefined && min > 0) {
    const total = (spaces.user + spaces.guest_kernel + spaces.xen) / operations - harness;
    yield path(`${side} instructions`, min, median ?? min, total);
  }
  if (split === undefined) return;
  const perOperation = (space: keyof typeof spaces) => spaces[space] / operations;
  yield path(`${side} user instructions`, split.user, split.user, perOperation("user"));
  if (split.xen > 0) yield path(`${side} xen instructions`, split.xen, split.xen, perOperation("xen"));
  if (split.guest_kernel > 0) {
    const least = min === undefined ? split.guest_kernel : min + harness - split.user - split.xen;
    const low = Math.min(least, split.guest_kernel);
    yield path(
      `${side} guest kernel instructions`,
      low,
      Math.max(least, split.guest_kernel),
      perOperation("guest_kernel"),
    );
  }
}

/**
 * A path length against the range of what was measured: allocations take a longer way when a slab runs empty, so runs of
 * one case differ. The nearest figure of the range counts.
 */
function path(quantity: string, low: number, high: number, simulated: number): Comparison {
  const expected = Math.min(Math.max(simulated, low), Math.max(low, high));
  const error = expected === 0 ? Number(simulated !== 0) : simulated / expected - 1;
  return {
    quantity,
    expected,
    simulated,
    error,
    bound: PATH_BOUND,
    holds: Math.abs(error) <= PATH_BOUND,
    ...(high > low ? { reason: `runs measured from ${low} to ${high}` } : {}),
  };
}

function exact(
  quantity: string,
  expected: number,
  simulated: number,
  allowed: number,
  reason: string | undefined,
): Comparison {
  const error = expected - simulated - allowed;
  return { quantity, expected, simulated, error, bound: 0, holds: error === 0, ...(reason ? { reason } : {}) };
}

/** Number of sizes that occur differently often. */
function differences(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): number {
  let count = 0;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) if ((a[key] ?? 0) !== (b[key] ?? 0)) count++;
  return count;
}
