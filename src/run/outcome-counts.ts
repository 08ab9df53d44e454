import { NO_SITE, PHASE_NUMBER, PHASES, type Phase } from "../machine/context.ts";
import type { LedgerRow } from "../machine/ledger.ts";
import { oncePer } from "../machine/once-per.ts";
import { P, PRIMITIVE_COUNT } from "../machine/primitives.ts";
import { type CountGroups, groupCounts } from "./cost-table.ts";
import type { HeadlineCounts } from "./headline.ts";
import { LOADER_EPOCH } from "./machine.ts";
import type { Outcome } from "./outcome.ts";

/** What prices are put on: an outcome's counts, added up in the ways that reports show. */
export interface OutcomeCounts extends HeadlineCounts {
  /** By number of the phase, of all phases. */
  readonly byPhase: CountGroups;
  /** By `epochPhase`, of all phases. */
  readonly byEpochAndPhase: CountGroups;
  /** Of overhead, by site; what no site caused is left out. */
  readonly bySite: CountGroups;
  /** Page faults of tracking, by the same groups. */
  readonly trapsBySite: Float64Array;
  readonly traps: number;
}

/** Whether a row is what the program waits for because it is checkpointed: not its own need, not the loader's, not elsewhere's. */
export function isOverhead(row: Pick<LedgerRow, "epoch" | "phase">): boolean {
  return row.epoch !== LOADER_EPOCH && row.phase !== "run" && row.phase !== "background";
}

/** One number for both, as a key. */
export function epochPhase(epoch: number, phase: Phase): number {
  return epoch * PHASES.length + PHASE_NUMBER[phase];
}

/** What an `epochPhase` stands for. */
export function fromEpochPhase(key: number): { readonly epoch: number; readonly phase: Phase } {
  return { epoch: Math.floor(key / PHASES.length), phase: PHASES[key % PHASES.length] };
}

/** Page faults, by whom they were taken: the guest's kernel, Xen's handler of exceptions, or Xen by a VM exit. */
export const TRAPS: readonly number[] = [
  P.cpu_exception,
  P.xen_cpu_exception,
  P.xen_hvm_page_fault,
  P.xen_ept_violation,
];

/** Added up once for each outcome, whatever prices are put on it. */
export const countsOf: (outcome: Outcome) => OutcomeCounts = oncePer(addUp);

function addUp({ costs: table }: Outcome): OutcomeCounts {
  const isCounted = PHASES.map((phase) => isOverhead({ phase, epoch: 0 }));
  const overhead = new Float64Array(PRIMITIVE_COUNT);
  const run = new Float64Array(PRIMITIVE_COUNT);
  const bySite = groupCounts(table, (row) =>
    isCounted[table.phase[row]] && table.site[row] !== NO_SITE ? table.site[row] : undefined,
  );
  const groupOfSite = new Map(bySite.key.map((site, group) => [site, group]));
  const trapsBySite = new Float64Array(bySite.key.length);
  let traps = 0;
  for (let row = 0; row < table.rowCount; row++) {
    if (table.phase[row] === PHASE_NUMBER.run)
      for (let i = table.start[row]; i < table.start[row + 1]; i++) run[table.primitive[i]] += table.count[i];
    if (!isCounted[table.phase[row]]) continue;
    const group = groupOfSite.get(table.site[row]);
    for (let i = table.start[row]; i < table.start[row + 1]; i++) {
      const primitive = table.primitive[i];
      overhead[primitive] += table.count[i];
      if (table.phase[row] !== PHASE_NUMBER.track || !TRAPS.includes(primitive)) continue;
      traps += table.count[i];
      if (group !== undefined) trapsBySite[group] += table.count[i];
    }
  }
  return {
    overhead,
    run,
    byPhase: groupCounts(table, (row) => table.phase[row]),
    byEpochAndPhase: groupCounts(table, (row) => epochPhase(table.epoch[row], PHASES[table.phase[row]])),
    bySite,
    trapsBySite,
    traps,
  };
}
