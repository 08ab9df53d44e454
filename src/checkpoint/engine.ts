import { NO_REGION } from "../machine/context.ts";
import { PageList } from "../machine/page-list.ts";
import { P } from "../machine/primitives.ts";
import { firstAtLeast } from "../machine/sorted.ts";
import type { PageRange } from "../xen/checkpoint-service.ts";
import type { RequestChannel } from "../xen/request-channel.ts";
import { BackgroundCopy, type BackgroundProgress, type CopiedBytes } from "./background.ts";
import { LINE_BYTES, mergeRanges, PAGE_BYTES, rangesOfPages, subtractRanges } from "./pages.ts";
import { byPage, type WrittenLines } from "./pending-lines.ts";
import { RegionIndex } from "./region-index.ts";
import { eachSavedPage, PENDING, type Region, type RegionSpec, RegionTable, type SavedRegion } from "./regions.ts";
import { byteFromPage, chargeReload, chargeSeal, chargeTransfer, goesDirectly, indexBytes } from "./targets.ts";
import type { CheckpointOptions, Technique, TechniqueDefinition, TechniqueMachine } from "./technique.ts";
import { firstRunFrom, NO_RUNS, pageOfRun, RunColumns, type WrittenRuns } from "./written-bytes.ts";

/** Whoever keeps the bytes of images that are still being copied. */
export interface CopyListener {
  /** A page of the image is about to be written for the first time since: its bytes must be taken now. */
  beforeWrite(page: number): void;
  /** All bytes that are still missing must be taken now. @param safeAt virtual cycle from which on the image was safe */
  finish(safeAt: number): void;
}

/**
 * The checkpoint library's work, as events of the machine: it knows which pages hold which regions, drives one technique,
 * and charges the ledger. It handles no bytes of the program, so the same engine serves a live run and a replay.
 */
export class CheckpointEngine {
  readonly regions = new RegionTable();
  readonly technique: Technique;
  /** Set by who keeps bytes; a replay has none. */
  copyListener: CopyListener | undefined;
  readonly #machine: TechniqueMachine;
  /** Virtual page number of the program's page 0. */
  readonly #base: number;
  #epoch = 0;
  #background: BackgroundCopy | undefined;
  /** Virtual cycle of the program at the call or store that is being handled. */
  #cycle = 0;
  #reloadSite = Number.NaN;
  /** Pages of the whole guest that the checkpoint being taken has copied. */
  #wholePages = 0;
  /** Regions saved by the checkpoint that is being taken. */
  #saved: SavedRegion[] = [];
  /** Undefined where regions have changed since it was asked for. */
  #regionIndex: RegionIndex | undefined;

  /** Who learns that a page is about to be written, and copies it first where it must be. */
  readonly #noticer: CheckpointOptions["copy"];

