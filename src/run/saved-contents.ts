import type { Region } from "../checkpoint/regions.ts";
import { firstDifference } from "../machine/bytes.ts";

/**
 * What each region held when a save last took it. A page may be written and hold the same bytes as before: techniques that
 * look at contents do not save it again. The answers depend on the program and its calls only, not on the technique.
 */
export class SavedContents {
  /** A region that is protected anew is another object, and has not been saved. */
  readonly #saved = new WeakMap<Region, Uint8Array>();

  /**
   * Takes the regions as they are now; their epoch's lines have been noted. Only pages that were written can differ.
   * @returns the pages on which a region that was saved before holds other bytes than then, ascending
   */
  save(regions: readonly Region[], memory: Uint8Array): Uint32Array {
    const changed = new Set<number>();
    for (const region of regions) {
      const { address, bytes } = region.spec;
      const saved = this.#saved.get(region);
      if (saved === undefined) {
        this.#saved.set(region, memory.slice(address, address + bytes));
        continue;
      }
      region.pendingLines.eachPage((page) => {
        const slice = region.slice(page);
        const start = address + slice.offset;
        const now = memory.subarray(start, start + slice.bytes);
        const before = saved.subarray(slice.offset, slice.offset + slice.bytes);
        if (firstDifference(now, before) === undefined) return;
        before.set(now);
        changed.add(page);
      });
    }
    return Uint32Array.from(changed).sort();
  }
}
