import fc from "fast-check";
import type { CheckpointImage, RegionImage } from "../../../src/checkpoint/images.ts";

const REGION_BYTES = 24;

/** What an image holds: of some of three regions all, or pieces of four bytes. */
const step = fc.record({
  name: fc.constantFrom("a", "b.c"),
  regions: fc.uniqueArray(
    fc.record({
      id: fc.nat(2),
      whole: fc.integer({ min: 0, max: 3 }).map((chance) => chance === 0),
      pieces: fc.uniqueArray(fc.nat(REGION_BYTES / 4 - 1), { maxLength: 4 }),
      bytes: fc.uint8Array({ minLength: REGION_BYTES, maxLength: REGION_BYTES }),
    }),
    { selector: ({ id }) => id, minLength: 1, maxLength: 3 },
  ),
});

/** Images in the order of their commits, each with what its regions hold: by a program that is run, and not by any store. */
export interface History {
  readonly images: readonly CheckpointImage[];
  /** By image: the region's bytes by its id. */
  readonly states: readonly ReadonlyMap<number, Uint8Array>[];
}

export function historyOf(steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]): History {
  const now = new Map<number, Uint8Array>();
  const images: CheckpointImage[] = [];
  const states: Map<number, Uint8Array>[] = [];
  steps.forEach(({ name, regions }, i) => {
    const state = new Map<number, Uint8Array>();
    const parts = regions.map(({ id, whole, pieces, bytes }): RegionImage => {
      const before = now.get(id);
      const isWhole = whole || before === undefined;
      const after = isWhole ? bytes : before.slice();
      const offsets = isWhole ? [0] : [...pieces].sort((a, b) => a - b).map((piece) => piece * 4);
      const size = isWhole ? REGION_BYTES : 4;
      for (const offset of offsets) after.set(bytes.subarray(offset, offset + size), offset);
      now.set(id, after);
      state.set(id, after);
      return {
        ...{
          id,
          group: id === 2 ? "b.c" : "",
          label: id === 1 ? "größe" : "",
          sizeBytes: REGION_BYTES,
          whole: isWhole,
        },
        offsets: Uint32Array.from(offsets),
        lengths: new Uint32Array(offsets.length).fill(size),
        bytes: Uint8Array.from(offsets.flatMap((offset) => [...bytes.subarray(offset, offset + size)])),
      };
    });
    images.push({ name, version: i + 1, cycle: 1000.5 * i, regions: parts });
    states.push(state);
  });
  return { images, states };
}

export const histories = fc.array(step, { minLength: 1, maxLength: 7 }).map(historyOf);

/** Which images of a history can be restored, when only some of them are whole: by looking at what each region needs. */
export function restorable({ images }: History, isWhole: (index: number) => boolean): number[] {
  const canRestore = (index: number, region: RegionImage): boolean => {
    if (!isWhole(index)) return false;
    if (region.whole) return true;
    for (let i = index - 1; i >= 0; i--) {
      const base = images[i].regions.find(({ id, group }) => id === region.id && group === region.group);
      if (base !== undefined) return canRestore(i, base);
    }
    return false;
  };
  return [...images.keys()].filter((i) => images[i].regions.every((region) => canRestore(i, region)));
}
