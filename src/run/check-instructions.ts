import { P, PRIMITIVES } from "../machine/primitives.ts";
import { COPY_REASON, MOST_PER_TICK, mostSlabs, SLAB_REASON, ticksOf } from "./allowances.ts";
import { type Comparison, exact } from "./check.ts";
import type { MeasuredSide } from "./measured-cases.ts";
import { HARNESS_INSTRUCTIONS } from "./prims-code.ts";
import type { SimulatedRun } from "./simulated-case.ts";

/** Largest relative error of a path length. */
const PATH_BOUND = 0.05;
const PATH_REASON =
  "repeated runs of one case differ by up to 10 % (allocations take a longer way when a slab runs empty), and a step has one length here, whichever way the kernel takes through it";

const COPY_OPERATIONS: ReadonlySet<string> = new Set([
  "kernel.invlpg",
  "kernel.syscall",
  "xen.mov_from_cr2",
  "xen.invlpg",
  "xen.iret",
  "xen.sysret",
]);

/** Privileged and special instructions of the file and the primitives that count them. */
const PRIVILEGED: ReadonlyMap<string, number> = new Map([
  ["user.syscall", P.cpu_syscall],
  ["kernel.syscall", P.cpu_hypercall],
  ["kernel.sysret", P.cpu_sysret],
  ["kernel.iret", P.cpu_iretq],
  ["kernel.swapgs", P.cpu_swapgs],
  ["kernel.mov_to_cr3", P.cpu_cr3_write],
  ["kernel.mov_from_cr3", P.cpu_cr3_read],
  ["kernel.mov_from_cr2", P.cpu_cr2_read],
  ["kernel.invlpg", P.cpu_invlpg],
  ["kernel.wrmsr", P.cpu_wrmsr],
  ["kernel.fxsave", P.cpu_fxsave],
  ["kernel.fxrstor", P.cpu_fxrstor],
  ["xen.mov_to_cr3", P.xen_cpu_cr3_write],
  ["xen.mov_from_cr3", P.xen_cpu_cr3_read],
  ["xen.mov_from_cr2", P.xen_cpu_cr2_read],
  ["xen.invlpg", P.xen_cpu_invlpg],
  ["xen.iret", P.xen_cpu_iretq],
  ["xen.sysret", P.xen_cpu_sysret],
  ["xen.rdmsr", P.xen_cpu_rdmsr],
  ["xen.wrmsr", P.xen_cpu_wrmsr],
  ["xen.swapgs", P.xen_cpu_swapgs],
]);

/** Privileged instructions that the file states and that are not compared. */
export function unknownPrivileged({ privileged }: MeasuredSide): string[] {
  return [...(privileged?.keys() ?? [])].filter((name) => !PRIVILEGED.has(name));
}

/** What the file does not state of its privileged instructions never happened. */
export function* checkPrivileged(
  side: string,
  { privileged, entries }: MeasuredSide,
  { counts }: SimulatedRun,
  operations: number,
  mostCopies: number,
): IterableIterator<Comparison> {
  if (privileged === undefined) return;
  const ticks = ticksOf(entries, operations);
  for (const [name, primitive] of PRIVILEGED) {
    const expected = Math.round((privileged.get(name) ?? 0) * operations);
    const simulated = counts[primitive];
    if (simulated === 0 && !privileged.has(name)) continue;
    const surplus = expected - simulated;
    const slabs = name === "kernel.fxsave" || name === "kernel.fxrstor" ? mostSlabs(counts) : 0;
    const most = slabs + ticks * MOST_PER_TICK + (COPY_OPERATIONS.has(name) ? mostCopies : 0);
    const allowed = surplus > 0 && surplus <= most ? surplus : 0;
    let reason: string | undefined;
    if (allowed > 0) {
      const others = slabs > 0 ? SLAB_REASON : COPY_REASON;
      reason = ticks > 0 ? `${ticks} timer ticks in the run, and the threads they woke` : others;
    }
    yield exact(`${side} ${name}`, expected, simulated, allowed, reason);
  }
}

/** Instructions per operation, all of them and by address space. */
export function* checkPaths(
  side: string,
  { instructionsMin: min, instructionsMedian: median, split }: MeasuredSide,
  run: SimulatedRun,
  operations: number,
): IterableIterator<Comparison> {
  const spaces = { user: 0, guest_kernel: 0, xen: 0 };
  for (let step = 0; step < run.counts.length; step++) {
    const instructions = run.counts[step] * run.lengths[step];
    if (instructions === 0) continue;
    const { layer } = PRIMITIVES[step];
    spaces[layer === "guestKernel" ? "guest_kernel" : layer === "hypervisor" ? "xen" : "user"] += instructions;
  }
  const harness = HARNESS_INSTRUCTIONS / operations;
  if (min !== undefined) {
    const total = (spaces.user + spaces.guest_kernel + spaces.xen) / operations - harness;
    yield path(`${side} instructions`, min, median ?? min, total);
  }
  if (split === undefined) return;
  const perOperation = (space: keyof typeof spaces) => spaces[space] / operations;
  yield path(`${side} user instructions`, split.user, split.user, perOperation("user"));
  yield path(`${side} xen instructions`, split.xen, split.xen, perOperation("xen"));
  const least = min === undefined ? split.guest_kernel : min + harness - split.user - split.xen;
  const low = Math.min(least, split.guest_kernel);
  const high = Math.max(least, split.guest_kernel);
  yield path(`${side} guest kernel instructions`, low, high, perOperation("guest_kernel"));
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
    boundReason: PATH_REASON,
    holds: Math.abs(error) <= PATH_BOUND,
    ...(high > low ? { reason: `runs measured from ${low} to ${high}` } : {}),
  };
}
