import { NO_REGION } from "../machine/context.ts";
import { P } from "../machine/primitives.ts";
import type { PageRange } from "../xen/checkpoint-service.ts";
import { mergeRanges, rangesOfPages, subtractRanges } from "./pages.ts";
import { type Region, type RegionSpec, RegionTable } from "./regions.ts";
import { chargeCommit, chargeReload } from "./targets.ts";
import type { Technique, TechniqueDefinition, TechniqueMachine } from "./technique.ts";

/** What a checkpoint took from one region. */
export interface SavedRegion {
  readonly region: Region;
  /** Pages of linear memory, ascending. */
  readonly pages: readonly number[];
  /** Bytes of the region on those pages. */
  readonly bytes: number;
  /** Bytes of the 64-byte lines on those pages that were written since they were last saved. */
  readonly dirtyBytes: number;
  /** Every page of it: a base that later deltas build on. */
  readonly whole: boolean;
}

/** What is known of a page when an epoch ends: the 64-byte lines that were written in it. */
export interface PageLines {
  readonly page: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The checkpoint library's work, as events of the machine: it knows which pages hold which regions, drives one technique,
 * and charges the ledger. It handles no bytes of the program, so the same engine serves a live run and a replay.
 */
export class CheckpointEngine {
  readonly regions = new RegionTable();
  readonly technique: Technique;
  readonly #machine: TechniqueMachine;
  /** Virtual page number of the program's page 0. */
  readonly #base: number;
  #epoch = 0;
  #reloadSite = Number.NaN;
  /** Regions saved by the checkpoint that is being taken. */
  #saved: SavedRegion[] = [];
  /** Number of the first region on each page of linear memory, NO_REGION where there is none. */
  #regionOfPage = new Int32Array(0);

  constructor(definition: TechniqueDefinition, machine: TechniqueMachine, base: number) {
    this.technique = definition.create(machine);
    this.#machine = machine;
    this.#base = base;
  }

  /** Number of checkpoints taken so far, and so of the epoch that is running. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Site of the call that last reloaded an image: stores at this site are the library's own, writing the image back. */
  get reloadSite(): number {
    return this.#reloadSite;
  }

  /** The region on a page of linear memory, or NO_REGION. */
  regionOf(page: number): number {
    return page < this.#regionOfPage.length ? this.#regionOfPage[page] : NO_REGION;
  }

