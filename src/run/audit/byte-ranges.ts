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
  for (const { start, end } of ranges) {
    if (end <= at) continue;
    if (start >= to) break;
    if (start > at) gaps.push({ start: at, end: start });
    at = end;
  }
  if (at < to) gaps.push({ start: at, end: to });
  return gaps;
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
  let [last, lastPasses] = [-1, false];
  for (let i = from; i < to; i++) {
    // Neighbours are mostly the same.
    if (bytes[i] === last) continue;
    last = bytes[i];
    const passesNow = passes(last);
    if (passesNow === lastPasses) continue;
    lastPasses = passesNow;
    if (passesNow) start = i;
    else {
      runs.push({ start, end: i });
      start = -1;
    }
  }
  if (start >= 0) runs.push({ start, end: to });
  return runs;
}
