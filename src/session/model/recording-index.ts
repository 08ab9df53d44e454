import { pagesOf } from "../../checkpoint/pages.ts";
import type { RegionSpec } from "../../checkpoint/regions.ts";
import { lineKey } from "../../run/line-pages.ts";
import { EVENT, type Recording, type SiteSource } from "../../run/recording.ts";
import type { EpochSummary, RegionSummary } from "../figures.ts";
import { type Epochs, epochSummaries, epochsOf } from "./epochs.ts";
import { type Groups, groupBy } from "./groups.ts";

/** The source lines of a recording, each once; code without lines by its function. */
export interface LineIndex {
  readonly lines: readonly SiteSource[];
  /** Number of the line of each site. */
  readonly ofSite: Int32Array;
  /** By line: stores, and virtual cycles of its own instructions. */
  readonly stores: Float64Array;
  readonly programCycles: Float64Array;
  /** Numbers of the functions of each line, and the functions. */
  readonly functionOf: Int32Array;
  readonly functions: readonly SiteSource[];
  find(line: SiteSource): number | undefined;
}

/** What questions about a recording need again and again, each part made when it is first asked for. */
export class RecordingIndex {
  readonly recording: Recording;
  readonly epochs: Epochs;
  /** Of all pages, all 0 between uses: who uses them leaves them so. */
  readonly scratch: PageScratch;
  #summaries: readonly EpochSummary[] | undefined;
  #regions: readonly RegionSummary[] | undefined;
  #lines: LineIndex | undefined;
  #storesOfPage: Groups | undefined;
  #storesOfLine: Groups | undefined;
  #regionOfPage: Int32Array | undefined;
  #dirtyPagesOfFunction: Uint32Array | undefined;

  constructor(recording: Recording) {
    this.recording = recording;
    this.epochs = epochsOf(recording);
    this.scratch = new PageScratch(recording.endPages);
  }

  get epochSummaries(): readonly EpochSummary[] {
    this.#summaries ??= epochSummaries(this.recording, this.epochs);
    return this.#summaries;
  }

  /** By their numbers, each as it was protected last. */
  get regions(): readonly RegionSummary[] {
    this.#regions ??= regionsOf(this.recording);
    return this.#regions;
  }

  get lines(): LineIndex {
    this.#lines ??= lineIndexOf(this.recording);
    return this.#lines;
  }

  /** Events that store to each page. */
  get storesOfPage(): Groups {
    const { kind, argument, endPages } = this.recording;
    this.#storesOfPage ??= groupBy(endPages, kind.length, (i) => (kind[i] === EVENT.store ? argument[i] : -1));
    return this.#storesOfPage;
  }

  /** Events that are a store of each line. */
  get storesOfLine(): Groups {
    const { kind, site } = this.recording;
    const { lines, ofSite } = this.lines;
    this.#storesOfLine ??= groupBy(lines.length, kind.length, (i) =>
      kind[i] === EVENT.store && site[i] >= 0 ? ofSite[site[i]] : -1,
    );
    return this.#storesOfLine;
  }

  /** How many different pages the stores of each function were the first to write in an epoch. */
  get dirtyPagesOfFunction(): Uint32Array {
    if (this.#dirtyPagesOfFunction === undefined) {
      const { kind, argument, site, endPages } = this.recording;
      const { ofSite, functionOf, functions } = this.lines;
      const stores = groupBy(functions.length, kind.length, (i) =>
        kind[i] === EVENT.store && site[i] >= 0 ? functionOf[ofSite[site[i]]] : -1,
      );
      const lastFunction = new Int32Array(endPages).fill(-1);
      this.#dirtyPagesOfFunction = Uint32Array.from(functions, (_, number) => {
        let pages = 0;
        for (let i = stores.start[number]; i < stores.start[number + 1]; i++) {
          const page = argument[stores.item[i]];
          if (lastFunction[page] !== number) pages++;
          lastFunction[page] = number;
        }
        return pages;
      });
    }
    return this.#dirtyPagesOfFunction;
  }

  /** Number of the first region on each page, or -1. */
  get regionOfPage(): Int32Array {
    if (this.#regionOfPage === undefined) {
      this.#regionOfPage = new Int32Array(this.recording.endPages).fill(-1);
      for (const { number, firstPage, pageCount } of this.regions.toReversed())
        this.#regionOfPage.fill(number, firstPage, firstPage + pageCount);
    }
    return this.#regionOfPage;
  }

  /** Memory that the parts made so far take, about. */
  get sizeBytes(): number {
    const groups = [this.#storesOfPage, this.#storesOfLine];
    const ofGroups = groups.reduce((sum, g) => sum + (g === undefined ? 0 : g.start.byteLength + g.item.byteLength), 0);
    return ofGroups + (this.#regionOfPage?.byteLength ?? 0) + this.scratch.sizeBytes;
  }
}

/** Words for each page, made when first needed. */
export class PageScratch {
  readonly #pageCount: number;
  #counts: Uint32Array | undefined;
  #masks: Uint32Array | undefined;

  constructor(pageCount: number) {
    this.#pageCount = pageCount;
  }

  /** One for each page. */
  get counts(): Uint32Array {
    this.#counts ??= new Uint32Array(this.#pageCount);
    return this.#counts;
  }

  /** Two for each page. */
  get masks(): Uint32Array {
    this.#masks ??= new Uint32Array(2 * this.#pageCount);
    return this.#masks;
  }

  get sizeBytes(): number {
    return (this.#counts?.byteLength ?? 0) + (this.#masks?.byteLength ?? 0);
  }
}

/** As the checkpoint library numbers them: in the order in which an id and group were first protected. */
function regionsOf({ kind, argument, calls, labels }: Recording): RegionSummary[] {
  const specs = new Map<string, RegionSpec>();
  for (let i = 0; i < kind.length; i++) {
    const call = kind[i] === EVENT.call ? calls[argument[i]] : undefined;
    if (call?.kind === "protect") specs.set(`${call.spec.id} ${call.spec.group}`, call.spec);
  }
  return [...specs.values()].map(({ id, group, address, bytes, label }, number) => {
    const { first, pageCount } = pagesOf(address, bytes);
    const name = labels[number]?.label ?? label;
    return { number, id, group, name, address, bytes, firstPage: first, pageCount };
  });
}

function lineIndexOf({ lines: counted, sites }: Recording): LineIndex {
  const lines: SiteSource[] = [];
  const numbers = new Map<string, number>();
  const functions: SiteSource[] = [];
  const functionNumbers = new Map<string, number>();
  const numberOf = (source: SiteSource): number => {
    const key = lineKey(source);
    let number = numbers.get(key);
    if (number === undefined) {
      const { file, line, function: name } = source;
      number = lines.push({ file, line, function: name }) - 1;
      numbers.set(key, number);
    }
    return number;
  };
  for (const line of counted) numberOf(line);
  const ofSite = Int32Array.from(sites, numberOf);
  const stores = new Float64Array(lines.length);
  const programCycles = new Float64Array(lines.length);
  for (const line of counted) {
    stores[numberOf(line)] += line.stores;
    programCycles[numberOf(line)] += line.cycles;
  }
  const functionOf = Int32Array.from(lines, (source) => {
    const key = `${source.file}\0${source.function}`;
    const number = functionNumbers.get(key) ?? functions.push(source) - 1;
    functionNumbers.set(key, number);
    if (source.line < functions[number].line) functions[number] = source;
    return number;
  });
  return {
    lines,
    ofSite,
    stores,
    programCycles,
    functionOf,
    functions,
    find: (line) => numbers.get(lineKey(line)),
  };
}
