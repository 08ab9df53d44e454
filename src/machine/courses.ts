import { PHASE_NUMBER, type Phase } from "./context.ts";
import type { Bundle, Ledger } from "./ledger.ts";
import { ALL, type Likeness, type PageCount, type PageState, type PageStates } from "./page-states.ts";
import { SiteCounts } from "./site-counts.ts";

/** Courses that are looked through for a store. */
const MOST_COURSES = 24;
/** How many stores in a row may be like none before, and from then on which of them are still looked at. */
const MOST_CREDIT = 1024;
const TRIAL_STORES = 64;
/** Stores in a row that are looked at together, at the most: a power of two. */
const MOST_TOGETHER = 2048;
/** Where fewer in a row take the same course, several times, so many are looked at one by one: no part of what may recur. */
const FEWEST_TOGETHER = 6;
const MOST_FAILURES = 3;
const STORES_ALONE = 61;
/** What a store writes where that does not matter. */
const ANY_BYTES = 8;

/** What stores that find a page in one state lead to. */
interface Course {
  /** What the states of a page are when its store takes this course, and what is found out of it. */
  readonly before: Uint8Array;
  readonly found: readonly number[];
  /** How many stores to the page come at once, and how many bytes they write together. */
  readonly stores: number;
  readonly bytes: number;
  /** Number of the phase that it is charged in: some charges are moved to another one. */
  readonly phase: number;
  /** Such a store was gone through a second time, and what it led to was noted. */
  isKnown: boolean;
  /** Undefined where no other store is like it. */
  effect: Effect | undefined;
}

/** A state that changes, from what and to what. */
interface Change {
  readonly state: PageState;
  readonly before: number;
  readonly after: number;
}

interface Addition extends PageCount {
  readonly added: number;
}

interface Effect extends Pick<Likeness, "first" | "end" | "also">, Pick<Course, "before" | "found"> {
  /** Each store finds something out or does something apart: they are gone through one by one. */
  readonly inSteps: boolean;
  readonly changes: readonly Change[];
  readonly additions: readonly Addition[];
  readonly charges: Bundle;
  /** Stores in a row that are like it: whether what one changes leaves the others alike, whatever their order. */
  readonly together: "anyhow" | "ascending" | "never";
}

/** Stores that follow each other, as columns. */
export interface Stores {
  /** Counted from `base` on. */
  readonly pages: Uint32Array;
  readonly base: number;
  readonly sites: Int32Array;
  /** What each writes, where that matters. */
  readonly bytes: Uint16Array | undefined;
}

/** Pages, from `first` to before `end`, that are charged to one region. */
export interface PageStretch {
  readonly first: number;
  readonly end: number;
  readonly region: number;
}

/** Which region a page is charged to; pages are counted as in `Stores`. */
export interface PageRegions {
  of(page: number): number;
  around(page: number): PageStretch;
}

/** What stores are charged to, besides their sites. */
export interface StoreContexts {
  readonly phase: Phase;
  readonly epoch: number;
  readonly regions: PageRegions;
}

/** Whoever goes through a store step by step. */
interface Process {
  store(page: number, bytes: number, stores: number): void;
}

/**
 * Goes through stores that are alike once. A store whose page is in the state that an earlier store's was in takes the same
 * course: the same charges, the same changes of state. (Memoizing simulators do this to instructions: Schnarr and Larus,
 * "Fast out-of-order processor simulation using memoization", ASPLOS 1998.)
 *
 * All that a course depends on stands in `PageStates`, or is told there: a store that depends on more is gone through each
 * time, and when more changes, everything learned is forgotten.
 */
