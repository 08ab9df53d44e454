/**
 * Where the bytes of rewritten function bodies came from, as pieces in ascending order: copied code keeps its distance
 * to the original, inserted code belongs to one original instruction.
 */
export interface OffsetMapBuilder {
  /** From here on, code is a copy of the original from `original` on. */
  copied(at: number, original: number): void;
  /** From here on, code was inserted for the instruction at `original`. */
  inserted(at: number, original: number): void;
  /** From here on, code has no original. */
  none(at: number): void;
  /** Number of pieces so far. */
  mark(): number;
  /** Moves all pieces from a mark on. */
  shift(fromMark: number, by: number): void;
  /** @param base what to add to the offsets given so far to get offsets in the file */
  build(base: number): (offset: number) => number | undefined;
}

export function createOffsetMap(): OffsetMapBuilder {
  const starts: number[] = [];
  /** Original offset if copied, its complement (-1 - offset) if inserted, NaN if none. */
  const origins: number[] = [];
  const push = (at: number, origin: number) => {
    const last = starts.length - 1;
    if (last >= 0 && starts[last] === at) origins[last] = origin;
    else {
      starts.push(at);
      origins.push(origin);
    }
  };
  return {
    copied: push,
    inserted: (at, original) => push(at, -1 - original),
    none: (at) => push(at, Number.NaN),
    mark: () => starts.length,
    shift(fromMark, by) {
      for (let i = fromMark; i < starts.length; i++) starts[i] += by;
    },
    build(base) {
      const pieceStarts = Float64Array.from(starts);
      const pieceOrigins = Float64Array.from(origins);
      return (offset) => {
        const target = offset - base;
        let low = 0;
        let high = pieceStarts.length;
        while (low < high) {
          const middle = (low + high) >> 1;
          if (pieceStarts[middle] <= target) low = middle + 1;
          else high = middle;
        }
        if (low === 0) return undefined;
        const origin = pieceOrigins[low - 1];
        if (Number.isNaN(origin)) return undefined;
        return origin < 0 ? -1 - origin : origin + (target - pieceStarts[low - 1]);
      };
    },
  };
}
