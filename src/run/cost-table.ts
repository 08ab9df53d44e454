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
export function buffersOf(table: CostTable): ArrayBuffer[] {
  const { phase, epoch, site, region, primitives, start, primitive, count } = table;
  return [phase, epoch, site, region, primitives, start, primitive, count].map(({ buffer }) => buffer as ArrayBuffer);
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

/**
 * @param counts of contexts, or of groups of them: counts are whole numbers, whose sums are the same in any order
 * @param keyOf what an entry belongs to, from 0 on; undefined for those that are left out
 */
export function groupCounts(counts: SparseCounts, keyOf: (entry: number) => number | undefined): CountGroups {
  const { key, groupOf } = groupEntries(counts.start.length - 1, keyOf);
  const { firstOf, entries } = entriesOfGroups(key.length, groupOf);
  const { primitives } = counts;
  const sums = new Float64Array(PRIMITIVE_COUNT);
  const start = new Uint32Array(key.length + 1);
  const room = Math.min(counts.count.length, key.length * primitives.length);
  const primitive = new Uint16Array(room);
  const count = new Float64Array(room);
  let length = 0;
  for (let group = 0; group < key.length; group++) {
    for (let k = firstOf[group]; k < firstOf[group + 1]; k++) addTo(sums, counts, entries[k]);
    for (let i = 0; i < primitives.length; i++) {
      const sum = sums[primitives[i]];
      if (sum === 0) continue;
      primitive[length] = primitives[i];
      count[length++] = sum;
      sums[primitives[i]] = 0;
    }
    start[group + 1] = length;
  }
  return { key, primitives, start, primitive: primitive.slice(0, length), count: count.slice(0, length) };
}

/** Adds the counts of an entry to sums by primitive. */
export function addTo(sums: Float64Array, { start, primitive, count }: SparseCounts, entry: number): void {
  const end = start[entry + 1];
  for (let i = start[entry]; i < end; i++) sums[primitive[i]] += count[i];
}

/** Which group each entry belongs to, -1 for none, and what is common to each, in the order of their first entries. */
function groupEntries(entryCount: number, keyOf: (entry: number) => number | undefined) {
  const key: number[] = [];
  /** By key: 1 + its group. */
  const groups: number[] = [];
  const groupOf = new Int32Array(entryCount).fill(-1);
  for (let entry = 0; entry < entryCount; entry++) {
    const found = keyOf(entry);
    if (found === undefined) continue;
    while (groups.length <= found) groups.push(0);
    if (groups[found] === 0) groups[found] = key.push(found);
    groupOf[entry] = groups[found] - 1;
  }
  return { key, groupOf };
}

/** Entries by their groups: those of group g are from `firstOf[g]` to `firstOf[g + 1]`, ascending. */
function entriesOfGroups(groupCount: number, groupOf: Int32Array) {
  const firstOf = new Uint32Array(groupCount + 1);
  for (const group of groupOf) if (group >= 0) firstOf[group + 1]++;
  for (let group = 0; group < groupCount; group++) firstOf[group + 1] += firstOf[group];
  const entries = new Uint32Array(firstOf[groupCount]);
  const next = firstOf.slice();
  for (let entry = 0; entry < groupOf.length; entry++) if (groupOf[entry] >= 0) entries[next[groupOf[entry]]++] = entry;
  return { firstOf, entries };
}

/** What a group costs. */
export function costOfGroup(groups: CountGroups, group: number, prices: PriceList): Cycles {
  return costOfRange(groups, groups.start[group], groups.start[group + 1], prices);
}
