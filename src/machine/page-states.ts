import { PageBytes } from "./page-bytes.ts";

/** Grain of what there is one of. */
export const ALL = 31;

/** A state as it is looked up: the entry of a page is `bytes[(page >> grain) + distance]`. */
export interface PageState {
  readonly bytes: Uint8Array;
  /** The same, to be looked through. */
  readonly entries: PageBytes;
  /** log2 of the pages that an entry stands for. */
  readonly grain: number;
  /** 1 when what is looked at is the next page's. */
  readonly distance: 0 | 1;
}

/** A count that stores add to and do not ask. */
export interface PageCount {
  readonly counts: Int32Array;
  readonly grain: number;
}

/** What stores do to their pages. */
export interface PageAction {
  each(page: number): void;
  /** The same to all pages from `first` to before `end` at once; undefined where each is to be gone through. */
  readonly all: ((first: number, end: number) => void) | undefined;
}

/** Which stores are like one, where their pages are in the same states. */
export interface Likeness {
  /** Those to these pages, from `first` to before `end`. */
  readonly first: number;
  readonly end: number;
  /** What they do besides changing states and counts. */
  readonly also: readonly PageAction[];
  /** Some of that is gone through by each of them, and may be charged. */
  readonly isPartlyApart: boolean;
  /** And it changes states of other pages. */
  readonly changesOthers: boolean;
}

/**
 * What a machine keeps of each page, of each page-table page, and of all: the bytes that decide what a store to a page leads
 * to. Everybody who takes part in stores keeps such state here, so that two stores can be told to be alike (`Courses`); and
 * says so when a store depends on more than that, or changes more.
 */
export class PageStates {
  readonly windowPages: number;
  readonly states: PageState[] = [];
  readonly counts: PageCount[] = [];
  /** What is found out of each page that is stored to: what no array holds page by page. */
  readonly finds: ((page: number) => number)[] = [];
  #version = 0;
  #isAsked = false;
  #aside: (work: () => void) => void = (work) => work();
  #isSingle = false;
  #also: PageAction[] = [];
  #isPartlyApart = false;
  #changesOthers = false;
  #first = 0;
  #end = 0;

  /** @param windowPages pages of the window that pages are numbered in */
  constructor(windowPages: number) {
    this.windowPages = windowPages;
  }

  /** A byte for each page, or for each 2^grain pages; all 0 at first. */
  bytes(grain = 0): PageBytes {
    const made = new PageBytes(this.#entries(grain));
    this.#add(made, grain, 0);
    return made;
  }

  /**
   * Takes in bytes of each page that were kept elsewhere, and were all 0 until now: most machines never use all that they have, and
   * what is not used need not be looked at. Without effect for what is here.
   */
  keep(bytes: Uint8Array): void {
    if (!this.states.some((state) => state.bytes === bytes && state.distance === 0))
      this.#add(new PageBytes(bytes), 0, 0);
  }

  /** Counts of each 2^grain pages, all 0 at first; one of everything unless said otherwise. */
  count(grain = ALL): Int32Array {
    const counts = new Int32Array(this.#entries(grain));
    this.counts.push({ counts, grain });
    this.changed();
    return counts;
  }

  /** A store looks at this state of the next page, too. */
  looksAhead(bytes: Uint8Array): void {
    this.#add(new PageBytes(bytes), 0, 1);
  }

  /** A store depends on this, too, which is asked for its page each time. */
  find(ask: (page: number) => number): void {
    this.finds.push(ask);
    this.changed();
  }

  /** Changes whenever something changes that no state here tells of. */
  get version(): number {
    return this.#version;
  }

  /** Something changes that no state here tells of, and that stores may depend on. */
  changed(): void {
    this.#version++;
    this.#isSingle = true;
  }

  /** The store under way reads or changes what other stores do not depend on, or states of other pages: none is like it. */
  once(): void {
    this.#isSingle = true;
  }

  /** What the store under way leads to holds for these pages alone, from `first` to before `end`. */
  within(first: number, end: number): void {
    this.#first = Math.max(first, this.#first);
    this.#end = Math.min(end, this.#end);
  }

  /** A store like the one under way does this, too: to what no store asks before something has changed. */
  also(each: PageAction["each"], all?: PageAction["all"]): void {
    this.#also.push({ each, all });
  }

  /**
   * Does a part of the store under way that each store like it goes through by itself, with charges of its own. It may read and
   * change what no state tells, and what is found out.
   * @param changesOthers whether it changes states, too: of pages that the store does not look at
   */
  apart(page: number, action: (page: number) => void, changesOthers = false): void {
    if (!this.#isAsked) {
      action(page);
      return;
    }
    this.#also.push({ each: action, all: undefined });
    this.#isPartlyApart = true;
    this.#changesOthers ||= changesOthers;
    this.#isAsked = false;
    this.#aside(() => action(page));
    this.#isAsked = true;
  }

  /** Whether somebody wants to know that. */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  /**
   * A store begins, of which is asked which others are like it.
   * @param aside does what is no part of that
   */
  begin(aside: (work: () => void) => void): void {
    this.#isAsked = true;
    this.#aside = aside;
    this.#isSingle = false;
    this.#also = [];
    this.#isPartlyApart = false;
    this.#changesOthers = false;
    this.#first = 0;
    this.#end = this.windowPages;
  }

  /** It has ended. @returns which stores are like it; undefined where none is */
  finish(): Likeness | undefined {
    this.#isAsked = false;
    if (this.#isSingle) return undefined;
    return {
      first: this.#first,
      end: this.#end,
      also: this.#also,
      isPartlyApart: this.#isPartlyApart,
      changesOthers: this.#changesOthers,
    };
  }

  #add(entries: PageBytes, grain: number, distance: PageState["distance"]): void {
    this.states.push({ bytes: entries.bytes, entries, grain, distance });
    this.changed();
  }

  #entries(grain: number): number {
    return Math.max(1, this.windowPages >> grain);
  }
}
