import { PHASES } from "../machine/context.ts";
import type { SparseCounts } from "../machine/count-rows.ts";
import { type Contexts, Ledger } from "../machine/ledger.ts";
import type { PriceList } from "../machine/prices.ts";
import { PRIMITIVE_COUNT } from "../machine/primitives.ts";
import type { Cycles } from "./cycles.ts";
import { LOADER_EPOCH } from "./machine.ts";

/** A ledger without its zeros and without the loader's charges, as plain data: an entry for each context. */
export interface CostTable extends Contexts, SparseCounts {
  readonly rowCount: number;
}

export function costTableOf(ledger: Ledger): CostTable {
  const all = ledger.contexts();
  const rows = Uint32Array.from(all.epoch.keys()).filter((row) => all.epoch[row] !== LOADER_EPOCH);
  return {
    rowCount: rows.length,
    phase: Uint8Array.from(rows, (row) => all.phase[row]),
    epoch: Int32Array.from(rows, (row) => all.epoch[row]),
    site: Int32Array.from(rows, (row) => all.site[row]),
    region: Int32Array.from(rows, (row) => all.region[row]),
    ...ledger.sparseCounts(rows),
  };
}

/** A ledger that was charged a table's counts. */
export function ledgerOf({ rowCount, phase, epoch, site, region, start, primitive, count }: CostTable): Ledger {
  const ledger = new Ledger(PRIMITIVE_COUNT);
  for (let row = 0; row < rowCount; row++) {
    ledger.enter(PHASES[phase[row]], epoch[row], site[row], region[row]);
    for (let i = start[row]; i < start[row + 1]; i++) ledger.charge(primitive[i], count[i]);
  }
  return ledger;
}

/** The memory of a table's columns, each once. */
export function buffersOf({ phase, epoch, site, region, start, primitive, count }: CostTable): ArrayBuffer[] {
  return [phase, epoch, site, region, start, primitive, count].map(({ buffer }) => buffer as ArrayBuffer);
}

/** What a range of counts costs, added up in their order. */
export function costOfRange(
  { primitive, count }: Pick<CountGroups, "primitive" | "count">,
  from: number,
  to: number,
  prices: PriceList,
): Cycles {
  let cycles = 0;
  let low = 0;
  let high = 0;
  for (let i = from; i < to; i++) {
    cycles += count[i] * prices.cycles[primitive[i]];
    low += count[i] * prices.low[primitive[i]];
    high += count[i] * prices.high[primitive[i]];
  }
  return { cycles, low, high };
}

/** Counts added up by what their contexts have in common: an entry for each group. */
export interface CountGroups extends SparseCounts {
  /** What the contexts of a group have in common, groups in the order of their first context. */
  readonly key: readonly number[];
}

/** @param keyOf what a row belongs to; undefined for rows that are left out */
export function groupCounts(table: CostTable, keyOf: (row: number) => number | undefined): CountGroups {
  const rows = new Map<number, number[]>();
  for (let row = 0; row < table.rowCount; row++) {
    const key = keyOf(row);
    if (key === undefined) continue;
    const others = rows.get(key);
    if (others === undefined) rows.set(key, [row]);
    else others.push(row);
  }
  const start = new Uint32Array(rows.size + 1);
  const primitives: number[] = [];
  const counts: number[] = [];
  const sums = new Float64Array(PRIMITIVE_COUNT);
  let group = 0;
  for (const members of rows.values()) {
    for (const row of members)
      for (let i = table.start[row]; i < table.start[row + 1]; i++) sums[table.primitive[i]] += table.count[i];
    for (let primitive = 0; primitive < PRIMITIVE_COUNT; primitive++) {
      if (sums[primitive] === 0) continue;
      primitives.push(primitive);
      counts.push(sums[primitive]);
      sums[primitive] = 0;
    }
    start[++group] = primitives.length;
  }
  return { key: [...rows.keys()], start, primitive: Uint16Array.from(primitives), count: Float64Array.from(counts) };
}

/** What a group costs. */
export function costOfGroup(groups: CountGroups, group: number, prices: PriceList): Cycles {
  return costOfRange(groups, groups.start[group], groups.start[group + 1], prices);
}
