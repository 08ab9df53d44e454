import type { Bundle, Ledger } from "./ledger.ts";
import type { Likeness, PageState, PageStates } from "./page-states.ts";

/** Courses that are looked through for a store. */
const MOST_COURSES = 24;
/** How many stores in a row may be like none before, and from then on which of them are still looked at. */
const MOST_CREDIT = 1024;
const TRIAL_STORES = 64;

/** What stores that find a page in one state lead to. */
interface Course {
  /** What the states of a page are when its store takes this course. */
  readonly before: Uint8Array;
  /** Number of the phase that it is charged in: some charges are moved to another one. */
  readonly phase: number;
  /** Such a store was gone through a second time, and what it led to was noted. */
  isKnown: boolean;
  /** Undefined where no other store is like it. */
  effect: Effect | undefined;
}

interface Effect extends Likeness {
  /** States that change, and to what. */
  readonly changes: readonly { readonly state: PageState; readonly after: number }[];
  readonly additions: readonly { readonly counts: Int32Array; readonly grain: number; readonly added: number }[];
  readonly charges: Bundle;
}

/** Whoever goes through a store step by step. */
interface Process {
  store(page: number): void;
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
  #version = -1;
  /** States that were looked at when the known courses were. */
  #looked: readonly PageState[] = [];
  /** The first of them: those that have a byte for each page. */
  #ofPages: readonly Uint8Array[] = [];
  /** Grows with stores that took a known course, shrinks with those that were like none. */
  #credit = MOST_CREDIT;
  #unknown = 0;

  constructor(states: PageStates, ledger: Ledger, process: Process) {
    this.#states = states;
    this.#ledger = ledger;
    this.#process = process;
  }

  /** Stores to a page, in the current context of the ledger. */
  store(page: number): void {
    if (this.#states.version !== this.#version) {
      if (this.#credit === 0 && ++this.#unknown % TRIAL_STORES !== 0) {
        this.#process.store(page);
        return;
      }
      this.#forget();
    }
    const courses = this.#courses;
    const phase = this.#ledger.currentPhase;
    for (let i = 0; i < courses.length; i++) {
      const course = courses[i];
      if (course.phase !== phase || !this.#isAt(course, page)) continue;
      const { effect, isKnown } = course;
      if (effect !== undefined && page >= effect.first && page < effect.end) this.#take(effect, page);
      else if (isKnown) this.#process.store(page);
      else {
        course.isKnown = true;
        course.effect = this.#learn(course, page);
      }
      return;
    }
    if (courses.length < MOST_COURSES && (this.#credit > 0 || ++this.#unknown % TRIAL_STORES === 0)) {
      const before = Uint8Array.from(this.#looked, (state) => stateOf(state, page));
      courses.push({ before, phase, isKnown: false, effect: undefined });
      if (this.#credit > 0) this.#credit--;
    }
    this.#process.store(page);
  }

  #isAt({ before }: Course, page: number): boolean {
    const ofPages = this.#ofPages;
    const count = ofPages.length;
    for (let i = 0; i < count; i++) if (ofPages[i][page] !== before[i]) return false;
    const looked = this.#looked;
    for (let i = count; i < looked.length; i++) if (stateOf(looked[i], page) !== before[i]) return false;
    return true;
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
    for (let i = 0; i < also.length; i++) also[i](page);
    this.#ledger.chargeBundle(charges);
    if (this.#credit < MOST_CREDIT) this.#credit++;
  }

  /** Goes through a store. @returns what those that are like it lead to, undefined where none is */
  #learn({ before }: Course, page: number): Effect | undefined {
    const states = this.#states;
    const ledger = this.#ledger;
    const { version } = states;
    const { moves } = ledger;
    const countsBefore = states.counts.map(({ counts, grain }) => counts[page >> grain]);
    const chargesBefore = ledger.row(ledger.currentRow).counts.slice();
    states.begin();
    this.#process.store(page);
    const likeness = states.finish();
    // Charges elsewhere are no part of a bundle, and a new state was not looked at.
    if (likeness === undefined || ledger.moves !== moves || states.version !== version) return undefined;
    const changes = this.#looked
      .map((state) => ({ state, after: stateOf(state, page) }))
      .filter(({ after }, i) => after !== before[i]);
    if (changes.some(({ state }) => state.distance > 0)) return undefined;
    const additions = states.counts
      .map(({ counts, grain }, i) => ({ counts, grain, added: counts[page >> grain] - countsBefore[i] }))
      .filter(({ added }) => added !== 0);
    const charges = ledger.bundle(chargesBefore);
    return charges && { ...likeness, changes, additions, charges };
  }

  #forget(): void {
    const { states, version } = this.#states;
    this.#version = version;
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
