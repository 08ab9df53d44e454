import type { CheckpointImage } from "../../checkpoint/images.ts";
import { words } from "../../machine/bytes.ts";
import type { AuditedReference } from "./audited-reference.ts";
import type { AuditedRestart } from "./audited-restart.ts";
import { type ByteRange, runsWhere } from "./byte-ranges.ts";
import type { Place } from "./findings.ts";
import { Shadow } from "./restart-shadow.ts";

/** Bytes of a region that no restarted program needs. */
export interface DeadBytes {
  readonly id: number;
  readonly group: string;
  readonly regionBytes: number;
  /** Where the region lay in the reference, and in which of its checkpoints it was first found so. */
  readonly address: number;
  readonly commit: number;
  /** Offsets from the region's start. */
  readonly ranges: readonly ByteRange[];
  /** Where a restarted program overwrites it. */
  readonly writtenAt: Place | undefined;
}

/** Of a region: which bytes restarts read, and which they overwrite unread, as offsets from its start. */
export interface RegionLayer {
  readonly region: number;
  readonly group: string;
  readonly live: readonly ByteRange[];
  readonly dead: readonly ByteRange[];
}

/** Runs that are kept of a layer; where there are more, short gaps between them are closed. */
const MOST_RUNS = 4000;

const LIVE = 1;
const OVERWRITTEN = 2;
/** Written between two checkpoints, and for the second one in vain. */
const PAID = 4;
/** By the restart before, before its next checkpoint. */
const SET_BEFORE = 8;

/** By what was known of a byte, and what became of it in the next restart: what is known then. */
const NEXT = Uint8Array.from({ length: 256 }, (_, index) => {
  const [before, state] = [index >> 4, index & 15];
  const isOverwritten = state === Shadow.dead || state === Shadow.deadLater;
  let now = before & ~SET_BEFORE;
  if (state === Shadow.live) now |= LIVE;
  if (isOverwritten) now |= (before & SET_BEFORE) !== 0 ? OVERWRITTEN | PAID : OVERWRITTEN;
  if (state === Shadow.dead) now |= SET_BEFORE;
  return now;
});

/**
 * Finds bytes that restarted programs always overwrite before they read them, and never the other way round. Runs of them are
 * left out where none was written between two checkpoints: no checkpoint after the first had to take them, and they may well be
 * state whose time had not come.
 */
export class DeadBytesFinder {
  readonly #audited: AuditedReference;
  readonly #uses = new Map<string, Uint8Array>();
  readonly #firsts = new Map<string, { readonly commit: number; readonly writtenAt: Place | undefined }>();

  constructor(audited: AuditedReference) {
    this.#audited = audited;
  }

  /** Restarts come in the order of their checkpoints. */
  add({ commit, regions, overwrites }: AuditedRestart): void {
    if (commit === undefined) return;
    for (const { id, group, address, states } of regions) {
      const key = `${id} ${group}`;
      const use = grown(this.#uses.get(key), states.length);
      this.#uses.set(key, use);
      const isOverwritten = follow(use, states);
      if (this.#firsts.has(key) || !isOverwritten) continue;
      const first = overwrites.find(({ start, end }) => end > address && start < address + states.length);
      this.#firsts.set(key, { commit, writtenAt: first?.place.user });
    }
  }

  /** What is known of each region's bytes: read, or overwritten unread, in some restart and never the other way round first. */
  uses(): RegionLayer[] {
    return [...this.#uses].map(([key, use]) => ({
      region: Number(key.slice(0, key.indexOf(" "))),
      group: key.slice(key.indexOf(" ") + 1),
      live: coarse(runsWhere(use, (byte) => (byte & LIVE) !== 0)),
      dead: coarse(runsWhere(use, (byte) => (byte & (LIVE | OVERWRITTEN)) === OVERWRITTEN)),
    }));
  }

  list(): DeadBytes[] {
    return [...this.#firsts].flatMap(([key, first]) => {
      const use = this.#uses.get(key) ?? new Uint8Array();
      const [id, group] = [Number(key.slice(0, key.indexOf(" "))), key.slice(key.indexOf(" ") + 1)];
      const saved = this.#audited.states[first.commit].saved.find((one) => one.id === id && one.group === group);
      if (saved === undefined) return [];
      const dead = runsWhere(use, (byte) => (byte & (LIVE | OVERWRITTEN)) === OVERWRITTEN);
      const ranges = isSavedOnce(this.#audited, id, group)
        ? dead
        : dead.filter(({ start, end }) => use.subarray(start, end).some((byte) => (byte & PAID) !== 0));
      return ranges.length === 0
        ? []
        : [{ id, group, regionBytes: use.length, address: saved.address, ...first, ranges }];
    });
  }
}

/** Whether only one image holds the region, so that no other tells more of it. */
function isSavedOnce({ reference }: AuditedReference, id: number, group: string): boolean {
  const holds = ({ regions }: CheckpointImage) => regions.some((region) => region.id === id && region.group === group);
  return reference.run.images.all.filter(holds).length === 1;
}

function coarse(runs: readonly ByteRange[]): readonly ByteRange[] {
  let made = runs;
  for (let gap = 8; made.length > MOST_RUNS; gap *= 2) {
    const merged: ByteRange[] = [];
    for (const { start, end } of made) {
      const last = merged.at(-1);
      if (last !== undefined && start - last.end <= gap) merged[merged.length - 1] = { start: last.start, end };
      else merged.push({ start, end });
    }
    made = merged;
  }
  return made;
}

/**
 * Takes what became of a region's bytes into what is known of them. Four at a time, as neighbours mostly fare alike.
 * @returns whether any of them was overwritten before it was read, now or before
 */
function follow(use: Uint8Array, states: Uint8Array): boolean {
  const [wideUse, wideStates] = [words(use), words(states)];
  let [beforeLast, stateLast, afterLast, any] = [0, 0, 0, 0];
  for (let i = 0; i < wideStates.length; i++) {
    const [before, state] = [wideUse[i], wideStates[i]];
    if (before !== beforeLast || state !== stateLast) {
      for (let at = i * 4; at < i * 4 + 4; at++) use[at] = NEXT[(use[at] << 4) | states[at]];
      [beforeLast, stateLast, afterLast] = [before, state, wideUse[i]];
      any |= afterLast;
    } else wideUse[i] = afterLast;
  }
  for (let at = wideStates.length * 4; at < states.length; at++) {
    use[at] = NEXT[(use[at] << 4) | states[at]];
    any |= use[at];
  }
  return (any & (OVERWRITTEN * 0x01010101)) !== 0;
}

function grown(bytes: Uint8Array | undefined, size: number): Uint8Array {
  if (bytes !== undefined && bytes.length >= size) return bytes;
  const larger = new Uint8Array(size);
  if (bytes !== undefined) larger.set(bytes);
  return larger;
}
