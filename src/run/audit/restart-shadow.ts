import { PAGE_BYTES } from "../../checkpoint/pages.ts";
import { words } from "../../machine/bytes.ts";
import type { ByteRange } from "./byte-ranges.ts";
import type { Place } from "./findings.ts";

/** What becomes of a byte after a restore. */
export const Shadow = {
  /** Nobody asks. */
  none: 0,
  /** Not restored, and not what it was at the checkpoint. */
  stale: 1,
  /** Restored, and neither loaded nor stored to so far. */
  restored: 2,
  /** Was stale or restored, and was overwritten: its next load tells whether by what it was at the checkpoint. */
  overwritten: 3,
  /** Was stale and was loaded before anything else was stored there. */
  loadedStale: 4,
  /** Was overwritten by something else than what it was at the checkpoint, and then loaded. */
  loadedReset: 5,
  /** Was stale, and nothing depends on that any more. */
  settled: 6,
  /** Restored, and loaded before it was stored to. */
  live: 7,
  /** Restored, and stored to before it was loaded, before the program took its next checkpoint. */
  dead: 8,
  /** The same, after that checkpoint. */
  deadLater: 9,
  /** Not restored, not what it was at the checkpoint, and part of an image since. */
  kept: 10,
} as const;

/** Where in the program an access is, always the same object for the same place. */
export interface AccessPlace {
  /** In the user's code. */
  readonly user: Place | undefined;
  /** The function that does it; empty for a system call. */
  readonly functionName: string;
  /** Whether that function is not the user's. */
  readonly isLibrary: boolean;
}

/** First accesses of one place to consecutive bytes. */
export interface AccessRun extends ByteRange {
  readonly place: AccessPlace;
  readonly state: Logged;
}

/** Of each region so many bytes are told at their first access, one in so many. */
const TOLD_BYTES = 1024;
const TOLD_STEP = 4;

/** A byte's value in all four bytes of a word. */
const IN_EACH_BYTE = 0x01010101;
const NONE = 0;
const ALL_RESTORED = Shadow.restored * IN_EACH_BYTE;

type Logged = typeof Shadow.loadedStale | typeof Shadow.loadedReset | typeof Shadow.dead | typeof Shadow.deadLater;

/** Whoever tells of accesses to watched bytes (`Mmu` in `watch` mode). */
export interface WatchedBytes {
  watch(address: number, sizeBytes: number): void;
  unwatch(address: number, sizeBytes: number): void;
  isWatched(address: number): boolean;
  /** Watches bytes whose first access is noted instead of told. */
  watchQuietly(address: number, sizeBytes: number): void;
  /** One bit a byte: what was noted. */
  readonly quietlyLoaded: Uint8Array;
  readonly quietlyStored: Uint8Array;
}

/**
 * A byte-exact account of a program's first accesses after a restore: which stale bytes it lives on, which restored ones it
 * needs. Each byte is watched until its answer is known.
 */
export class RestartShadow {
  /** By address: values of `Shadow`. */
  readonly states: Uint8Array;
  readonly #watched: WatchedBytes;
  /** The memory at the checkpoint. */
  readonly #reference: Uint8Array;
  readonly #tracksOverwritten: boolean;
  readonly #tracksRestored: boolean;
  readonly #placeOf: (site: number) => AccessPlace;
  readonly #repaired: Uint8Array | undefined;
  readonly #keeper: number;
  /** In ascending order. */
  readonly #stale: ByteRange[] = [];
  /** Restored bytes that are watched quietly. */
  readonly #quiet: ByteRange[] = [];
  #isFirstEpoch = true;
  /** Of the byte before, in the same access. */
  #lastSite: number | undefined;
  #lastPlace: AccessPlace | undefined;
  readonly #runs: { start: number; end: number; place: AccessPlace; state: Logged }[] = [];

