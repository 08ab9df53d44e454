/** A run of bytes: addresses, or offsets from the start of something. */
export interface ByteRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** Runs in ascending order, those that touch or overlap made one. */
export function mergedBytes(ranges: Iterable<ByteRange>): ByteRange[] {
  const merged: ByteRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    if (range.end <= range.start) continue;
    const last = merged.at(-1);
    if (last === undefined || last.end < range.start) merged.push(range);
    else if (range.end > last.end) merged[merged.length - 1] = { start: last.start, end: range.end };
  }
  return merged;
}

/** What of `from` to `to` lies outside of ascending, disjoint ranges. */
export function gapsOf(ranges: readonly ByteRange[], from: number, to: number): ByteRange[] {
  const gaps: ByteRange[] = [];
  let at = from;
  for (let i = firstAfter(ranges, from); i < ranges.length && ranges[i].start < to; i++) {
    const { start, end } = ranges[i];
    if (start > at) gaps.push({ start: at, end: start });
    at = end;
  }
  if (at < to) gaps.push({ start: at, end: to });
  return gaps;
}

/** What of `from` to `to` lies inside of ascending, disjoint ranges. */
export function partsWithin(ranges: readonly ByteRange[], from: number, to: number): ByteRange[] {
  const parts: ByteRange[] = [];
  for (let i = firstAfter(ranges, from); i < ranges.length && ranges[i].start < to; i++)
    parts.push({ start: Math.max(ranges[i].start, from), end: Math.min(ranges[i].end, to) });
  return parts;
}

/** Whether ascending, disjoint ranges hold a byte. */
export function holdByte(ranges: readonly ByteRange[], at: number): boolean {
  const i = firstAfter(ranges, at);
  return i < ranges.length && ranges[i].start <= at;
}

/** Index of the first range that ends behind an address: there may be millions of each that is held against the others. */
function firstAfter(ranges: readonly ByteRange[], address: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle].end <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function byteCount(ranges: Iterable<ByteRange>): number {
  let sum = 0;
  for (const { start, end } of ranges) sum += end - start;
  return sum;
}

/** The runs of indices at which a byte passes, within `from` to `to`. */
export function runsWhere(
  bytes: Uint8Array,
  passes: (byte: number) => boolean,
  from = 0,
  to = bytes.length,
): ByteRange[] {
  const runs: ByteRange[] = [];
  let start = -1;
  let last = -1;
  for (let i = from; i < to; i++) {
    // Neighbours are mostly the same.
    if (bytes[i] === last) continue;
    last = bytes[i];
    const isIn = passes(last);
    if (isIn === start >= 0) continue;
    if (isIn) start = i;
    else {
      runs.push({ start, end: i });
      start = -1;
    }
  }
  if (start >= 0) runs.push({ start, end: to });
  return runs;
}
