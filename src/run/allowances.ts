import type { KernelBuildName } from "../linux/kernel-build.ts";
import { P } from "../machine/primitives.ts";
import type { MeasuredCase } from "./measured-cases.ts";

// What measurements have and the simulator has not, each with the most that it can be.

/** Instructions between two timer ticks of the measured guest, and what tracing adds for each record. */
const TICK_INSTRUCTIONS = 4_000_000;
const TRACE_INSTRUCTIONS = 400;
/** Privileged operations and hypercalls of one kind that one tick can cause, with the threads that it wakes. */
export const MOST_PER_TICK = 48;
/** Functions whose entries tell timer ticks and what they wake. */
const TICK_FUNCTIONS = ["xen:common_interrupt", "xen:do_vcpu_op", "linux:asm_sysvec_apic_timer_interrupt"];

/** Ticks that a traced run can hold: one for its instructions, tracing's own among them, and one more. */
export function mostTicks({ pv, events, operations }: MeasuredCase): number {
  const instructions = (pv?.instructionsMedian ?? pv?.instructionsMin ?? 0) * operations;
  const records = ((events?.get("hypercalls_total") ?? 0) + (events?.get("page_faults_bounced") ?? 0)) * operations;
  return 1 + Math.ceil((1.1 * (instructions + records * TRACE_INSTRUCTIONS)) / TICK_INSTRUCTIONS);
}

/** Ticks in a run whose function entries were counted. */
export function ticksOf(entries: ReadonlyMap<string, number> | undefined, operations: number): number {
  return Math.max(0, ...TICK_FUNCTIONS.map((name) => Math.round((entries?.get(name) ?? 0) * operations)));
}

/**
 * Linux 5.10 copies a page at a write fault while anyone else holds a reference to it, and a page that was just mapped
 * may still be in a batch on its way to the LRU list: up to two of a run, which then take one ptwr emulation, one more
 * exception and one flush each. The simulator has no LRU list.
 */
const MOST_COPIES = 2;
export const COPY_REASON = "pages that an LRU batch still held, which 5.10 copies";

export function mostCopies(build: KernelBuildName, primitive: string): number {
  return build === "5.10-lean" && primitive.startsWith("softdirty") ? MOST_COPIES : 0;
}

/**
 * A new slab is shuffled with random numbers, for which a processor with SSSE3 saves and loads the FPU's state. How many
 * slabs a run needs depends on what the runs before it left free; 16 tree nodes fit in one.
 */
const NODES_PER_SLAB = 16;
export const SLAB_REASON = "new slabs of tree nodes, shuffled with random numbers that SIMD code makes";

/** Slabs of tree nodes that a run can need at most, when all nodes that it replaces are new. */
export function mostSlabs(counts: Float64Array): number {
  const nodes =
    counts[P.linux_mmap] + counts[P.linux_munmap] + 2 * counts[P.linux_vma_split] + 2 * counts[P.linux_vma_bridge];
  return Math.ceil(nodes / NODES_PER_SLAB);
}

export const READER_REASON = "faults of the code that reads the trace, on its own pages that the operation protected";
/** Such faults that a trace can hold at most. */
const MOST_READER_FAULTS = 4;

/**
 * Cases that write-protect the whole process also protect the trace reader's own data, so that up to four of its faults
 * get into the trace after the operation: each a bounced fault, an update and an iret.
 * @param simulatedFaults bounced in the simulated run
 */
export function readerEvents(
  { primitive, events, operations }: MeasuredCase,
  simulatedFaults: number,
): ReadonlyMap<string, number> | undefined {
  if (events === undefined || !/^(softdirty_c|fork_)/.test(primitive)) return undefined;
  const faults = Math.round((events.get("page_faults_bounced") ?? 0) * operations) - simulatedFaults;
  if (faults <= 0 || faults > MOST_READER_FAULTS) return undefined;
  return new Map([
    ["mmu_update_calls", faults],
    ["mmu_update_entries", faults],
    ["page_faults_bounced", faults],
    ["iret", faults],
    ["hypercalls_total", 2 * faults],
  ]);
}

const FORK = "fork_exit_wait";
/** Hypercalls that Linux collects for one switch between threads: its stack, three descriptors of its segments, the FPU. */
const MOST_OF_SWITCH = 5;
/** Pages of a kernel stack. */
const STACK_PAGES = 4;
const SWITCH_REASON = "multicalls of switches to threads that timer ticks woke";
const STACK_REASON =
  "the kernel stack of a child that had exited before, unmapped page by page when a timer tick ended RCU's grace period (3 and 4 were measured; an inference)";
export const EARLY_END_REASON = "a batch that ended before it was full, when a timer tick wanted another thread to run";

/**
 * What ticks add to a count of events of a run that forks, which is long enough for some and lasts in lazy mode.
 * @param surplus what was measured and is not simulated
 * @param ticks that show in the run's irets
 */
export function tickEvents(
  measured: MeasuredCase,
  name: string,
  surplus: number,
  ticks: number,
): { readonly count: number; readonly reason: string } | undefined {
  if (measured.primitive !== FORK || ticks === 0 || surplus <= 0) return undefined;
  const most = mostOfTicks(name, ticks, measured.operations);
  return most !== undefined && surplus <= most.count ? { count: surplus, reason: most.reason } : undefined;
}

/** Batches of updates that ticks can have ended early. */
export function mostEarlyEnds({ primitive }: MeasuredCase, ticks: number): number {
  return primitive === FORK ? ticks : 0;
}

function mostOfTicks(name: string, ticks: number, forks: number): ReturnType<typeof tickEvents> {
  switch (name) {
    case "multicall_calls":
      return { count: ticks, reason: SWITCH_REASON };
    case "multicall_entries":
      return { count: ticks * MOST_OF_SWITCH, reason: SWITCH_REASON };
    case "ptwr_emulations":
      return { count: forks * STACK_PAGES, reason: STACK_REASON };
    case "mmu_update_calls":
      return { count: ticks, reason: EARLY_END_REASON };
    default:
      return undefined;
  }
}