  /**
   * @param reference the memory as it was at the checkpoint
   * @param states one byte for each of the memory's, all 0
   * @param placeOf looks a site up, on the program's stack
   * @param keeper the site that stands for whoever puts protected bytes into images
   * @param tracks whether stale bytes that are overwritten are watched until they are loaded, and restored ones as well
   * @param repaired 1 for each byte that gets back what it was at the checkpoint when it is loaded reset
   */
  constructor(
    watched: WatchedBytes,
    reference: Uint8Array,
    states: Uint8Array,
    placeOf: (site: number) => AccessPlace,
    keeper: number,
    tracks: { readonly overwritten: boolean; readonly restored: boolean },
    repaired?: Uint8Array,
  ) {
    this.states = states;
    this.#watched = watched;
    this.#reference = reference;
    this.#placeOf = placeOf;
    this.#keeper = keeper;
    this.#tracksOverwritten = tracks.overwritten;
    this.#tracksRestored = tracks.restored;
    this.#repaired = repaired;
  }

  /** Loads of stale and of reset bytes, and stores to restored ones that nothing had loaded, in their order. */
  get runs(): readonly AccessRun[] {
    return this.#runs;
  }

  add(ranges: Iterable<ByteRange>, state: typeof Shadow.stale | typeof Shadow.restored): void {
    for (const { start, end } of ranges) {
      const last = Math.min(end, this.states.length);
      if (last <= start) continue;
      this.states.fill(state, start, last);
      if (state === Shadow.stale) this.#stale.push({ start, end: last });
      if (state === Shadow.restored && !this.#tracksRestored) this.#watchRestored(start, last);
      else this.#watched.watch(start, last - start);
    }
  }

  /**
   * What stands at the beginning of regions and of their pages is told, so that a place is known; the others are noted, which takes
   * far less.
   */
  #watchRestored(start: number, end: number): void {
    this.#quiet.push({ start, end });
    this.#watched.watchQuietly(start, end - start);
    const told = Math.min(end, start + TOLD_BYTES);
    for (let at = start; at < told; at += TOLD_STEP) this.#watched.watch(at, 1);
    for (let at = start; at < end; at = (Math.floor(at / PAGE_BYTES) + 1) * PAGE_BYTES) this.#watched.watch(at, 1);
  }

