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
  const rows = ledger.rowsWithout(LOADER_EPOCH);
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

/** @param keyOf what a row belongs to, from 0 on; undefined for rows that are left out */
export function groupCounts(table: CostTable, keyOf: (row: number) => number | undefined): CountGroups {
  const { key, groupOf } = groupRows(table.rowCount, keyOf);
  return key.length <= FEW_GROUPS ? fewGroups(table, key, groupOf) : manyGroups(table, key, groupOf);
}

/** So few that each may have a place for every primitive. */
const FEW_GROUPS = 256;

function fewGroups(table: CostTable, key: readonly number[], groupOf: Int32Array): CountGroups {
  const sums = new Float64Array(key.length * PRIMITIVE_COUNT);
  for (let row = 0; row < table.rowCount; row++) {
    if (groupOf[row] < 0) continue;
    const base = groupOf[row] * PRIMITIVE_COUNT;
    for (let i = table.start[row]; i < table.start[row + 1]; i++) sums[base + table.primitive[i]] += table.count[i];
  }
  const start = new Uint32Array(key.length + 1);
  const primitive: number[] = [];
  const count: number[] = [];
  for (let at = 0; at < sums.length; at++) {
    if (sums[at] !== 0) {
      primitive.push(at % PRIMITIVE_COUNT);
      count.push(sums[at]);
    }
    if ((at + 1) % PRIMITIVE_COUNT === 0) start[(at + 1) / PRIMITIVE_COUNT] = count.length;
  }
  return { key, start, primitive: Uint16Array.from(primitive), count: Float64Array.from(count) };
}

function manyGroups(table: CostTable, key: readonly number[], groupOf: Int32Array): CountGroups {
  const { firstOf, rows } = rowsOfGroups(key.length, groupOf);
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

/** Which group each row belongs to, -1 for none, and what is common to each, in the order of their first rows. */
function groupRows(rowCount: number, keyOf: (row: number) => number | undefined) {
  const key: number[] = [];
  /** By key: 1 + its group. */
  const groups: number[] = [];
  const groupOf = new Int32Array(rowCount).fill(-1);
  for (let row = 0; row < rowCount; row++) {
    const found = keyOf(row);
    if (found === undefined) continue;
    while (groups.length <= found) groups.push(0);
    if (groups[found] === 0) groups[found] = key.push(found);
    groupOf[row] = groups[found] - 1;
  }
  return { key, groupOf };
}

/** Rows by their groups: those of group g are from `firstOf[g]` to `firstOf[g + 1]`, ascending. */
function rowsOfGroups(groupCount: number, groupOf: Int32Array) {
  const firstOf = new Uint32Array(groupCount + 1);
  for (const group of groupOf) if (group >= 0) firstOf[group + 1]++;
  for (let group = 0; group < groupCount; group++) firstOf[group + 1] += firstOf[group];
  const rows = new Uint32Array(firstOf[groupCount]);
  const next = firstOf.slice();
  for (let row = 0; row < groupOf.length; row++) if (groupOf[row] >= 0) rows[next[groupOf[row]]++] = row;
  return { firstOf, rows };
}

/** What a group costs. */
export function costOfGroup(groups: CountGroups, group: number, prices: PriceList): Cycles {
  return costOfRange(groups, groups.start[group], groups.start[group + 1], prices);
}
