/** Which items belong to each of some groups: those of group g are `item[start[g]]` to `item[start[g + 1] - 1]`, ascending. */
export interface Groups {
  readonly start: Uint32Array;
  readonly item: Uint32Array;
}

/** @param groupOf the group of each item from 0 to `itemCount` - 1, or a negative number for none */
export function groupBy(groupCount: number, itemCount: number, groupOf: (item: number) => number): Groups {
  const start = new Uint32Array(groupCount + 1);
  for (let item = 0; item < itemCount; item++) {
    const group = groupOf(item);
    if (group >= 0) start[group + 1]++;
  }
  for (let group = 0; group < groupCount; group++) start[group + 1] += start[group];
  const next = start.slice();
  const items = new Uint32Array(start[groupCount]);
  for (let item = 0; item < itemCount; item++) {
    const group = groupOf(item);
    if (group >= 0) items[next[group]++] = item;
  }
  return { start, item: items };
}