  /** Takes over what was noted of restored bytes. */
  #takeNoted(): void {
    const [loaded, stored] = [words(this.#watched.quietlyLoaded), words(this.#watched.quietlyStored)];
    const wide = words(this.states);
    const overwritten = this.#isFirstEpoch ? Shadow.dead : Shadow.deadLater;
    for (const { start, end } of this.#quiet) {
      // 32 bytes have a word of each bitmap.
      for (let index = start >>> 5; index * 32 < end; index++) {
        const any = loaded[index] | stored[index];
        if (any === 0) continue;
        const isWhole = any === -1 && (loaded[index] === NONE || stored[index] === NONE);
        if (isWhole && index * 32 >= start && index * 32 + 32 <= end && isFilled(wide, index * 8, ALL_RESTORED)) {
          const state = loaded[index] === NONE ? overwritten : Shadow.live;
          for (let i = index * 8; i < index * 8 + 8; i++) wide[i] = state * IN_EACH_BYTE;
          continue;
        }
        for (let at = Math.max(index * 32, start); at < Math.min(index * 32 + 32, end); at++) {
          const bit = 1 << (at & 31);
          if ((any & bit) === 0 || this.states[at] !== Shadow.restored) continue;
          this.states[at] = (loaded[index] & bit) !== 0 ? Shadow.live : overwritten;
        }
      }
    }
    // A byte is noted once. Those that two ranges share a word with are all taken by now.
    for (const { start, end } of this.#quiet)
      for (const noted of [loaded, stored]) noted.fill(NONE, start >>> 5, Math.ceil(end / 32));
  }

  /** The program has taken a checkpoint. */
  checkpointed(): void {
    if (this.#isFirstEpoch) this.#takeNoted();
    this.#isFirstEpoch = false;
  }

  /** What is protected goes into an image, or is left at the end, as it is: stale bytes of it count as read there, unless the program reads them. */
  kept({ start, end }: ByteRange): void {
    for (const range of this.#stale) {
      if (range.start >= end) break;
      for (let at = Math.max(range.start, start); at < Math.min(range.end, end); at++)
        if (this.states[at] === Shadow.stale) this.states[at] = Shadow.kept;
    }
  }

  /** The program has ended. */
  ended(): void {
    this.#takeNoted();
    for (const { start, end } of this.#stale) {
      for (let at = start; at < end; at++)
        if (this.states[at] === Shadow.kept) this.#log(at, this.#keeper, Shadow.loadedStale);
    }
  }

  /** These bytes were given what they had at the checkpoint. */
  settle(ranges: Iterable<ByteRange>): void {
    for (const { start, end } of ranges) {
      this.states.fill(Shadow.settled, start, end);
      this.#watched.unwatch(start, end - start);
    }
  }

  /**
   * An access that is about to be done.
   * @param memory as it is before
   * @param site of the program
   */
  access(memory: Uint8Array, address: number, sizeBytes: number, site: number, isStore: boolean): void {
    const end = Math.min(address + sizeBytes, this.states.length);
    this.#lastSite = undefined;
    if (this.#isAll(Shadow.restored, address, end)) {
      this.#firstOfRestored(address, end, site, isStore);
      return;
    }
    let settledFrom = address;
    for (let at = address; at < end; at++) {
      const state = this.#next(memory, at, site, isStore);
      if (state === Shadow.overwritten) {
        if (at > settledFrom) this.#watched.unwatch(settledFrom, at - settledFrom);
        settledFrom = at + 1;
      }
    }
    if (end > settledFrom) this.#watched.unwatch(settledFrom, end - settledFrom);
  }

  #isAll(state: number, start: number, end: number): boolean {
    for (let at = start; at < end; at++) if (this.states[at] !== state || !this.#watched.isWatched(at)) return false;
    return true;
  }

  /** What nearly all accesses are. */
  #firstOfRestored(start: number, end: number, site: number, isStore: boolean): void {
    if (isStore && this.#tracksRestored) {
      for (let at = start; at < end; at++) this.states[at] = Shadow.overwritten;
      return;
    }
    const state = !isStore ? Shadow.live : this.#isFirstEpoch ? Shadow.dead : Shadow.deadLater;
    for (let at = start; at < end; at++) this.states[at] = state;
    this.#watched.unwatch(start, end - start);
    if (state === Shadow.live) return;
    const place = this.#placeOf(site);
    const last = this.#runs.at(-1);
    if (last !== undefined && last.end === start && last.place === place && last.state === state) last.end = end;
    else this.#runs.push({ start, end, place, state });
  }

  #next(memory: Uint8Array, at: number, site: number, isStore: boolean): number {
    const { states } = this;
    switch (states[at]) {
      case Shadow.restored:
        // One that is not watched any more was noted.
        if (!this.#watched.isWatched(at)) break;
        if (isStore && this.#tracksRestored) states[at] = Shadow.overwritten;
        else if (isStore) this.#log(at, site, this.#isFirstEpoch ? Shadow.dead : Shadow.deadLater);
        else states[at] = Shadow.live;
        break;
      case Shadow.stale:
        // One that was repaired is as it was at the checkpoint.
        if (!isStore && memory[at] === this.#reference[at]) states[at] = Shadow.settled;
        else if (!isStore) this.#log(at, site, Shadow.loadedStale);
        else states[at] = this.#tracksOverwritten ? Shadow.overwritten : Shadow.settled;
        break;
      case Shadow.kept:
        if (memory[at] === this.#reference[at]) states[at] = Shadow.settled;
        else this.#log(at, isStore ? this.#keeper : site, Shadow.loadedStale);
        break;
      case Shadow.overwritten:
        if (isStore) break;
        if (memory[at] === this.#reference[at]) states[at] = Shadow.settled;
        else if (this.#repaired?.[at] === 1) {
          memory[at] = this.#reference[at];
          states[at] = Shadow.settled;
        } else this.#log(at, site, Shadow.loadedReset);
        break;
    }
    return states[at];
  }

  #log(at: number, site: number, state: Logged): void {
    this.states[at] = state;
    // Bytes of one access come one after the other.
    const place = (site === this.#lastSite ? this.#lastPlace : undefined) ?? this.#placeOf(site);
    this.#lastSite = site;
    this.#lastPlace = place;
    const last = this.#runs.at(-1);
    if (last !== undefined && last.end === at && last.place === place && last.state === state) last.end++;
    else this.#runs.push({ start: at, end: at + 1, place, state });
  }
}

/** Whether eight words from an index on are all the same. */
function isFilled(wide: Uint32Array, first: number, value: number): boolean {
  let other = 0;
  for (let i = first; i < first + 8; i++) other |= wide[i] ^ value;
  return other === 0;
}
