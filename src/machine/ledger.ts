import { NO_REGION, NO_SITE, PHASE_NUMBER, PHASES, type Phase } from "./context.ts";
import { CountRows, type SparseCounts } from "./count-rows.ts";

/** One context's counts, as reports read them. */
export interface LedgerRow {
  readonly phase: Phase;
  /** Number of the checkpoint that the work leads to: 0 before and in the first, 1 after it, and so on. */
  readonly epoch: number;
  /** Store or call site of the program, or NO_SITE. */
  readonly site: number;
  /** Identifier of the protected region, or NO_REGION. */
  readonly region: number;
  /** Count of each primitive, by its number: a copy. */
  readonly counts: Float64Array;
}

/** What a ledger's rows are about: columns of equal length, an entry for each row. */
export interface Contexts {
  /** Number of the phase. */
  readonly phase: Uint8Array;
  readonly epoch: Int32Array;
  readonly site: Int32Array;
  readonly region: Int32Array;
}

/** Handle of a context, for `restore`. */
export type ContextHandle = number;

/** Charges that come together again and again. */
export interface Bundle {
  readonly primitives: Uint16Array;
  readonly counts: Float64Array;
  /** How often they came in each of some rows, from `firstRow` on, and are not added yet. */
  readonly times: Int32Array;
  readonly firstRow: number;
}

/** Rows, the current one in their middle, whose charges of a bundle are added later. */
const BUNDLE_ROWS = 256;

/** Lower bits of a site that its latest row is remembered by. */
const SITE_MASK = 0xff;

/**
 * Counts primitive events, each in the context (phase, epoch, site, region) that caused it. It knows no price: a price
 * profile turns its counts into cycles afterwards, so that a price can change without a new run.
 *
 * A charge is one addition in a typed array; `enter` is a hash look-up and happens once for each trap or call.
 */
export class Ledger {
  readonly primitiveCount: number;
  /** By number of the phase: work of one phase is of few primitives. */
  readonly #counts: readonly CountRows[];
  /** Those of the current context's phase, its row selected. */
  #current: CountRows;
  /** phase, epoch, site, region of each row. */
  #keys: Int32Array;
  /** Number of each row among those of its phase. */
  #rowInPhase = new Int32Array(64);
  /** Rows of each phase. */
  readonly #rowsOfPhase = new Int32Array(PHASES.length);
  #rowCount = 0;
  #row = 0;
  #moves = 0;
  /** Columns of bundles that were dropped, all 0: for the next ones. */
  readonly #times: Int32Array[] = [];
  readonly #bundles: Bundle[] = [];
  /** Some of them have charges that are not added yet. */
  #owes = false;
  /** Open addressing: row number + 1, 0 when empty. */
  #slots: Int32Array;
  /** Row that a site, by its lower bits, was in last: most often it is again. */
  readonly #rowOfSite = new Int32Array(SITE_MASK + 1);
  /** What was entered last: most often the next is the same. */
  #latestPhase: Phase | undefined;
  #latestPhaseNumber = 0;
  #latestEpoch = 0;
  #latestSite = 0;
  #latestRegion = 0;
  #latestRow = 0;

  constructor(primitiveCount: number) {
    this.primitiveCount = primitiveCount;
    this.#counts = PHASES.map(() => new CountRows(primitiveCount));
    this.#keys = new Int32Array(4 * 64);
    this.#slots = new Int32Array(256);
    this.#addRow(PHASE_NUMBER.run, 0, NO_SITE, NO_REGION);
    this.#current = this.#countsOf(0);
  }

  /** Adds `count` events of a primitive to the current context. */
  charge(primitive: number, count: number): void {
    this.#current.add(primitive, count);
  }

