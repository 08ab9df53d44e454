/** Bytes of a region in one image beside those in the image before; without one, every byte is new. */
export interface TwoVersions {
  readonly now: Uint8Array;
  readonly before: Uint8Array | undefined;
}

/** Bytes from `offset` on that belong to one change. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** So many equal bytes part two changes: fields of one record that were written together are one. */
export const GAP_BYTES = 16;

/** 1 for each byte of a window that differs from the version before, or is not in it. */
export function changedIn({ now, before }: TwoVersions, offset: number, length: number): Uint8Array {
  const window = now.subarray(offset, offset + length);
  return window.map((byte, i) => (before === undefined || byte !== before[offset + i] ? 1 : 0));
}

/** Changed bytes in each of `buckets` equal parts; byte i is in part `floor(i * buckets / size)`. */
export function changesByPart({ now, before }: TwoVersions, buckets: number): Uint32Array {
  const counts = new Uint32Array(buckets);
  const size = now.length;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = Math.ceil((bucket * size) / buckets);
    const to = Math.ceil(((bucket + 1) * size) / buckets);
    if (before === undefined) {
      counts[bucket] = to - from;
      continue;
    }
    let count = 0;
    for (let i = from; i < to; i++) if (now[i] !== before[i]) count++;
    counts[bucket] = count;
  }
  return counts;
}

/** The first change that begins after `from`; -1 looks at all. */
export function nextChange({ now, before }: TwoVersions, from: number): ByteRange | undefined {
  if (before === undefined) return from < 0 && now.length > 0 ? { offset: 0, length: now.length } : undefined;
  let equal = 0;
  for (let i = Math.max(0, from + 1 - GAP_BYTES); i < now.length; i++) {
    if (now[i] === before[i]) {
      equal++;
      continue;
    }
    if (i > from && equal >= Math.min(GAP_BYTES, i)) return rangeFrom(now, before, i);
    equal = 0;
  }
  return undefined;
}

/** The last change that begins before `from`; the region's size looks at all. */
export function previousChange({ now, before }: TwoVersions, from: number): ByteRange | undefined {
  if (before === undefined) return from > 0 && now.length > 0 ? { offset: 0, length: now.length } : undefined;
  let start = -1;
  for (let i = Math.min(from, now.length) - 1; i >= 0; i--) {
    if (now[i] !== before[i]) start = i;
    else if (start >= 0 && start - i >= GAP_BYTES) break;
  }
  return start < 0 ? undefined : rangeFrom(now, before, start);
}

function rangeFrom(now: Uint8Array, before: Uint8Array, offset: number): ByteRange {
  let end = offset + 1;
  for (let i = end; i < now.length && i - end < GAP_BYTES; i++) if (now[i] !== before[i]) end = i + 1;
  return { offset, length: end - offset };
}
