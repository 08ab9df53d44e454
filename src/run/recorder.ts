import type { ApiObserver } from "../checkpoint/api.ts";
import type { WrittenLines } from "../checkpoint/engine.ts";
import type { Mmu } from "../guest/mmu.ts";
import {
  type ApiCall,
  type EpochPages,
  EVENT,
  EventColumns,
  type LineCounts,
  type Recording,
  type SiteSource,
} from "./recording.ts";

/** The bits of the software MMU's page byte: who wants to see the next store to a page. */
export const RECORDER_BIT = 1;
export const MACHINE_BIT = 2;

/** Notes the first store to each page in each epoch, and every call, as they happen. */
export class Recorder {
  readonly #mmu: Mmu;
  readonly #events = new EventColumns();
  readonly #calls: ApiCall[] = [];
  readonly #systemCalls: string[] = [];
  readonly #epochs: EpochPages[] = [];
  /** Pages stored to in the epoch that runs, in the order of their first store. */
  #pages: number[] = [];

  constructor(mmu: Mmu) {
    this.#mmu = mmu;
  }

  /** From here on the first store to each page is noted. */
  begin(): void {
    this.#watch(0, this.#mmu.pageCount);
  }

  /** A trap that this recorder asked for. */
  store(page: number, site: number): void {
    this.#mmu.protection[page] &= ~RECORDER_BIT;
    this.#pages.push(page);
    this.#events.push(EVENT.store, page, site, this.#mmu.cycles());
  }

  grow(oldPageCount: number, newPageCount: number): void {
    this.#events.push(EVENT.grow, newPageCount, -1, this.#mmu.cycles());
    this.#watch(oldPageCount, newPageCount - oldPageCount);
  }

  systemCall(name: string, site: number): void {
    let index = this.#systemCalls.indexOf(name);
    if (index < 0) index = this.#systemCalls.push(name) - 1;
    this.#events.push(EVENT.systemCall, index, site, this.#mmu.cycles());
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
  save(
    regions: readonly { readonly id: number; readonly group: string }[],
    site: number,
    changedPages: (lines: WrittenLines) => Uint32Array,
  ): void {
    this.#call({ kind: "save", regions, epoch: this.#epochs.length }, site);
    this.#endEpoch(changedPages);
  }

  finish(
    rest: Pick<Recording, "startPages" | "residentPages" | "labels"> & {
      readonly sites: readonly SiteSource[];
      readonly lines: readonly LineCounts[];
    },
  ): Recording {
    this.#endEpoch(() => new Uint32Array());
    return {
      ...rest,
      endPages: this.#mmu.pageCount,
      ...this.#events.columns(),
      calls: this.#calls,
      systemCalls: this.#systemCalls,
      epochs: this.#epochs,
      programCycles: this.#mmu.cycles(),
    };
  }

  #call(call: ApiCall, site: number): void {
    this.#events.push(EVENT.call, this.#calls.push(call) - 1, site, this.#mmu.cycles());
  }

  #endEpoch(changedPages: (lines: WrittenLines) => Uint32Array): void {
    const pages = Uint32Array.from(this.#pages);
    const masks = new Uint32Array(pages.length * 2);
    this.#mmu.copyDirtyMasks(pages, masks);
    const { pageCounts, protection } = this.#mmu;
    const low = masks.filter((_, i) => i % 2 === 0);
    const high = masks.filter((_, i) => i % 2 === 1);
    const stores = pages.map((page) => pageCounts[page]);
    const changed = changedPages({ pages, low, high });
    this.#epochs.push({ pages, low, high, stores, changed });
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
