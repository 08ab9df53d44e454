import { type CampaignInput, referenceRun } from "../restart/reference.ts";
import type { ByteRange } from "./byte-ranges.ts";

/**
 * Which bytes the reference reads after a checkpoint before it writes them: state that goes on from there.
 * @returns whether that is so of a byte of `ranges`
 */
export function liveBytes(
  input: CampaignInput,
  commit: number,
  ranges: readonly ByteRange[],
): (address: number) => boolean {
  const live = new Set<number>();
  let checkpoints = 0;
  referenceRun(input, {
    watcher: {
      checkpointed(_, { mmu }) {
        if (checkpoints++ === commit) for (const { start, end } of ranges) mmu.watched.set(start, end - start);
      },
      access({ mmu }, address, size, _site, isStore) {
        for (let at = address; at < address + size; at++) if (!isStore && mmu.watched.has(at)) live.add(at);
        mmu.watched.clear(address, size);
      },
    },
  });
  return (address) => live.has(address);
}
