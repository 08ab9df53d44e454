/** Shades that a value can have, without the one for zero. */
const SHADES = 255;

/**
 * The shade of each value: 0 stays 0, the others from 1 to 255 by their logarithm, so that pages that are written once are
 * told from those written a thousand times, and from those never written.
 */
export function shadesOf(values: ArrayLike<number>, max: number, into: Uint8Array): void {
  const length = Math.min(values.length, into.length);
  if (max <= 1) {
    for (let i = 0; i < length; i++) into[i] = values[i] === 0 ? 0 : SHADES;
    return;
  }
  // Of small values by a table: a logarithm for each of a million pages takes longer than a frame.
  const table = new Uint8Array(Math.min(max, 65535) + 1);
  for (let value = 1; value < table.length; value++) table[value] = shadeOf(value, max);
  for (let i = 0; i < length; i++) {
    const value = values[i];
    into[i] = value < table.length ? table[value] : shadeOf(value, max);
  }
}

export function shadeOf(value: number, max: number): number {
  if (value <= 0) return 0;
  if (max <= 1) return SHADES;
  return 1 + Math.round(((SHADES - 1) * Math.log(value)) / Math.log(max));
}
