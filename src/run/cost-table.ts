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
  const { epoch } = ledger.contexts();
  const rows = Uint32Array.from(epoch.keys()).filter((row) => epoch[row] !== LOADER_EPOCH);
  return { rowCount: rows.length, ...ledger.contexts(rows), ...ledger.sparseCounts(rows) };
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
  const { key, firstOf, rows } = rowsByKey(table.rowCount, keyOf);
  const start = new Uint32Array(key.length + 1);
  const primitive = new Uint16Array(table.primitive.length);
  const count = new Float64Array(table.count.length);
  const sums = new Float64Array(PRIMITIVE_COUNT);
  for (let group = 0; group < key.length; group++) {
    const from = start[group];
    let end = from;
    let isAscending = true;
    for (let k = firstOf[group]; k < firstOf[group + 1]; k++) {
      for (let i = table.start[rows[k]]; i < table.start[rows[k] + 1]; i++) {
        const number = table.primitive[i];
        if (sums[number] === 0) {
          isAscending &&= end === from || primitive[end - 1] < number;
          primitive[end++] = number;
        }
        sums[number] += table.count[i];
      }
    }
    if (!isAscending) primitive.subarray(from, end).sort();
    for (let i = from; i < end; i++) {
      count[i] = sums[primitive[i]];
      sums[primitive[i]] = 0;
    }
    start[group + 1] = end;
  }
  const length = start[key.length];
  return { key, start, primitive: primitive.slice(0, length), count: count.slice(0, length) };
}

/** Rows by what they belong to: those of group g are from `firstOf[g]` to `firstOf[g + 1]`, ascending. */
function rowsByKey(rowCount: number, keyOf: (row: number) => number | undefined) {
  const groups = new Map<number, number>();
  const groupOf = new Int32Array(rowCount).fill(-1);
  for (let row = 0; row < rowCount; row++) {
    const key = keyOf(row);
    if (key === undefined) continue;
    let group = groups.get(key);
    if (group === undefined) {
      group = groups.size;
      groups.set(key, group);
    }
    groupOf[row] = group;
  }
  const firstOf = new Uint32Array(groups.size + 1);
  for (const group of groupOf) if (group >= 0) firstOf[group + 1]++;
  for (let group = 0; group < groups.size; group++) firstOf[group + 1] += firstOf[group];
  const rows = new Uint32Array(firstOf[groups.size]);
  const next = firstOf.slice();
  for (let row = 0; row < rowCount; row++) if (groupOf[row] >= 0) rows[next[groupOf[row]]++] = row;
  return { key: [...groups.keys()], firstOf, rows };
}

/** What a group costs. */
export function costOfGroup(groups: CountGroups, group: number, prices: PriceList): Cycles {
  return costOfRange(groups, groups.start[group], groups.start[group + 1], prices);
}