  constructor(definition: TechniqueDefinition, machine: TechniqueMachine, base: number) {
    this.#noticer = definition.class === "user" ? "guest" : "hypervisor";
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

  /** Which region a page of linear memory is charged to. */
  get regionIndex(): RegionIndex {
    this.#regionIndex ??= new RegionIndex(this.regions.all);
    return this.#regionIndex;
  }

  /** Pages that the checkpoint being taken has copied of the whole guest; undefined where the technique saves regions alone. */
  get wholeGuestPages(): number | undefined {
    return this.technique.wholeGuest === undefined ? undefined : this.#wholePages;
  }

  /** Whether the first write to a page of linear memory is the technique's business now. */
  isArmed(page: number): boolean {
    return this.technique.isArmed(this.#base + page);
  }

  /** Whether saved pages are copied while the program runs on. */
  get copiesInBackground(): boolean {
    return this.#machine.options.commit === "async" && this.technique.wholeGuest === undefined;
  }

  /** Whether a checkpoint is being copied now. */
  get isCopying(): boolean {
    return this.#background !== undefined;
  }

  /** Tells the time: comes before every call and store. */
  setCycle(cycle: number): void {
    this.#cycle = cycle;
  }

  /** The program is about to write a page: what an asynchronous commit still needs of it is copied first. */
  beforeWrite(page: number): void {
    const copied = this.#background?.collide(page, this.#cycle);
    if (copied === undefined) return;
    this.#chargeCopy(copied, this.#noticer);
    this.copyListener?.beforeWrite(page);
  }

  /** Waits until an asynchronous commit under way is done. */
  drain(): void {
    if (this.#background === undefined) return;
    const { epoch, site, indexedPieces } = this.#background;
    const { uncopied, unsentBytes, isDone } = this.#chargeProgress(this.#background);
    const { doneAt } = this.#background;
    this.#background = undefined;
    const { ledger, options } = this.#machine;
    const before = ledger.enter(isDone ? "background" : "commit", epoch, site, NO_REGION);
    this.#chargeBackgroundCopy(uncopied);
    chargeTransfer(ledger, options, unsentBytes);
    if (indexedPieces !== undefined) {
      chargeSeal(ledger, options, indexedPieces);
      this.technique.wholeGuest?.release();
    }
    ledger.restore(before);
    this.copyListener?.finish(isDone ? doneAt : this.#cycle);
  }

  /** The program has ended, and waits for nothing: an asynchronous commit that is not done by now is lost. */
  end(cycle: number): void {
    if (this.#background === undefined) return;
    this.#cycle = cycle;
    if (this.#background.progress(cycle).isDone) this.drain();
    else this.#chargeProgress(this.#background);
    this.#background = undefined;
  }

  /** Charges what was done of an asynchronous commit beside the program. */
  #chargeProgress(background: BackgroundCopy): BackgroundProgress {
    const { ledger, options } = this.#machine;
    const progress = background.progress(this.#cycle);
    const before = ledger.enter("background", background.epoch, background.site, NO_REGION);
    this.#chargeBackgroundCopy(progress.copied);
    chargeTransfer(ledger, options, progress.sentBytes);
    ledger.restore(before);
    return progress;
  }

  /** VELOC_Mem_protect and VELOC_Region_protect. A region that is protected again as it stands keeps what is known of it. */
  protect(spec: RegionSpec, site: number): Region {
    const known = this.regions.find(spec.id, spec.group);
    const before = this.#enter("register", site, known?.number ?? NO_REGION);
    this.#machine.ledger.charge(P.user_call, 1);
    try {
      if (known !== undefined && known.spec.address === spec.address && known.spec.bytes === spec.bytes) return known;
      if (known !== undefined) this.drain();
      const held = this.regions.covered();
      const { region, replaced } = this.regions.add(spec);
      if (replaced !== undefined) this.#release(replaced.pages);
      const added = subtractRanges([region.pages], held);
      if (added.length > 0) this.technique.register(this.#virtual(added));
      this.#regionIndex = undefined;
      return region;
    } finally {
      this.#machine.ledger.restore(before);
    }
  }

  unprotect(region: Region, site: number): void {
    this.drain();
    const before = this.#enter("register", site, region.number);
    this.#machine.ledger.charge(P.user_call, 1);
    this.regions.remove(region);
    this.#release(region.pages);
    this.#regionIndex = undefined;
    this.#machine.ledger.restore(before);
  }

  /** What was written in the epoch that ends here. Costs nothing: it is measured beside the technique, for the report. */
  noteLines(written: WrittenLines): void {
    const lines = byPage(written);
    for (const region of this.regions.all) region.pendingLines.note(lines);
  }

  /** Pages of linear memory whose bytes differ in the regions that will be saved next from what was last saved of them. */
  noteChanged(pages: ArrayLike<number>): void {
    if (this.technique.noteChanged === undefined) return;
    const virtual = new Uint32Array(pages.length);
    for (let i = 0; i < pages.length; i++) virtual[i] = pages[i] + this.#base;
    this.technique.noteChanged(virtual);
  }

  /** The runs of bytes written in the epoch that ends here, on pages that a save had armed by its beginning. */
  noteWritten(runs: WrittenRuns): void {
    this.technique.noteWritten?.(runs, this.#base);
  }

  /**
   * Finds and copies what was written of these regions since they were last saved, and arms their pages again at once, so
   * that a store between here and the commit is not missed. `regions` are distinct.
   */
  save(regions: readonly Region[], site: number): SavedRegion[] {
    if (this.#background?.epoch !== this.#epoch) this.drain();
    const ranges = mergeRanges(regions.map((region) => region.pages));
    const { ledger, options, xen } = this.#machine;
    const before = this.#enter("collect", site, NO_REGION);
    const registeredBytes = regions.reduce((sum, region) => sum + region.spec.bytes, 0);
    this.#notePages(this.technique.collect(this.#virtual(ranges), registeredBytes));
    const saved = regions.map(takePending);
    const byXen = options.copy === "hypervisor" && xen !== undefined;
    const { wholeGuest } = this.technique;
    if (wholeGuest !== undefined) {
      this.#enter("copy", site, NO_REGION);
      this.#wholePages += wholeGuest.copy();
    } else if (options.commit === "async") {
      this.#begun(site).add(saved, (region, page) => (byXen ? PAGE_BYTES : region.bytesOn(page)));
      this.#enter("copy", site, NO_REGION);
      if (byXen) xen.channel.request(options.gate, () => {});
    }
    for (const part of this.copiesInBackground || wholeGuest !== undefined ? [] : saved) {
      // Whom nothing was written of costs the process nothing; Xen is asked for each.
      if (!byXen && part.pieces === 0) continue;
      this.#enter("copy", site, part.region.number);
      if (byXen) this.#hypervisorCopies(part, xen.channel);
      else this.#chargeCopy({ pages: part.pages.length, pieces: part.pieces, bytes: part.bytes }, "guest");
    }
    this.#enter("arm", site, NO_REGION);
    if (ranges.length > 0) this.technique.arm(this.#virtual(ranges));
    // Before the program may write again, what was asked of Xen has happened.
    xen?.channel.complete();
    ledger.restore(before);
    this.#saved.push(...saved);
    return saved;
  }

  /** Ends the checkpoint: commits what was saved and begins the next epoch. */
  commit(site: number): void {
    if (this.#background?.epoch !== this.#epoch) this.drain();
    const { ledger, options } = this.#machine;
    const before = this.#enter("commit", site, NO_REGION);
    ledger.charge(P.user_call, 1);
    let bytes = this.#wholePages * PAGE_BYTES;
    let pieces = this.#wholePages;
    this.#wholePages = 0;
    for (const saved of this.technique.wholeGuest === undefined ? this.#saved : []) {
      bytes += saved.bytes;
      pieces += saved.pieces;
    }
    if (options.commit === "async") {
      const background = this.#begun(site);
      if (this.technique.wholeGuest !== undefined) background.addCopied(bytes);
      background.end(pieces);
    } else {
      const sent = goesDirectly(options) && this.technique.wholeGuest === undefined ? 0 : bytes;
      chargeTransfer(ledger, options, sent + indexBytes(pieces));
      chargeSeal(ledger, options, pieces);
      this.technique.wholeGuest?.release();
    }
    ledger.restore(before);
    this.#saved = [];
    this.#epoch++;
  }

  /** Drops the checkpoint that is being taken: what it saved is to be saved again by the next one. */
  abandon(): void {
    if (this.#background?.epoch === this.#epoch) {
      this.#chargeProgress(this.#background);
      this.#background = undefined;
    }
    for (const { region, pages } of this.#saved) {
      for (const page of pages) {
        region.addPage(page);
        region.pendingLines.add(page);
      }
    }
    this.#saved = [];
    this.#wholePages = 0;
    this.#epoch++;
  }

  /**
   * The library reads `bytes` of an image back. The stores that write them into the program's memory are the caller's:
   * they reach the machine page by page like any store of user mode.
   */
  reload(region: Region, bytes: number, site: number): void {
    this.drain();
    this.#reloadSite = site;
    const before = this.#enter("restart", site, region.number);
    chargeReload(this.#machine.ledger, this.#machine.options, bytes);
    this.#machine.ledger.charge(P.user_memcpy_byte, bytes);
    region.addAll();
    this.#machine.ledger.restore(before);
  }

  #enter(phase: Parameters<TechniqueMachine["ledger"]["enter"]>[0], site: number, region: number): number {
    const { ledger, states } = this.#machine;
    states.changed();
    return ledger.enter(phase, this.#epoch, site, region);
  }

  /** The asynchronous commit of the checkpoint that is being taken. */
  #begun(site: number): BackgroundCopy {
    const { options } = this.#machine;
    this.#background ??= new BackgroundCopy(this.#epoch, site, this.#cycle, {
      // A page that goes to the device as it lies may be written when it has crossed.
      copy: goesDirectly(options) ? options.transferBytesPerCycle : options.backgroundBytesPerCycle,
      transfer: options.target === "memory" ? undefined : options.transferBytesPerCycle,
    });
    return this.#background;
  }

  /** Pages, or runs of bytes on them, copied one by one into memory. */
  #chargeCopy(copied: CopiedBytes, who: CheckpointOptions["copy"]): void {
    const { ledger } = this.#machine;
    if (who === "hypervisor") {
      this.#chargeMappings(copied);
      ledger.charge(P.xen_memcpy_byte, copied.bytes);
    } else {
      ledger.charge(P.user_memcpy_call, copied.pieces);
      ledger.charge(P.user_memcpy_byte, copied.bytes);
    }
  }

  /** Pages of an asynchronous commit, copied in their turn. */
  #chargeBackgroundCopy(copied: CopiedBytes): void {
    const { options } = this.#machine;
    if (goesDirectly(options)) this.#chargeMappings(copied);
    else this.#chargeCopy(copied, options.copy);
  }

  /** What a hypervisor needs to get at pages and at the runs on them. */
  #chargeMappings({ pages, pieces }: CopiedBytes): void {
    const { ledger } = this.#machine;
    ledger.charge(P.xen_service_copy, pages);
    ledger.charge(P.xen_service_run, pieces - pages);
  }

  /** Whole pages, and runs of bytes on others. */
  #hypervisorCopies(saved: SavedRegion, channel: RequestChannel): void {
    const { pages, partPages, pieces } = saved;
    const { gate, target } = this.#machine.options;
    const full: number[] = [];
    let partBytes = 0;
    eachSavedPage(saved, (page, _pieces, bytes, inPart) => {
      if (inPart) partBytes += bytes;
      else full.push(page);
    });
    if (full.length > 0 || partPages === 0) {
      channel.copy(gate, this.#virtual(rangesOfPages(full)), byteFromPage(target));
    }
    if (partPages === 0) return;
    channel.copyRuns(gate, partPages, pieces - pages.length, partBytes, byteFromPage(target));
  }

  /** @param pages virtual page numbers, ascending */
  #notePages(pages: Uint32Array): void {
    const runs = this.technique.writtenRuns?.() ?? NO_RUNS;
    for (const region of this.regions.all) {
      const { first, pageCount } = region.pages;
      const end = firstAtLeast(pages, first + pageCount + this.#base);
      const from = firstAtLeast(pages, first + this.#base);
      // Nothing is between them, and nothing is known of their bytes.
      if (runs.address.length === 0 && end > from && pages[end - 1] - pages[from] === end - 1 - from) {
        region.addPages(pages[from] - this.#base, pages[end - 1] + 1 - this.#base);
        continue;
      }
      let run = firstRunFrom(runs, first);
      for (let i = from; i < end; i++) {
        const page = pages[i] - this.#base;
        while (run < runs.address.length && pageOfRun(runs, run) < page) run++;
        if (run === runs.address.length || pageOfRun(runs, run) !== page) region.addPage(page);
      }
      if (runs.address.length > 0) region.addRuns(runs);
    }
  }

  #release(pages: PageRange): void {
    const free = this.regions.uncovered([pages]);
    if (free.length > 0) this.technique.unregister(this.#virtual(free));
  }

  #virtual(ranges: readonly PageRange[]): PageRange[] {
    return ranges.map(({ first, pageCount }) => ({ first: first + this.#base, pageCount }));
  }
}

const NOTHING_PENDING: Omit<SavedRegion, "region"> = {
  pages: new Uint32Array(0),
  parts: NO_RUNS,
  partPages: 0,
  pieces: 0,
  bytes: 0,
  dirtyBytes: 0,
  whole: false,
};

/** What the next image must hold of a region; afterwards nothing is pending. */
function takePending(region: Region): SavedRegion {
  const { pending, pendingLines } = region;
  const { first, pageCount } = region.pages;
  const from = region.nextPending(0);
  // Most regions of a program that has many are as they were.
  if (from === pageCount && pageCount > 0) return { region, ...NOTHING_PENDING };
  const runs = region.takeRuns();
  const parts = new RunColumns(runs.address.length);
  let run = 0;
  let partPages = 0;
  const pages = new PageList();
  let pieces = 0;
  let bytes = 0;
  let dirtyBytes = 0;
  let partBytes = 0;
  for (let i = from, end = from; i < pageCount; i = region.nextPending(end)) {
    end = region.pendingUntil(i);
    if (pending[i] === PENDING.whole) {
      pages.addAll(first + i, first + end);
      pieces += end - i;
      bytes += region.bytesIn(first + i, first + end);
      dirtyBytes += takeDirtyBytes(region, first + i, first + end);
      continue;
    }
    for (let page = first + i; page < first + end; page++) {
      pendingLines.take(page);
      while (run < runs.address.length && pageOfRun(runs, run) < page) run++;
      const before = pieces;
      for (; run < runs.address.length && pageOfRun(runs, run) === page; run++) {
        parts.push(runs.address[run], runs.bytes[run]);
        partBytes += runs.bytes[run];
        pieces++;
      }
      // Others may share the page, and what was written of it may be all theirs.
      if (pieces > before) {
        pages.add(page);
        partPages++;
      }
    }
  }
  pendingLines.finish();
  pending.fill(PENDING.nothing);
  return {
    region,
    pages: pages.take(),
    parts: parts.runs(),
    partPages,
    pieces,
    bytes: bytes + partBytes,
    dirtyBytes: dirtyBytes + partBytes,
    whole: pages.length === pageCount && partPages === 0,
  };
}

/** Takes the lines of the pages from `first` to before `end`. @returns how many bytes of the region those hold */
function takeDirtyBytes(region: Region, first: number, end: number): number {
  const { pendingLines } = region;
  // Only its first and its last page may belong to it in part.
  const isCut = (page: number) => region.bytesOn(page) < PAGE_BYTES;
  let bytes = 0;
  let from = first;
  if (isCut(first)) {
    pendingLines.take(first);
    bytes += writtenBytes(region, first);
    from++;
  }
  const to = end > from && isCut(end - 1) ? end - 1 : end;
  bytes += LINE_BYTES * pendingLines.takeAll(from, to);
  if (to < end) {
    pendingLines.take(to);
    bytes += writtenBytes(region, to);
  }
  return bytes;
}

/** Bytes of the lines that were just taken of a page, as far as they lie in a region that ends or begins inside the page. */
function writtenBytes(region: Region, page: number): number {
  const { low, high } = region.pendingLines;
  const start = Math.max(0, region.spec.address - page * 4096);
  const end = Math.min(4096, region.spec.address + region.spec.bytes - page * 4096);
  let bytes = 0;
  for (let line = Math.floor(start / 64); line * 64 < end; line++) {
    const word = line < 32 ? low : high;
    if (((word >>> (line & 31)) & 1) === 1) bytes += Math.min(end, line * 64 + 64) - Math.max(start, line * 64);
  }
  return bytes;
}
