import { P } from "../machine/primitives.ts";
import { COPY_REASON, MOST_PER_TICK, mostTicks, READER_REASON, readerEvents } from "./allowances.ts";
import { type Comparison, exact, exactly } from "./check.ts";
import type { MeasuredCase } from "./measured-cases.ts";
import type { SimulatedRun } from "./simulated-case.ts";

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
  const reader = readerEvents(measured, counts[P.xen_inject]);
  const surplusCopies = whole("ptwr_emulations") - counts[P.xen_ptwr];
  const copies = surplusCopies > 0 && surplusCopies <= mostCopies ? surplusCopies : 0;
  for (const [name, primitive] of EVENTS) {
    if (!events.has(name)) continue;
    if (copies > 0 && (name === "ptwr_emulations" || name === "mmuext_op_calls")) {
      yield exact(`pv ${name}`, whole(name), counts[primitive], copies, COPY_REASON);
      continue;
    }
    yield exact(`pv ${name}`, whole(name), counts[primitive], reader?.get(name) ?? 0, reader && READER_REASON);
  }
  for (const name of ABSENT) if (events.has(name)) yield exact(`pv ${name}`, whole(name), 0, 0, undefined);

  const mostOfRun = mostTicks(measured);
  const tickReason = (count: number, what: string) =>
    count > 0 ? `${count} ${what}; a traced run of this length can hold ${mostOfRun} timer ticks` : undefined;
  let ticks = 0;
  if (events.has("iret")) {
    const ofReader = reader?.get("iret") ?? 0;
    const surplus = whole("iret") - counts[P.xen_iret] - ofReader;
    ticks = surplus > 0 && surplus <= mostOfRun ? surplus : 0;
    const reason = tickReason(ticks, "of timer ticks") ?? (ofReader > 0 ? READER_REASON : undefined);
    yield exact("pv iret", whole("iret"), counts[P.xen_iret], ofReader + ticks, reason);
  }
  let woken = 0;
  for (const [name, primitive] of SWITCHES) {
    if (!events.has(name)) continue;
    const surplus = whole(name) - counts[primitive];
    const ofTicks = surplus > 0 && surplus <= mostOfRun * MOST_PER_TICK ? surplus : 0;
    woken += ofTicks;
    yield exact(
      `pv ${name}`,
      whole(name),
      counts[primitive],
      ofTicks,
      tickReason(ofTicks, "of threads that ticks woke"),
    );
  }
  if (events.has("hypercalls_total")) {
    const ofReader = reader?.get("hypercalls_total") ?? 0;
    const allowed = ticks + woken + copies + ofReader;
    const parts = [
      ...(ticks > 0 ? [`${ticks} irets of timer ticks`] : []),
      ...(woken > 0 ? [`${woken} of threads that they woke`] : []),
      ...(copies > 0 ? [`${copies} of ${COPY_REASON}`] : []),
      ...(ofReader > 0 ? [`${ofReader} of ${READER_REASON}`] : []),
    ];
    const reason = parts.length > 0 ? parts.join(", ") : undefined;
    yield exact("pv hypercalls_total", whole("hypercalls_total"), counts[P.xen_hypercall], allowed, reason);
  }
  if (measured.batchSizes !== undefined) {
    const expected = Object.fromEntries(measured.batchSizes);
    const single = reader?.get("mmu_update_calls") ?? 0;
    if (single > 0) expected["1"] = (expected["1"] ?? 0) - single;
    const error = differences(expected, batchSizes);
    const figures = { quantity: "pv mmu_update_batch_sizes", expected, simulated: batchSizes, error };
    yield exactly(figures, single > 0 ? READER_REASON : undefined);
  }
}

/** Number of sizes that occur differently often. */
function differences(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): number {
  let count = 0;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) if ((a[key] ?? 0) !== (b[key] ?? 0)) count++;
  return count;
}
