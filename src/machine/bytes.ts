/** Words of four bytes, as many as are whole; a view where the bytes are aligned, and else a copy. */
export function words(bytes: Uint8Array): Uint32Array {
  const count = bytes.length >>> 2;
  if ((bytes.byteOffset & 3) === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, count);
  return new Uint32Array(bytes.slice(0, count * 4).buffer);
}

/** The first index at which two byte strings differ, be it that one ends; undefined where they are equal. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number | undefined {
  if (a === b) return undefined;
  const end = Math.min(a.length, b.length);
  const [one, other] = [words(a.subarray(0, end)), words(b.subarray(0, end))];
  let word = 0;
  // Four at a time, as most of what is compared is the same.
  const wholes = one.length - 3;
  while (
    word < wholes &&
    ((one[word] ^ other[word]) |
      (one[word + 1] ^ other[word + 1]) |
      (one[word + 2] ^ other[word + 2]) |
      (one[word + 3] ^ other[word + 3])) ===
      0
  )
    word += 4;
  for (let i = word * 4; i < end; i++) if (a[i] !== b[i]) return i;
  return a.length === b.length ? undefined : end;
}