  /** Makes (phase, epoch, site, region) the current context. @returns the handle of the one before */
  enter(phase: Phase, epoch: number, site: number, region: number): ContextHandle {
    const before = this.#row;
    if (
      site === this.#latestSite &&
      region === this.#latestRegion &&
      epoch === this.#latestEpoch &&
      phase === this.#latestPhase
    ) {
      this.restore(this.#latestRow);
      return before;
    }
    if (phase !== this.#latestPhase) {
      this.#latestPhase = phase;
      this.#latestPhaseNumber = PHASE_NUMBER[phase];
    }
    this.restore(this.#rowOf(this.#latestPhaseNumber, epoch, site, region));
    this.#latestEpoch = epoch;
    this.#latestSite = site;
    this.#latestRegion = region;
    this.#latestRow = this.#row;
    return before;
  }

  /**
   * Makes a bundle of what was charged to the current context.
   * @param before its counts before that
   * @returns undefined where parts of events were counted, which do not add up exactly
   */
  bundle(before: Float64Array): Bundle | undefined {
    this.#settle();
    const { primitives, counts } = this.#current.added(this.#rowInPhase[this.#row], before);
    for (let i = 0; i < counts.length; i++) if (!Number.isInteger(counts[i])) return undefined;
    const bundle = {
      primitives,
      counts,
      times: this.#times.pop() ?? new Int32Array(BUNDLE_ROWS),
      firstRow: Math.max(0, this.#row - BUNDLE_ROWS / 2),
    };
    this.#bundles.push(bundle);
    return bundle;
  }

  /** Charges a bundle to the current context, so many times. */
  chargeBundle(bundle: Bundle, times = 1): void {
    const at = this.#row - bundle.firstRow;
    if (at >= 0 && at < BUNDLE_ROWS) {
      bundle.times[at] += times;
      this.#owes = true;
    } else this.#current.addTo(this.#rowInPhase[this.#row], bundle.primitives, bundle.counts, times);
  }

  /** Adds what bundles were charged: before anybody reads counts. */
  #settle(): void {
    if (!this.#owes) return;
    this.#owes = false;
    for (const bundle of this.#bundles) {
      const { primitives, counts, times, firstRow } = bundle;
      for (let at = Math.min(BUNDLE_ROWS, this.#rowCount - firstRow) - 1; at >= 0; at--) {
        if (times[at] === 0) continue;
        this.#countsOf(firstRow + at).addTo(this.#rowInPhase[firstRow + at], primitives, counts, times[at]);
        times[at] = 0;
      }
    }
  }

  /** All bundles are charged and no more. */
  dropBundles(): void {
    this.#settle();
    for (const { times } of this.#bundles) this.#times.push(times);
    this.#bundles.length = 0;
  }

  #rowOf(phase: number, epoch: number, site: number, region: number): number {
    const guess = this.#rowOfSite[site & SITE_MASK];
    if (this.#isRow(guess, phase, epoch, site, region)) return guess;
    const row = this.#findRow(phase, epoch, site, region);
    this.#rowOfSite[site & SITE_MASK] = row;
    return row;
  }

  #isRow(row: number, phase: number, epoch: number, site: number, region: number): boolean {
    const k = row * 4;
    const keys = this.#keys;
    return keys[k + 2] === site && keys[k + 1] === epoch && keys[k] === phase && keys[k + 3] === region;
  }

  #findRow(phase: number, epoch: number, site: number, region: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(phase, epoch, site, region) & mask;
    for (;;) {
      const row = this.#slots[slot] - 1;
      if (row < 0) break;
      if (this.#isRow(row, phase, epoch, site, region)) return row;
      slot = (slot + 1) & mask;
    }
    return this.#addRow(phase, epoch, site, region);
  }

  /** Makes the current context's like in another phase the current one. @returns the handle of the one before */
  enterPhase(phase: Phase): ContextHandle {
    const k = this.#row * 4;
    return this.enter(phase, this.#keys[k + 1], this.#keys[k + 2], this.#keys[k + 3]);
  }

  /** Makes the context of a handle current again. */
  restore(handle: ContextHandle): void {
    if (handle === this.#row) return;
    this.#moves++;
    this.#row = handle;
    this.#current = this.#countsOf(handle);
    this.#current.select(this.#rowInPhase[handle]);
  }

  /** The current context's phase and identifiers. */
  get current(): Omit<LedgerRow, "counts"> {
    const { phase, epoch, site, region } = this.row(this.#row);
    return { phase, epoch, site, region };
  }

  /** Number of the current context's phase. */
  get currentPhase(): number {
    return this.#keys[this.#row * 4];
  }

  /** Number of the current context's row. */
  get currentRow(): number {
    return this.#row;
  }

  /** How often the current context has changed. */
  get moves(): number {
    return this.#moves;
  }

  /**
   * Count of each primitive in the current context, by its number: a copy.
   * @param counts where they go: a copy that is no longer needed
   */
  currentCounts(counts?: Float64Array): Float64Array {
    this.#settle();
    return this.#current.row(this.#rowInPhase[this.#row], counts);
  }

  /** How often a primitive was counted in a row. */
  countAt(row: number, primitive: number): number {
    this.#settle();
    return this.#countsOf(row).at(this.#rowInPhase[row], primitive);
  }

  /** Counts of some rows without their zeros. */
  sparseCounts(rows: ArrayLike<number>): SparseCounts {
    this.#settle();
    const start = new Uint32Array(rows.length + 1);
    let room = 0;
    for (let i = 0; i < rows.length; i++) room += this.#countsOf(rows[i]).primitives.length;
    const columns = { primitive: new Uint16Array(room), count: new Float64Array(room) };
    for (let i = 0; i < rows.length; i++)
      start[i + 1] = this.#countsOf(rows[i]).write(this.#rowInPhase[rows[i]], columns, start[i]);
    const length = start[rows.length];
    return {
      primitives: Uint16Array.from(new Set(this.#counts.flatMap(({ primitives }) => primitives))).sort(),
      start,
      primitive: columns.primitive.slice(0, length),
      count: columns.count.slice(0, length),
    };
  }

  /** Where the counts of a row are, among those of its phase. */
  #countsOf(row: number): CountRows {
    return this.#counts[this.#keys[row * 4]];
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Numbers of the rows of all epochs but one. */
  rowsWithout(epoch: number): Uint32Array<ArrayBuffer> {
    const rows = new Uint32Array(this.#rowCount);
    let count = 0;
    for (let row = 0; row < this.#rowCount; row++) if (this.#keys[row * 4 + 1] !== epoch) rows[count++] = row;
    return rows.slice(0, count);
  }

  /** All contexts in the order in which they first appeared. */
  *rows(): IterableIterator<LedgerRow> {
    for (let row = 0; row < this.#rowCount; row++) yield this.row(row);
  }

  /** Counts over all contexts that pass, by primitive. */
  totals(accept: (row: LedgerRow) => boolean = () => true): Float64Array {
    const totals = new Float64Array(this.primitiveCount);
    for (const row of this.rows()) {
      if (accept(row)) for (let p = 0; p < totals.length; p++) totals[p] += row.counts[p];
    }
    return totals;
  }

  /**
   * What rows are about: copies.
   * @param rows all of them when left out
   */
  contexts(rows = Uint32Array.from({ length: this.#rowCount }, (_, row) => row)): Contexts {
    const count = rows.length;
    const phase = new Uint8Array(count);
    const epoch = new Int32Array(count);
    const site = new Int32Array(count);
    const region = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const k = rows[i] * 4;
      phase[i] = this.#keys[k];
      epoch[i] = this.#keys[k + 1];
      site[i] = this.#keys[k + 2];
      region[i] = this.#keys[k + 3];
    }
    return { phase, epoch, site, region };
  }

  /** A difference between two ledgers in one sentence, or undefined when each context holds the same counts. */
  static difference(a: Ledger, b: Ledger, nameOf: (primitive: number) => string): string | undefined {
    const left = nonEmpty(a);
    const right = nonEmpty(b);
    for (const key of new Set([...left.keys(), ...right.keys()])) {
      const x = left.get(key);
      const y = right.get(key);
      for (let p = 0; p < a.primitiveCount; p++) {
        const m = x?.[p] ?? 0;
        const n = y?.[p] ?? 0;
        if (m !== n) return `${nameOf(p)} in (phase, epoch, site, region) ${key}: ${m} against ${n}`;
      }
    }
    return undefined;
  }

  /** @param row its number, from 0 to `rowCount` - 1 */
  row(row: number): LedgerRow {
    this.#settle();
    const k = row * 4;
    return {
      phase: PHASES[this.#keys[k]],
      epoch: this.#keys[k + 1],
      site: this.#keys[k + 2],
      region: this.#keys[k + 3],
      counts: this.#countsOf(row).row(this.#rowInPhase[row]),
    };
  }

  #addRow(phase: number, epoch: number, site: number, region: number): number {
    const row = this.#rowCount++;
    const k = row * 4;
    if (k === this.#keys.length) {
      const keys = new Int32Array(this.#keys.length * 2);
      keys.set(this.#keys);
      this.#keys = keys;
      const rowInPhase = new Int32Array(this.#rowInPhase.length * 2);
      rowInPhase.set(this.#rowInPhase);
      this.#rowInPhase = rowInPhase;
    }
    this.#keys[k] = phase;
    this.#keys[k + 1] = epoch;
    this.#keys[k + 2] = site;
    this.#keys[k + 3] = region;
    this.#rowInPhase[row] = this.#rowsOfPhase[phase]++;
    if (this.#rowCount * 2 > this.#slots.length) this.#rehash(this.#slots.length * 2);
    else this.#place(row);
    return row;
  }

  #place(row: number): void {
    const mask = this.#slots.length - 1;
    const k = row * 4;
    let slot = hash(this.#keys[k], this.#keys[k + 1], this.#keys[k + 2], this.#keys[k + 3]) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = row + 1;
  }

  #rehash(size: number): void {
    this.#slots = new Int32Array(size);
    for (let row = 0; row < this.#rowCount; row++) this.#place(row);
  }
}

/** Slots between those of a context in two epochs that follow each other: a line of the cache, so that it is there when it is needed. */
const EPOCH_SLOTS = 16;

function hash(phase: number, epoch: number, site: number, region: number): number {
  let h = Math.imul(site, 0x9e3779b1) ^ Math.imul(region * 8 + phase, 0xc2b2ae35);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return ((h ^ (h >>> 13)) + epoch * EPOCH_SLOTS) >>> 0;
}

function nonEmpty(ledger: Ledger): Map<string, Float64Array> {
  const rows = new Map<string, Float64Array>();
  for (const row of ledger.rows()) {
    if (row.counts.some((count) => count !== 0)) {
      rows.set([row.phase, row.epoch, row.site, row.region].join(" "), row.counts);
    }
  }
  return rows;
}
