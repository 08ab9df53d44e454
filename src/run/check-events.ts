import { BATCH_ENTRIES } from "../linux/platform-xen-pv.ts";
import { P } from "../machine/primitives.ts";
import {
  COPY_REASON,
  EARLY_END_REASON,
  MOST_PER_TICK,
  mostEarlyEnds,
  mostTicks,
  READER_REASON,
  readerEvents,
  tickEvents,
} from "./allowances.ts";
import { type Comparison, exact, exactly } from "./check.ts";
import type { MeasuredCase } from "./measured-cases.ts";
import type { SimulatedRun } from "./simulated-case.ts";

/** Events of the file and the primitives that count them. */
const EVENTS: readonly (readonly [name: string, ...primitives: number[]])[] = [
  ["mmu_update_calls", P.xen_mmu_update],
  ["mmu_update_entries", P.xen_mmu_update_entry, P.xen_mmu_update_unpinned],
  ["mmuext_op_calls", P.xen_mmuext_op],
  ["page_faults_bounced", P.xen_inject],
  ["ptwr_emulations", P.xen_ptwr],
  ["multicall_calls", P.xen_multicall],
  ["multicall_entries", P.xen_multicall_entry],
  ["mmuext_op_in_multicall", P.xen_multicall_mmuext_op],
  ["update_va_mapping", P.xen_update_va_mapping],
];
/** Events that a case of the kinds modelled never has. */
const ABSENT = ["other_traps_bounced"];
/** Hypercalls of a switch between threads: ticks wake threads of the kernel. */
const SWITCHES: readonly (readonly [name: string, primitive: number])[] = [
  ["set_segment_base", P.xen_segment_base],
  ["stack_switch", P.xen_stack_switch],
];
const COMPARED: ReadonlySet<string> = new Set([
  ...[...EVENTS, ...SWITCHES].map(([name]) => name),
  ...ABSENT,
  "iret",
  "hypercalls_total",
]);

/** Events that the file states and that are not compared. */
export function unknownEvents({ events }: MeasuredCase): string[] {
  return [...(events?.keys() ?? [])].filter((name) => !COMPARED.has(name));
}