export class Courses {
  readonly #states: PageStates;
  readonly #ledger: Ledger;
  readonly #process: Process;
  readonly #courses: Course[] = [];
  /** Some of them are known. */
  #hasLearned = false;
  #version = -1;
  /** States that were looked at when the known courses were. */
  #looked: readonly PageState[] = [];
  /** The first of them: those that have a byte for each page. */
  #ofPages: readonly Uint8Array[] = [];
  /** What is found out of a page, as far as that was asked. */
  #found: number[] = [];
  #isFound = false;
  /** Grows with stores that took a known course, shrinks with those that were like none. */
  #credit = MOST_CREDIT;
  #unknown = 0;
  /** How many stores are looked at together next, and how many are not before that is tried again. */
  #together = FEWEST_TOGETHER;
  #alone = 0;
  /** How often that was tried in vain since it last was not. */
  #failures = 0;
  /** In which block a page, by its number's rest, was seen last, and how many were looked for. */
  readonly #seen = new Int32Array(MOST_TOGETHER);
  #blocks = 0;
  readonly #siteCounts = new SiteCounts();
  /** What was counted before a store that is learned from, and what was charged. */
  readonly #countsBefore: number[] = [];
  readonly #chargesBefore: Float64Array;
  /** What was charged before a part of it that is done apart, and behind that. */
  readonly #asideBefore: Float64Array;
  readonly #asideAfter: Float64Array;
  /** What is done apart is charged each time, and is no part of a course. */
  readonly #aside = (work: () => void): void => {
    const before = this.#ledger.currentCounts(this.#asideBefore);
    work();
    const after = this.#ledger.currentCounts(this.#asideAfter);
    for (let i = 0; i < after.length; i++) this.#chargesBefore[i] += after[i] - before[i];
  };

  constructor(states: PageStates, ledger: Ledger, process: Process) {
    this.#states = states;
    this.#ledger = ledger;
    this.#process = process;
    this.#chargesBefore = new Float64Array(ledger.primitiveCount);
    this.#asideBefore = new Float64Array(ledger.primitiveCount);
    this.#asideAfter = new Float64Array(ledger.primitiveCount);
  }

  /**
   * Stores to a page, in the current context of the ledger.
   * @param bytes written by all of them together; left out, as their number is, where what they lead to does not depend on it
   */
  store(page: number, bytes = ANY_BYTES, stores = 1): void {
    if (this.#states.version !== this.#version) {
      if (this.#credit === 0 && ++this.#unknown % TRIAL_STORES !== 0) {
        this.#process.store(page, bytes, stores);
        return;
      }
      this.#forget();
    }
    const courses = this.#courses;
    const phase = this.#ledger.currentPhase;
    const course = this.#courseOf(page, phase, bytes, stores);
    if (course !== undefined) {
      const { effect, isKnown } = course;
      if (effect !== undefined && page >= effect.first && page < effect.end) this.#take(effect, page);
      else if (isKnown) this.#process.store(page, bytes, stores);
      else {
        course.isKnown = true;
        this.#hasLearned = true;
        course.effect = this.#learn(course, page);
      }
      return;
    }
    if (courses.length < MOST_COURSES && (this.#credit > 0 || ++this.#unknown % TRIAL_STORES === 0)) {
      const found = this.#find(page).slice();
      courses.push({ before: this.#statesOf(page), found, stores, bytes, phase, isKnown: false, effect: undefined });
      if (this.#credit > 0) this.#credit--;
    }
    this.#process.store(page, bytes, stores);
  }

  /** Whether no store was learned from since something has changed. */
  get knowsNothing(): boolean {
    return !this.#hasLearned || this.#states.version !== this.#version;
  }

  /**
   * Whether it is worth while to look at several stores together now: courses are known, and stores take them in a row. Asked once
   * for each store that is not taken with others, which it counts.
   */
  mayTakeMany(): boolean {
    if (this.#states.version !== this.#version) return false;
    return this.#alone === 0 || --this.#alone === 0;
  }

  /**
   * Takes the first of some stores, as long as their courses are known: of those in a row that are alike, what they ask is
   * compared, what they change is changed, and what they are charged is charged for many at once.
   * @param contexts of the first. The phase follows from the states, so that of all taken is the same; none writes an image back
   * @returns the number of the first that is to be gone through by itself
   */
  takeMany(stores: Stores, from: number, to: number, contexts: StoreContexts): number {
    let at = from;
    while (at < to && this.#states.version === this.#version) {
      const end = Math.min(to, at + this.#together);
      const taken = this.#takeAlike(stores, at, end, contexts) - at;
      // A block may end a little before.
      if (taken === end - at) this.#together = Math.min(MOST_TOGETHER, 2 * this.#together);
      else if (2 * taken < end - at) this.#together = FEWEST_TOGETHER;
      at += taken;
      if (taken < FEWEST_TOGETHER) break;
    }
    if (at - from >= Math.min(FEWEST_TOGETHER, to - from)) this.#failures = 0;
    else if (++this.#failures > MOST_FAILURES) this.#alone = STORES_ALONE;
    this.#credit = Math.min(MOST_CREDIT, this.#credit + at - from);
    return at;
  }

  /** Takes those of the stores that are like the first. @returns the number of the first that is not */
  #takeAlike(stores: Stores, from: number, to: number, contexts: StoreContexts): number {
    const { pages, base, bytes } = stores;
    const phase = PHASE_NUMBER[contexts.phase];
    const effect = this.#courseOf(base + pages[from], phase, bytes?.[from] ?? ANY_BYTES, 1)?.effect;
    if (effect === undefined) return from;
    const most = bytes === undefined ? to : sameUntil(bytes, from, to);
    if (effect.together === "never") return this.#takeInTurn(effect, stores, from, most, contexts);
    const isAscending = effect.together === "ascending";
    const run = successiveUntil(pages, from, most);
    const end = isAscending || run === most ? run : this.#blockUntil(pages, from, most);
    const alike = end - from < FEWEST_TOGETHER ? from : this.#alikeUntil(effect, stores, from, end);
    return alike - from < FEWEST_TOGETHER
      ? this.#takeEach(effect, stores, from, isAscending ? end : most, contexts)
      : this.#takeBlock(effect, stores, from, alike, contexts);
  }

  /** How far stores of a block are like the first, and are a block themselves. */
  #alikeUntil(effect: Effect, { pages, base }: Stores, from: number, to: number): number {
    const first = base + lowestOf(pages, from, to);
    const end = first + to - from;
    let stop = Math.min(end, effect.end);
    const looked = this.#looked;
    for (let i = 0; i < looked.length && stop > first; i++) stop = runUntil(looked[i], first, stop);
    if (stop === end && first >= effect.first) return to;
    return this.#blockUntil(pages, from, withinUntil(pages, from, to, effect.first - base, stop - base));
  }

  /** Takes stores that are alike, to pages that follow each other in whatever order. */
  #takeBlock(effect: Effect, stores: Stores, from: number, to: number, contexts: StoreContexts): number {
    const { changes, additions } = effect;
    const { pages, base } = stores;
    const first = base + lowestOf(pages, from, to);
    const end = first + to - from;
    const stop = this.#goThrough(effect, stores, from, to, contexts, first);
    const isWhole = stop === to;
    for (let i = 0; i < changes.length; i++) {
      const { state, after } = changes[i];
      if (isWhole) state.bytes.fill(after, first, end);
      else setEach(state, after, pages, base, from, stop);
    }
    for (let i = 0; i < additions.length; i++) {
      if (isWhole) addToRun(additions[i], first, end);
      else add(additions[i], pages, base, from, stop);
    }
    return stop;
  }

  /** The same for pages in any order, of which the first store's alone is known to be in the course's states. */
  #takeEach(effect: Effect, stores: Stores, from: number, to: number, contexts: StoreContexts): number {
    const { before, changes, additions } = effect;
    const { pages, base } = stores;
    let end = withinUntil(pages, from, to, effect.first - base, effect.end - base);
    const looked = this.#looked;
    for (let i = 0; i < looked.length; i++) end = alikeUntil(looked[i], before[i], pages, base, from, end);
    // Where a page comes twice, the first change is not there to be made again.
    for (let i = 0; i < changes.length; i++) end = changeWhile(changes[i], pages, base, from, end);
    const stop = this.#goThrough(effect, stores, from, end, contexts);
    for (let i = 0; i < changes.length; i++) setEach(changes[i].state, changes[i].before, pages, base, stop, end);
    for (let i = 0; i < additions.length; i++) add(additions[i], pages, base, from, stop);
    return stop;
  }

  /** Takes stores of which each may change what the next one finds: as long as that is the same. */
  #takeInTurn(
    effect: Effect,
    { pages, base, sites }: Stores,
    from: number,
    to: number,
    { phase, epoch, regions }: StoreContexts,
  ): number {
    for (let i = from; i < to; i++) {
      const page = base + pages[i];
      this.#isFound = false;
      if (page < effect.first || page >= effect.end || (i > from && !this.#isAt(effect, page))) return i;
      this.#ledger.enter(phase, epoch, sites[i], regions.of(pages[i]));
      this.#take(effect, page);
      if (this.#states.version !== this.#version) return i + 1;
    }
    return to;
  }

  /**
   * Does what stores do besides changing states, and charges them.
   * @param first the first page of a block
   * @returns the number of the first store that is to be gone through by itself
   */
  #goThrough(
    effect: Effect,
    stores: Stores,
    from: number,
    to: number,
    contexts: StoreContexts,
    first?: number,
  ): number {
    if (effect.inSteps) return this.#stepThrough(effect, stores, from, to, contexts);
    const { also, charges } = effect;
    const { pages, base } = stores;
    for (let i = 0; i < also.length; i++) {
      const { all } = also[i];
      if (first !== undefined && all !== undefined) all(first, first + to - from);
      else for (let k = from; k < to; k++) also[i].each(base + pages[k]);
    }
    this.#charge(charges, stores, from, to, contexts);
    return to;
  }

  /** Goes through what stores find out and do apart, as long as that leaves the next one alike. */
  #stepThrough(
    { found, also, charges }: Effect,
    { pages, base, sites }: Stores,
    from: number,
    to: number,
    { phase, epoch, regions }: StoreContexts,
  ): number {
    const ledger = this.#ledger;
    for (let i = from; i < to; i++) {
      const page = base + pages[i];
      this.#isFound = false;
      if (i > from && !this.#finds(found, page)) return i;
      ledger.enter(phase, epoch, sites[i], regions.of(pages[i]));
      for (let k = 0; k < also.length; k++) also[k].each(page);
      ledger.chargeBundle(charges);
      if (this.#states.version !== this.#version) return i + 1;
    }
    return to;
  }

  /** How far pages are, in whatever order, pages that follow each other: the longest such row from `from` on. */
  #blockUntil(pages: Uint32Array, from: number, to: number): number {
    const seen = this.#seen;
    const block = ++this.#blocks;
    let low = pages[from];
    let high = low;
    let end = from;
    for (let i = from; i < to; i++) {
      const page = pages[i];
      if (page < low) low = page;
      else if (page > high) high = page;
      // The gaps would take more than there is, or it comes again.
      if (high - low >= to - from || seen[page & (MOST_TOGETHER - 1)] === block) break;
      seen[page & (MOST_TOGETHER - 1)] = block;
      if (high - low === i - from) end = i + 1;
    }
    return end;
  }

  /** The course of stores to a page in a phase, by its number. */
  #courseOf(page: number, phase: number, bytes: number, stores: number): Course | undefined {
    const courses = this.#courses;
    this.#isFound = false;
    for (let i = 0; i < courses.length; i++) {
      const course = courses[i];
      if (course.phase !== phase || course.bytes !== bytes || course.stores !== stores) continue;
      if (this.#isAt(course, page)) return course;
    }
    return undefined;
  }

  #charge(charges: Bundle, { pages, sites }: Stores, from: number, to: number, contexts: StoreContexts): void {
    const { phase, epoch, regions } = contexts;
    const ledger = this.#ledger;
    const { first, end, region } = regions.around(pages[from]);
    if (withinUntil(pages, from, to, first, end) < to) {
      for (let i = from; i < to; i++) {
        ledger.enter(phase, epoch, sites[i], regions.of(pages[i]));
        ledger.chargeBundle(charges);
      }
      return;
    }
    for (const site of this.#siteCounts.count(sites, from, to)) {
      ledger.enter(phase, epoch, site, region);
      ledger.chargeBundle(charges, this.#siteCounts.take(site));
    }
  }

  #statesOf(page: number): Uint8Array {
    const looked = this.#looked;
    const states = new Uint8Array(looked.length);
    for (let i = 0; i < looked.length; i++) states[i] = stateOf(looked[i], page);
    return states;
  }

  #isAt({ before, found }: Pick<Course, "before" | "found">, page: number): boolean {
    const ofPages = this.#ofPages;
    const count = ofPages.length;
    for (let i = 0; i < count; i++) if (ofPages[i][page] !== before[i]) return false;
    const looked = this.#looked;
    for (let i = count; i < looked.length; i++) if (stateOf(looked[i], page) !== before[i]) return false;
    return this.#finds(found, page);
  }

  /** Whether a store finds out what those of a course do. */
  #finds(found: readonly number[], page: number): boolean {
    if (found.length === 0) return true;
    const foundHere = this.#find(page);
    for (let i = 0; i < found.length; i++) if (foundHere[i] !== found[i]) return false;
    return true;
  }

  /** What is found out of the page whose course is looked for: once, whatever the number of courses. */
  #find(page: number): number[] {
    const found = this.#found;
    if (this.#isFound) return found;
    const { finds } = this.#states;
    for (let i = 0; i < finds.length; i++) found[i] = finds[i](page);
    this.#isFound = true;
    return found;
  }

  #take({ changes, additions, also, charges }: Effect, page: number): void {
    for (let i = 0; i < changes.length; i++) {
      const { state, after } = changes[i];
      state.bytes[page >> state.grain] = after;
    }
    for (let i = 0; i < additions.length; i++) {
      const { counts, grain, added } = additions[i];
      counts[page >> grain] += added;
    }
    for (let i = 0; i < also.length; i++) also[i].each(page);
    this.#ledger.chargeBundle(charges);
    if (this.#credit < MOST_CREDIT) this.#credit++;
  }

  /** Goes through a store. @returns what those that are like it lead to, undefined where none is */
  #learn({ before, found, stores, bytes }: Course, page: number): Effect | undefined {
    const states = this.#states;
    const ledger = this.#ledger;
    const { version, counts } = states;
    const { moves } = ledger;
    const countsBefore = this.#countsBefore;
    for (let i = 0; i < counts.length; i++) countsBefore[i] = counts[i].counts[page >> counts[i].grain];
    ledger.currentCounts(this.#chargesBefore);
    states.begin(this.#aside);
    this.#process.store(page, bytes, stores);
    const likeness = states.finish();
    // Charges elsewhere are no part of a bundle, and a new state was not looked at.
    if (likeness === undefined || ledger.moves !== moves || states.version !== version) return undefined;
    const looked = this.#looked;
    const changes: Change[] = [];
    for (let i = 0; i < looked.length; i++) {
      const state = looked[i];
      const after = stateOf(state, page);
      if (after === before[i]) continue;
      if (state.distance > 0) return undefined;
      changes.push({ state, before: before[i], after });
    }
    const additions: Addition[] = [];
    for (let i = 0; i < counts.length; i++) {
      const { counts: ofPages, grain } = counts[i];
      const added = ofPages[page >> grain] - countsBefore[i];
      if (added !== 0) additions.push({ counts: ofPages, grain, added });
    }
    const charges = ledger.bundle(this.#chargesBefore);
    if (charges === undefined) return undefined;
    const { first, end, also, isPartlyApart, changesOthers } = likeness;
    const together = changesOthers ? "never" : togetherOf(changes, looked);
    const inSteps = found.length > 0 || isPartlyApart;
    return { before, found, first, end, also, changes, additions, charges, together, inSteps };
  }

  #forget(): void {
    const { states, version } = this.#states;
    this.#version = version;
    this.#hasLearned = false;
    if (this.#courses.length > 0) {
      this.#ledger.dropBundles();
      this.#courses.length = 0;
    }
    if (this.#looked.length === states.length) return;
    const ofPages = states.filter(isOfPages);
    this.#looked = [...ofPages, ...states.filter((state) => !isOfPages(state))];
    this.#ofPages = ofPages.map(({ bytes }) => bytes);
  }
}

function isOfPages({ grain, distance }: PageState): boolean {
  return grain === 0 && distance === 0;
}

function stateOf({ bytes, grain, distance }: PageState, page: number): number {
  return bytes[(page >> grain) + distance];
}

/** In which order stores in a row are alike, if they are when they begin. */
function togetherOf(changes: Effect["changes"], looked: readonly PageState[]): Effect["together"] {
  if (changes.some(({ state }) => state.grain > 0)) return "never";
  const isAhead = ({ bytes, distance }: PageState) =>
    distance > 0 && changes.some(({ state }) => state.bytes === bytes);
  return looked.some(isAhead) ? "ascending" : "anyhow";
}

/** How far each page follows the one before. */
function successiveUntil(pages: Uint32Array, from: number, to: number): number {
  for (let i = from + 1; i < to; i++) if (pages[i] !== pages[i - 1] + 1) return i;
  return to;
}

function lowestOf(pages: Uint32Array, from: number, to: number): number {
  let low = pages[from];
  for (let i = from + 1; i < to; i++) if (pages[i] < low) low = pages[i];
  return low;
}

/** How far a state of pages that follow each other is that of the first. */
function runUntil({ entries, grain, distance }: PageState, first: number, end: number): number {
  const last = ((end - 1) >> grain) + distance;
  const alike = entries.alikeUntil((first >> grain) + distance, last + 1);
  return alike > last ? end : (alike - distance) << grain;
}

/** How far numbers are the same. */
function sameUntil(numbers: Uint16Array, from: number, to: number): number {
  for (let i = from + 1; i < to; i++) if (numbers[i] !== numbers[from]) return i;
  return to;
}

/** How far pages lie from `first` on, before `end`. */
function withinUntil(pages: Uint32Array, from: number, to: number, first: number, end: number): number {
  for (let i = from; i < to; i++) if (pages[i] < first || pages[i] >= end) return i;
  return to;
}

/** How far a state of the pages is `value`. */
function alikeUntil(
  { bytes, grain, distance }: PageState,
  value: number,
  pages: Uint32Array,
  base: number,
  from: number,
  to: number,
): number {
  for (let i = from; i < to; i++) if (bytes[((base + pages[i]) >> grain) + distance] !== value) return i;
  return to;
}

/** Changes a state that has a byte for each page, as far as it is what it was. */
function changeWhile(
  { state: { bytes }, before, after }: Change,
  pages: Uint32Array,
  base: number,
  from: number,
  to: number,
): number {
  for (let i = from; i < to; i++) {
    const page = base + pages[i];
    if (bytes[page] !== before) return i;
    bytes[page] = after;
  }
  return to;
}

/** Gives a state that has a byte for each page a value. */
function setEach(
  { bytes }: PageState,
  value: number,
  pages: Uint32Array,
  base: number,
  from: number,
  to: number,
): void {
  for (let i = from; i < to; i++) bytes[base + pages[i]] = value;
}

function add({ counts, grain, added }: Addition, pages: Uint32Array, base: number, from: number, to: number): void {
  if (grain === ALL) counts[0] += (to - from) * added;
  else for (let i = from; i < to; i++) counts[(base + pages[i]) >> grain] += added;
}

function addToRun({ counts, grain, added }: Addition, first: number, end: number): void {
  for (let entry = first >> grain, page = first; page < end; entry++) {
    const next = grain === ALL ? end : Math.min(end, (entry + 1) << grain);
    counts[entry] += (next - page) * added;
    page = next;
  }
}
