import type { CampaignInput } from "../restart/reference.ts";
import type { RunWatcher, WatchedProcess } from "../watcher.ts";
import { placeOf } from "./audited-reference.ts";
import { type ByteRange, holdByte } from "./byte-ranges.ts";
import type { Place } from "./findings.ts";
import { SeenEnough, watchReference } from "./partial-run.ts";
import { registerKey } from "./register-shadow.ts";

/** Bytes, or a variable that is none, whose writer is asked for, as it was at a checkpoint. */
export interface WriterQuestion {
  /** Ascending and disjoint. */
  readonly ranges: readonly ByteRange[];
  /** Its key. */
  readonly register?: string | undefined;
  /** Index of the checkpoint. */
  readonly commit: number;
}

/** Stores in one epoch after which a question is not asked on until the next: hot variables would take for ever. */
const MOST_STORES = 200_000;

/** Runs the reference once more as far as it must, and tells which line of the user's code last wrote to each before its checkpoint. */
export function lastWriters(input: CampaignInput, questions: readonly WriterQuestion[]): (Place | undefined)[] {
  const answers = questions.map((): Place | undefined => undefined);
  const newest = questions.map((): Place | undefined => undefined);
  const asked = (at: number) => questions.findIndex(({ ranges }) => holdByte(ranges, at));
  const last = Math.max(-1, ...questions.map(({ commit }) => commit));
  if (last < 0) return answers;
  let checkpoints = 0;
  let stores = 0;
  const watchAll = (mmu: { readonly watched: { set(address: number, bytes: number): void } }) => {
    stores = 0;
    for (const { ranges, commit } of questions)
      if (commit >= checkpoints) for (const { start, end } of ranges) mmu.watched.set(start, end - start);
  };
  const registers = new Map(questions.flatMap(({ register }, i) => (register === undefined ? [] : [[register, i]])));
  const setBy = (key: string, process: WatchedProcess, site: number) => {
    const question = registers.get(key);
    if (question !== undefined) newest[question] = placeOf(process, site) ?? newest[question];
  };
  const watcher: RunWatcher = {
    begin({ mmu }) {
      watchAll(mmu);
      for (const index of mmu.globals().keys())
        if (registers.has(registerKey({ kind: "global", index }))) mmu.watchGlobal(index, true);
      if (registers.size > 0) mmu.tellEntries(true);
    },
    entered(_, frame) {
      const { functionIndex } = frame;
      for (const index of frame.locals.keys())
        if (registers.has(registerKey({ kind: "local", functionIndex, index }))) frame.watchLocal(index, true);
    },
    local(process, { functionIndex }, index, site, isSet) {
      if (isSet) setBy(registerKey({ kind: "local", functionIndex, index }), process, site);
    },
    global(process, index, site, isSet) {
      if (isSet) setBy(registerKey({ kind: "global", index }), process, site);
    },
    checkpointed(_, { mmu }) {
      for (const [i, { commit }] of questions.entries()) if (commit === checkpoints) answers[i] = newest[i];
      checkpoints++;
      if (checkpoints > last) throw new SeenEnough();
      watchAll(mmu);
    },
    access(process, address, size, site, isStore) {
      if (!isStore) return;
      if (++stores > MOST_STORES) process.mmu.watched.clear(address, size);
      for (let at = address; at < address + size; ) {
        const question = asked(at);
        if (question < 0) at++;
        else {
          newest[question] = placeOf(process, site) ?? newest[question];
          at = address + size;
        }
      }
    },
  };
  watchReference(input, watcher);
  return answers;
}
