import type { ApiObserver } from "../checkpoint/api.ts";
import type { WrittenLines } from "../checkpoint/pending-lines.ts";
import type { Region } from "../checkpoint/regions.ts";
import type { Mmu } from "../guest/mmu.ts";
import type { TakeTally } from "../guest/store-tallies.ts";
import { TALLIED } from "../program/instrument/tallies.ts";
import {
  type ApiCall,
  type EpochPages,
  EVENT,
  EventColumns,
  type LineCounts,
  type Recording,
  type SiteSource,
} from "./recording.ts";
import { WriteLog } from "./write-log.ts";

/** What was written in an epoch, before it is known what changed by it. */
type EpochWrites = WrittenLines & Pick<EpochPages, "written">;

/** The bits of the software MMU's page byte: who wants to see the next store to a page. */
export const RECORDER_BIT = 1;
export const MACHINE_BIT = 2;
export const WRITES_BIT = TALLIED;
/** One further write is told, and then no more. */
const LAST_WRITE_BIT = 8;
/** What the recorder is called for. */
export const RECORDED = RECORDER_BIT | WRITES_BIT | LAST_WRITE_BIT;

/**
 * Notes the first store to each page in each epoch, and every call, as they happen; where each store traps, also every
 * further one to the pages of saved regions.
 */
export class Recorder {
  readonly #mmu: Mmu;
  readonly #events = new EventColumns();
  readonly #calls: ApiCall[] = [];
  readonly #systemCalls: string[] = [];
  readonly #epochs: EpochPages[] = [];
  /** Pages stored to in the epoch that runs, in the order of their first store. */
  #pages: number[] = [];
  readonly #writes: WriteLog | undefined;
  /** Entries of `#writes` that events have told. */
  #told = 0;

  constructor(mmu: Mmu, recordsWrites: boolean) {
    this.#mmu = mmu;
    this.#writes = recordsWrites ? new WriteLog() : undefined;
  }

  /** From here on the first store to each page is noted. */
  begin(): void {
    this.#reach(this.#mmu.pageCount);
    this.#watch(0, this.#mmu.pageCount);
  }

  /** A trap that this recorder asked for. @param address of the store's first byte on the page, as `bytes` are those on it */
  store(page: number, site: number, address: number, bytes: number): void {
    const { protection } = this.#mmu;
    const bits = protection[page];
    if ((bits & WRITES_BIT) === 0) protection[page] = bits & ~(LAST_WRITE_BIT | RECORDER_BIT);
    if ((bits & RECORDER_BIT) === 0) {
      this.#writes?.further(page, site, address, bytes);
      return;
    }
    protection[page] &= ~RECORDER_BIT;
    this.#pages.push(page);
    this.#push(EVENT.store, page, site, bytes);
    if ((protection[page] & WRITES_BIT) !== 0) this.#writes?.first(page, address, bytes);
  }