/** Events under Xen of a whole run. @param mostCopies see `mostCopies` of the allowances */
export function* checkEvents(
  measured: MeasuredCase,
  mostCopies: number,
  { counts, batchSizes }: SimulatedRun,
): IterableIterator<Comparison> {
  const { events, operations } = measured;
  if (events === undefined) return;
  const whole = (name: string) => Math.round((events.get(name) ?? 0) * operations);
  const simulatedOf = (primitives: readonly number[]) => primitives.reduce((sum, number) => sum + counts[number], 0);
  const reader = readerEvents(measured, counts[P.xen_inject]);
  const ofReader = (name: string) => reader?.get(name) ?? 0;
  const mostOfRun = mostTicks(measured);
  const surplusIrets = whole("iret") - counts[P.xen_iret] - ofReader("iret");
  const ticks = surplusIrets > 0 && surplusIrets <= mostOfRun ? surplusIrets : 0;
  const surplusCopies = whole("ptwr_emulations") - counts[P.xen_ptwr];
  const copies = surplusCopies > 0 && surplusCopies <= mostCopies ? surplusCopies : 0;

  // Hypercalls that ticks cause besides their irets: of the events above, and of switches to threads that they wake.
  const ofTicks = new Map<string, number>();
  for (const [name, ...primitives] of EVENTS) {
    if (!events.has(name)) continue;
    const simulated = simulatedOf(primitives);
    if (copies > 0 && (name === "ptwr_emulations" || name === "mmuext_op_calls")) {
      yield exact(`pv ${name}`, whole(name), simulated, copies, COPY_REASON);
      continue;
    }
    const allowed = tickEvents(measured, name, whole(name) - simulated - ofReader(name), ticks);
    if (allowed !== undefined) ofTicks.set(name, allowed.count);
    const reasons = [
      ...(allowed === undefined ? [] : [allowed.reason]),
      ...(ofReader(name) > 0 ? [READER_REASON] : []),
    ];
    const total = (allowed?.count ?? 0) + ofReader(name);
    yield exact(`pv ${name}`, whole(name), simulated, total, reasons.length > 0 ? reasons.join("; ") : undefined);
  }
  for (const name of ABSENT) if (events.has(name)) yield exact(`pv ${name}`, whole(name), 0, 0, undefined);

  const tickReason = (count: number, what: string) =>
    count > 0 ? `${count} ${what}; a traced run of this length can hold ${mostOfRun} timer ticks` : undefined;
  if (events.has("iret")) {
    const reason = tickReason(ticks, "of timer ticks") ?? (ofReader("iret") > 0 ? READER_REASON : undefined);
    yield exact("pv iret", whole("iret"), counts[P.xen_iret], ofReader("iret") + ticks, reason);
  }
  let woken = 0;
  for (const [name, primitive] of SWITCHES) {
    if (!events.has(name)) continue;
    const surplus = whole(name) - counts[primitive];
    const ofThreads = surplus > 0 && surplus <= mostOfRun * MOST_PER_TICK ? surplus : 0;
    woken += ofThreads;
    yield exact(
      `pv ${name}`,
      whole(name),
      counts[primitive],
      ofThreads,
      tickReason(ofThreads, "of threads that ticks woke"),
    );
  }
  if (events.has("hypercalls_total")) {
    const collected = (ofTicks.get("multicall_calls") ?? 0) + (ofTicks.get("mmu_update_calls") ?? 0);
    const allowed = ticks + woken + copies + collected + ofReader("hypercalls_total");
    const parts = [
      ...(ticks > 0 ? [`${ticks} irets of timer ticks`] : []),
      ...(woken + collected > 0 ? [`${woken + collected} of threads that they woke`] : []),
      ...(copies > 0 ? [`${copies} of ${COPY_REASON}`] : []),
      ...(ofReader("hypercalls_total") > 0 ? [`${ofReader("hypercalls_total")} of ${READER_REASON}`] : []),
    ];
    const reason = parts.length > 0 ? parts.join(", ") : undefined;
    yield exact("pv hypercalls_total", whole("hypercalls_total"), counts[P.xen_hypercall], allowed, reason);
  }
  if (measured.batchSizes !== undefined) {
    const single = ofReader("mmu_update_calls");
    const expected = Object.fromEntries(measured.batchSizes);
    if (single > 0) expected["1"] = (expected["1"] ?? 0) - single;
    const isAsSimulated = differences(expected, batchSizes) === 0;
    const mended = withoutEarlyEnds(expected, batchSizes, mostEarlyEnds(measured, ticks));
    const error = differences(mended, batchSizes);
    const figures = { quantity: "pv mmu_update_batch_sizes", expected, simulated: batchSizes, error };
    const reason = error === 0 && !isAsSimulated ? EARLY_END_REASON : single > 0 ? READER_REASON : undefined;
    yield exactly(figures, reason);
  }
}

/**
 * Sizes of batches as they would have been without early ends: a run of entries goes out in full batches and a rest, and
 * where one ends early, the full ones begin anew behind it. So two batches stand for the rest, or for it and a full one.
 * @param ends how many there can have been
 */
function withoutEarlyEnds(
  sizes: Readonly<Record<string, number>>,
  whole: Readonly<Record<string, number>>,
  ends: number,
): Record<string, number> {
  const result = { ...sizes };
  const surplus = (size: number) => (result[size] ?? 0) - (whole[size] ?? 0);
  const add = (size: number, count: number) => {
    result[size] = (result[size] ?? 0) + count;
  };
  for (let left = ends; left > 0; left--) {
    const parts = Object.keys(result).map(Number);
    for (const part of parts.filter((size) => surplus(size) > 0)) {
      const others = parts.filter((size) => surplus(size) > (size === part ? 1 : 0));
      const other = others.find((size) => restOf(part + size).every((lacking) => surplus(lacking) < 0));
      if (other === undefined) continue;
      for (const size of [part, other]) add(size, -1);
      for (const size of restOf(part + other)) add(size, 1);
      break;
    }
  }
  return result;
}

function restOf(entries: number): number[] {
  return entries <= BATCH_ENTRIES ? [entries] : [BATCH_ENTRIES, entries - BATCH_ENTRIES];
}

/** Number of sizes that occur differently often. */
function differences(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): number {
  let count = 0;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) if ((a[key] ?? 0) !== (b[key] ?? 0)) count++;
  return count;
}