  /** Whether the first write to a page of linear memory is the technique's business now. */
  isArmed(page: number): boolean {
    return this.technique.isArmed(this.#base + page);
  }

  /** VELOC_Mem_protect and VELOC_Region_protect. A region that is protected again as it stands keeps what is known of it. */
  protect(spec: RegionSpec, site: number): Region {
    const known = this.regions.find(spec.id, spec.group);
    const before = this.#enter("register", site, known?.number ?? NO_REGION);
    this.#machine.ledger.charge(P.user_call, 1);
    try {
      if (known !== undefined && known.spec.address === spec.address && known.spec.bytes === spec.bytes) return known;
      const held = this.regions.covered();
      const { region, replaced } = this.regions.add(spec);
      if (replaced !== undefined) this.#release(replaced.pages);
      const added = subtractRanges([region.pages], held);
      if (added.length > 0) this.technique.register(this.#virtual(added));
      this.#indexPages();
      return region;
    } finally {
      this.#machine.ledger.restore(before);
    }
  }

  unprotect(region: Region, site: number): void {
    const before = this.#enter("register", site, region.number);
    this.#machine.ledger.charge(P.user_call, 1);
    this.regions.remove(region);
    this.#release(region.pages);
    this.#indexPages();
    this.#machine.ledger.restore(before);
  }

  /** What was written in the epoch that ends here. Costs nothing: it is measured beside the technique, for the report. */
  noteLines(lines: Iterable<PageLines>): void {
    for (const { page, low, high } of lines) {
      for (const region of this.regions.all) {
        if (!region.holds(page)) continue;
        const index = (page - region.pages.first) * 2;
        region.pendingLines[index] |= low;
        region.pendingLines[index + 1] |= high;
      }
    }
  }

  /** Pages of linear memory whose bytes differ in the regions that will be saved next from what was last saved of them. */
  noteChanged(pages: Iterable<number>): void {
    this.technique.noteChanged?.(Array.from(pages, (page) => page + this.#base));
  }

  /**
   * Finds and copies what was written of these regions since they were last saved, and arms their pages again at once, so
   * that a store between here and the commit is not missed. `regions` are distinct.
   */
  save(regions: readonly Region[], site: number): SavedRegion[] {
    const ranges = mergeRanges(regions.map((region) => region.pages));
    const { ledger, options, service } = this.#machine;
    const before = this.#enter("collect", site, NO_REGION);
    const registeredBytes = regions.reduce((sum, region) => sum + region.spec.bytes, 0);
    for (const page of this.technique.collect(this.#virtual(ranges), registeredBytes)) {
      this.#notePage(page - this.#base);
    }
    const saved = regions.map(takePending);
    for (const { region, pages, bytes } of saved) {
      this.#enter("copy", site, region.number);
      if (options.copy === "hypervisor" && service !== undefined) {
        service.copy(options.gate, this.#virtual(rangesOfPages(pages)));
      } else {
        ledger.charge(P.user_memcpy_call, pages.length);
        ledger.charge(P.user_memcpy_byte, bytes);
      }
    }
    this.#enter("arm", site, NO_REGION);
    if (ranges.length > 0) this.technique.arm(this.#virtual(ranges));
    ledger.restore(before);
    this.#saved.push(...saved);
    return saved;
  }

  /** Ends the checkpoint: commits what was saved and begins the next epoch. */
  commit(site: number): void {
    const { ledger, options } = this.#machine;
    const before = this.#enter("commit", site, NO_REGION);
    ledger.charge(P.user_call, 1);
    let bytes = 0;
    let pageCount = 0;
    for (const saved of this.#saved) {
      bytes += saved.bytes;
      pageCount += saved.pages.length;
    }
    chargeCommit(ledger, options, bytes, pageCount);
    ledger.restore(before);
    this.#saved = [];
    this.#epoch++;
  }

  /** Drops the checkpoint that is being taken: what it saved is to be saved again by the next one. */
  abandon(): void {
    for (const { region, pages } of this.#saved) {
      for (const page of pages) {
        const i = page - region.pages.first;
        region.pending[i] = 1;
        region.pendingLines.fill(0xffffffff, 2 * i, 2 * i + 2);
      }
    }
    this.#saved = [];
    this.#epoch++;
  }

  /**
   * The library reads `bytes` of an image back. The stores that write them into the program's memory are the caller's:
   * they reach the machine page by page like any store of user mode.
   */
  reload(region: Region, bytes: number, site: number): void {
    this.#reloadSite = site;
    const before = this.#enter("restart", site, region.number);
    chargeReload(this.#machine.ledger, this.#machine.options, bytes);
    this.#machine.ledger.charge(P.user_memcpy_byte, bytes);
    region.pending.fill(1);
    region.pendingLines.fill(0xffffffff);
    this.#machine.ledger.restore(before);
  }

  #enter(phase: Parameters<TechniqueMachine["ledger"]["enter"]>[0], site: number, region: number): number {
    return this.#machine.ledger.enter(phase, this.#epoch, site, region);
  }

  #notePage(page: number): void {
    for (const region of this.regions.all) if (region.holds(page)) region.pending[page - region.pages.first] = 1;
  }

  #release(pages: PageRange): void {
    const free = this.regions.uncovered([pages]);
    if (free.length > 0) this.technique.unregister(this.#virtual(free));
  }

  #indexPages(): void {
    const end = Math.max(0, ...this.regions.all.map(({ pages }) => pages.first + pages.pageCount));
    const index = new Int32Array(end).fill(NO_REGION);
    for (const region of [...this.regions.all].reverse()) {
      index.fill(region.number, region.pages.first, region.pages.first + region.pages.pageCount);
    }
    this.#regionOfPage = index;
  }

  #virtual(ranges: readonly PageRange[]): PageRange[] {
    return ranges.map(({ first, pageCount }) => ({ first: first + this.#base, pageCount }));
  }
}

/** What the next image must hold of a region; afterwards nothing is pending. */
function takePending(region: Region): SavedRegion {
  const pages: number[] = [];
  let bytes = 0;
  let dirtyBytes = 0;
  for (let i = 0; i < region.pending.length; i++) {
    if (region.pending[i] === 0) continue;
    const page = region.pages.first + i;
    const slice = region.slice(page);
    pages.push(page);
    bytes += slice.bytes;
    dirtyBytes += writtenBytes(region, page);
  }
  const whole = pages.length === region.pages.pageCount;
  for (const page of pages) {
    const i = page - region.pages.first;
    region.pending[i] = 0;
    region.pendingLines[2 * i] = 0;
    region.pendingLines[2 * i + 1] = 0;
  }
  return { region, pages, bytes, dirtyBytes, whole };
}

/** Bytes of the page's written 64-byte lines, as far as they lie in the region. */
function writtenBytes(region: Region, page: number): number {
  const i = page - region.pages.first;
  const start = Math.max(0, region.spec.address - page * 4096);
  const end = Math.min(4096, region.spec.address + region.spec.bytes - page * 4096);
  let bytes = 0;
  for (let line = Math.floor(start / 64); line * 64 < end; line++) {
    const word = region.pendingLines[2 * i + (line >> 5)];
    if (((word >>> (line & 31)) & 1) === 1) bytes += Math.min(end, line * 64 + 64) - Math.max(start, line * 64);
  }
  return bytes;
}
