import { NO_SITE, PHASE_NUMBER, PHASES, type Phase } from "../machine/context.ts";
import type { LedgerRow } from "../machine/ledger.ts";
import { oncePer } from "../machine/once-per.ts";
import { P, PRIMITIVE_COUNT } from "../machine/primitives.ts";
import { addTo, type CountGroups, groupCounts } from "./cost-table.ts";
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
  return withPhase(epoch, PHASE_NUMBER[phase]);
}

/** What an `epochPhase` stands for. */
export function fromEpochPhase(key: number): { readonly epoch: number; readonly phase: Phase } {
  return { epoch: withoutPhase(key), phase: PHASES[phaseIn(key)] };
}

/** The key of an epoch or a site in a phase, by its number. */
function withPhase(of: number, phase: number): number {
  return of * PHASES.length + phase;
}

function withoutPhase(key: number): number {
  return Math.floor(key / PHASES.length);
}

function phaseIn(key: number): number {
  return key % PHASES.length;
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
  const { phase, epoch, site } = table;
  const isCounted = PHASES.map((phase) => isOverhead({ phase, epoch: 0 }));
  const byEpochAndPhase = groupCounts(table, (row) => withPhase(epoch[row], phase[row]));
  const byPhase = groupCounts(byEpochAndPhase, (group) => phaseIn(byEpochAndPhase.key[group]));
  const bySiteAndPhase = groupCounts(table, (row) =>
    isCounted[phase[row]] && site[row] !== NO_SITE ? withPhase(site[row], phase[row]) : undefined,
  );
  const bySite = groupCounts(bySiteAndPhase, (group) => withoutPhase(bySiteAndPhase.key[group]));
  const trapsOfSite = new Map<number, number>();
  for (const [group, key] of bySiteAndPhase.key.entries())
    if (phaseIn(key) === PHASE_NUMBER.track) trapsOfSite.set(withoutPhase(key), trapsIn(bySiteAndPhase, group));
  const tracking = byPhase.key.indexOf(PHASE_NUMBER.track);
  return {
    overhead: total(byPhase, (phase) => isCounted[phase]),
    run: total(byPhase, (phase) => phase === PHASE_NUMBER.run),
    byPhase,
    byEpochAndPhase,
    bySite,
    trapsBySite: Float64Array.from(bySite.key, (site) => trapsOfSite.get(site) ?? 0),
    traps: tracking < 0 ? 0 : trapsIn(byPhase, tracking),
  };
}

/** By primitive: the counts of the groups whose keys pass. */
function total(groups: CountGroups, accept: (key: number) => boolean): Float64Array {
  const sums = new Float64Array(PRIMITIVE_COUNT);
  for (const [group, key] of groups.key.entries()) if (accept(key)) addTo(sums, groups, group);
  return sums;
}

/** Page faults of a group. */
function trapsIn({ start, primitive, count }: CountGroups, group: number): number {
  let traps = 0;
  for (let i = start[group]; i < start[group + 1]; i++) if (TRAPS.includes(primitive[i])) traps += count[i];
  return traps;
}
