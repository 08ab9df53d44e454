/** Values in the lowest level that one value above stands for. */
const BLOCK = 64;

/** Maxima of any range of numbers: above the numbers a level for blocks of 64, above it one for each power of two of them. */
export class MaxPyramid {
  readonly #values: Float64Array;
  readonly #levels: Float64Array[] = [];

  constructor(values: Float64Array) {
    this.#values = values;
    let below = new Float64Array(Math.ceil(values.length / BLOCK));
    for (let block = 0; block < below.length; block++)
      below[block] = maxOf(values, block * BLOCK, Math.min(values.length, (block + 1) * BLOCK));
    this.#levels.push(below);
    while (below.length > 1) {
      const level = new Float64Array(Math.ceil(below.length / 2));
      for (let i = 0; i < level.length; i++) level[i] = Math.max(below[2 * i], below[2 * i + 1] ?? 0);
      this.#levels.push(level);
      below = level;
    }
  }

  /** Greatest of the values from `from` to `to` - 1; 0 when there is none, or none above 0. */
  max(from: number, to: number): number {
    let first = Math.ceil(from / BLOCK);
    let end = Math.floor(to / BLOCK);
    if (first >= end) return maxOf(this.#values, from, to);
    let max = Math.max(maxOf(this.#values, from, first * BLOCK), maxOf(this.#values, end * BLOCK, to));
    for (let level = 0; first < end; level++) {
      const values = this.#levels[level];
      if ((first & 1) === 1) max = Math.max(max, values[first++]);
      if ((end & 1) === 1) max = Math.max(max, values[--end]);
      first >>= 1;
      end >>= 1;
    }
    return max;
  }
}

function maxOf(values: Float64Array, from: number, to: number): number {
  let max = 0;
  for (let i = from; i < to; i++) if (values[i] > max) max = values[i];
  return max;
}
