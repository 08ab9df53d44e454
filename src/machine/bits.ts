/** How many bits of a word of 32 bits are set. */
export function bitCount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Bits numbered from 0 on, 32 to a word: bit n is bit n % 32 of word n / 32. */

/** Sets [from, end); both below 2^32, `from` below `end`. */
export function setBits(words: Uint32Array, from: number, end: number): void {
  const first = from >>> 5;
  const last = (end - 1) >>> 5;
  const low = -1 << (from & 31);
  const high = -1 >>> (31 - ((end - 1) & 31));
  if (first === last) {
    words[first] |= low & high;
    return;
  }
  words[first] |= low;
  words[last] |= high;
  if (last > first + 1) words.fill(0xffffffff, first + 1, last);
}

/** Tells every run of set bits in [from, end), ascending. */
export function bitRuns(
  words: Uint32Array,
  from: number,
  end: number,
  tell: (start: number, end: number) => void,
): void {
  let start = -1;
  for (let at = from; at < end; ) {
    const index = at >>> 5;
    const word = words[index];
    // The next bit that ends the run, or begins one.
    const rest = (start < 0 ? word : ~word) >>> (at & 31);
    if (rest === 0) {
      at = (index + 1) * 32;
      continue;
    }
    at += 31 - Math.clz32(rest & -rest);
    if (at >= end) break;
    if (start < 0) start = at;
    else {
      tell(start, at);
      start = -1;
    }
  }
  if (start >= 0) tell(start, end);
}