  /**
   * A further write to a page that tells every one. Where their order does not matter any more, the next ones of its kind are counted
   * by the module itself.
   * @param storeSite of the module; undefined where the next write of `site` may be of another size
   */
  further(page: number, site: number, address: number, bytes: number, storeSite: number | undefined): void {
    const { tallies } = this.#mmu;
    const writes = this.#writes;
    if (writes === undefined) return;
    if (tallies === undefined || storeSite === undefined) {
      writes.further(page, site, address, bytes);
      return;
    }
    // That may be the same entry's, which is full.
    tallies.take(page, storeSite, this.#takeTally);
    const entry = writes.further(page, site, address, bytes);
    if (entry !== undefined) tallies.begin(page, storeSite, entry, writes.roomOf(entry));
  }

  /**
   * A call of the interface has been answered, and regions may have changed: pages that hold none any more tell one further write,
   * as Xen may have left something for it to do (a D bit to be set), and then none.
   */
  endCall(holdsRegion: (page: number) => boolean): void {
    if (this.#writes === undefined) return;
    // Who calls library code is found out anew.
    this.#takeTallies();
    const { protection, pageCount } = this.#mmu;
    for (let page = 0; page < pageCount; page++)
      if ((protection[page] & WRITES_BIT) !== 0 && !holdsRegion(page)) protection[page] ^= WRITES_BIT | LAST_WRITE_BIT;
  }

  grow(oldPageCount: number, newPageCount: number): void {
    this.#push(EVENT.grow, newPageCount, -1);
    this.#reach(newPageCount);
    this.#watch(oldPageCount, newPageCount - oldPageCount);
  }

  systemCall(name: string, site: number): void {
    let index = this.#systemCalls.indexOf(name);
    if (index < 0) index = this.#systemCalls.push(name) - 1;
    this.#push(EVENT.systemCall, index, site);
  }

  /** Every call of the interface that the engine acts on. */
  readonly calls: Pick<ApiObserver, "protect" | "unprotect" | "commit" | "abandon" | "reload" | "drain"> = {
    protect: (spec, site) => this.#call({ kind: "protect", spec }, site),
    unprotect: (id, group, site) => this.#call({ kind: "unprotect", id, group }, site),
    commit: (name, version, site) => this.#call({ kind: "commit", name, version }, site),
    abandon: (name, version, site) => this.#call({ kind: "abandon", name, version }, site),
    drain: (site) => this.#call({ kind: "drain" }, site),
    reload: (id, group, bytes, site) => this.#call({ kind: "reload", id, group, bytes }, site),
  };

  /**
   * A save begins: ends the epoch.
   * @param changedPages told what was written, says which pages of the regions hold other bytes than when last saved
   */
  save(regions: readonly Region[], site: number, changedPages: (lines: EpochWrites) => Uint32Array): void {
    const names = regions.map(({ spec }) => ({ id: spec.id, group: spec.group }));
    this.#call({ kind: "save", regions: names, epoch: this.#epochs.length }, site);
    this.#endEpoch(changedPages);
    if (this.#writes === undefined) return;
    const { protection } = this.#mmu;
    for (const { first, pageCount } of regions.map(({ pages }) => pages)) {
      for (let page = first; page < first + pageCount; page++)
        protection[page] = (protection[page] & ~LAST_WRITE_BIT) | WRITES_BIT;
      this.#mmu.protectionChanged(first, pageCount);
    }
  }

  finish(
    rest: Pick<Recording, "startPages" | "residentPages" | "labels"> & {
      readonly sites: readonly SiteSource[];
      readonly lines: readonly LineCounts[];
    },
  ): Recording {
    this.#tellWrites();
    this.#takeTallies();
    this.#endEpoch(() => new Uint32Array());
    return {
      ...rest,
      ...(this.#writes === undefined ? {} : { writes: this.#writes.columns() }),
      endPages: this.#mmu.pageCount,
      ...this.#events.columns(),
      calls: this.#calls,
      systemCalls: this.#systemCalls,
      epochs: this.#epochs,
      programCycles: this.#mmu.cycles(),
    };
  }

  /** An event, after all writes that came before it. */
  #push(kind: number, argument: number, site: number, bytes = 0): void {
    this.#tellWrites();
    this.#events.push(kind, argument, site, this.#mmu.cycles(), bytes);
  }

  #tellWrites(): void {
    if (this.#writes === undefined) return;
    const { length } = this.#writes;
    if (length > this.#told) this.#events.push(EVENT.writes, length, -1, this.#mmu.cycles());
    this.#told = length;
    this.#writes.endRun();
  }

  #call(call: ApiCall, site: number): void {
    this.#push(EVENT.call, this.#calls.push(call) - 1, site);
    // What was written up to here belongs to the epoch, the regions and the restart that were.
    this.#takeTallies();
    this.#writes?.endStretch();
  }

  #takeTallies(): void {
    this.#mmu.tallies?.takeAll(this.#takeTally);
  }

  readonly #takeTally: TakeTally = (entry, stores, bytes) => this.#writes?.add(entry, stores, bytes);

  #reach(pageCount: number): void {
    this.#writes?.reach(pageCount, this.#mmu.tallies?.writtenBits);
  }

  #endEpoch(changedPages: (lines: EpochWrites) => Uint32Array): void {
    const pages = Uint32Array.from(this.#pages);
    const masks = new Uint32Array(pages.length * 2);
    this.#mmu.copyDirtyMasks(pages, masks);
    const { pageCounts, protection } = this.#mmu;
    const low = masks.filter((_, i) => i % 2 === 0);
    const high = masks.filter((_, i) => i % 2 === 1);
    const stores = pages.map((page) => pageCounts[page]);
    const isTold = (page: number) => (protection[page] & WRITES_BIT) !== 0;
    const written = this.#writes === undefined ? {} : { written: this.#writes.endEpoch(pages, isTold) };
    const changed = changedPages({ pages, low, high, ...written });
    this.#epochs.push({ pages, low, high, stores, changed, ...written });
    this.#mmu.clearEpoch(pages);
    for (const page of pages) {
      protection[page] |= RECORDER_BIT;
      this.#mmu.protectionChanged(page, 1);
    }
    this.#pages = [];
  }

  #watch(first: number, pageCount: number): void {
    const { protection } = this.#mmu;
    for (let page = first; page < first + pageCount; page++) protection[page] |= RECORDER_BIT;
    this.#mmu.protectionChanged(first, pageCount);
  }
}
