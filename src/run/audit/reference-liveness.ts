import { type CampaignInput, referenceRun } from "../restart/reference.ts";
import { type ByteRange, gapsOf, mergedBytes } from "./byte-ranges.ts";
import { registerKey } from "./register-shadow.ts";

/** State that goes on from a checkpoint: whether the reference reads it after that before it writes it. */
export interface Liveness {
  /** The bytes that it does not read so. */
  deadParts(start: number, end: number): readonly ByteRange[];
  register(key: string): boolean;
}

/** @param ranges bytes that are asked for; variables that are no memory are all told */
export function livenessOf(input: CampaignInput, commit: number, ranges: readonly ByteRange[]): Liveness {
  const bytes = new Set<number>();
  const registers = new Set<string>();
  let checkpoints = 0;
  referenceRun(input, {
    watcher: {
      checkpointed(_, { mmu }) {
        if (checkpoints++ !== commit) return;
        for (const { start, end } of ranges) mmu.watched.set(start, end - start);
        for (const index of mmu.globals().keys()) mmu.watchGlobal(index, true);
        for (const frame of mmu.frames()) for (const local of frame.locals.keys()) frame.watchLocal(local, true);
      },
      access({ mmu }, address, size, _site, isStore) {
        for (let at = address; at < address + size; at++) if (!isStore && mmu.watched.has(at)) bytes.add(at);
        mmu.watched.clear(address, size);
      },
      local(_, frame, index, _site, isSet) {
        frame.watchLocal(index, false);
        if (!isSet) registers.add(registerKey({ kind: "local", functionIndex: frame.functionIndex, index }));
      },
      global({ mmu }, index, _site, isSet) {
        mmu.watchGlobal(index, false);
        if (!isSet) registers.add(registerKey({ kind: "global", index }));
      },
    },
  });
  const live = mergedBytes(Array.from(bytes, (start) => ({ start, end: start + 1 })));
  return { deadParts: (start, end) => gapsOf(live, start, end), register: (key) => registers.has(key) };
}
