import type { RegionSpec } from "../checkpoint/regions.ts";
import type { WrittenRuns } from "../checkpoint/written-bytes.ts";

/** What an entry of a recording is; the numbers are the run file's. */
export const EVENT = { store: 0, call: 1, grow: 2, systemCall: 3, writes: 4 } as const;

/** A call of the checkpoint interface, as the engine needs it again. */
export type ApiCall =
  | { readonly kind: "protect"; readonly spec: RegionSpec }
  | { readonly kind: "unprotect"; readonly id: number; readonly group: string }
  | {
      readonly kind: "save";
      readonly regions: readonly { readonly id: number; readonly group: string }[];
      readonly epoch: number;
    }
  | { readonly kind: "commit"; readonly name: string; readonly version: number }
  | { readonly kind: "drain" }
  | { readonly kind: "abandon"; readonly name: string; readonly version: number }
  | { readonly kind: "reload"; readonly id: number; readonly group: string; readonly bytes: number };

/** What was written between two saves, page by page: columns of equal length, pages in the order of their first store. */
export interface EpochPages {
  readonly pages: Uint32Array;
  /** Which 64-byte lines were stored to: bit i of `low` is line i, of `high` line 32 + i. */
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  /** Stores to the page. */
  readonly stores: Uint32Array;
  /**
   * Not a column of these: pages, ascending, on which the regions that the save at the epoch's end takes hold other bytes
   * than when a save last took them. A region that none has taken yet is not compared.
   */
  readonly changed: Uint32Array;
  /**
   * Bytes written on pages that an earlier save has taken and that held a region all through the epoch. Only in recordings
   * of every write.
   */
  readonly written?: WrittenRuns;
}

/**
 * Writes to pages of regions that a save has taken, other than the first to each page in each epoch, as columns; each entry is
 * writes of one site to one page. Up to its 17th write in an epoch those of a page stand in their order, with all others so
 * told and with the events, and an entry is a run of one size. All later ones of a page, site and stretch between two calls of
 * the checkpoint interface are summed up in one entry, where the first of them was.
 */
export interface WriteColumns {
  readonly page: Uint32Array;
  readonly site: Int32Array;
  readonly count: Uint32Array;
  /** All of them together, each as far as it lies on the page. */
  readonly bytes: Float64Array;
}

/** Where in the program a site is. */
export interface SiteSource {
  /** Empty when the compiler recorded none. */
  readonly file: string;
  readonly line: number;
  readonly function: string;
}

/** What a source line did over the whole run. */
export interface LineCounts extends SiteSource {
  readonly stores: number;
  readonly cycles: number;
}

/**
 * Everything that techniques need to know of one run, and no more: the program's first store to each page in each epoch,
 * in order, and its calls. What a program writes does not depend on how it is checkpointed, so one recording serves
 * every technique and environment.
 */
export interface Recording {
  /** Pages of linear memory when the program started, and those that its data segments had filled by then. */
  readonly startPages: number;
  readonly residentPages: readonly { readonly first: number; readonly pageCount: number }[];
  readonly endPages: number;
  /** Columns of the event stream. */
  readonly kind: Uint8Array;
  /**
   * Page for `store`, index in `calls` for `call`, new page count for `grow`, index in `systemCalls` for `systemCall`, index
   * after its last entry in `writes` for `writes`, which come before any other event that has further ones before it.
   */
  readonly argument: Uint32Array;
  readonly site: Int32Array;
  /** Virtual cycles of the program at the event. */
  readonly cycle: Float64Array;
  /** Bytes that a `store` writes on the page; 0 for others. */
  readonly bytes: Uint16Array;
  /** Absent when the run did not tell every write. */
  readonly writes?: WriteColumns;
  readonly calls: readonly ApiCall[];
  /** Names of the system calls that occur. */
  readonly systemCalls: readonly string[];
  /** One entry for each `save` call, in order, and one for what came after the last. */
  readonly epochs: readonly EpochPages[];
  readonly sites: readonly SiteSource[];
  readonly lines: readonly LineCounts[];
  /** Virtual cycles of the program's own instructions over the whole run. */
  readonly programCycles: number;
  /** Names that the program gave to regions, by their ids. */
  readonly labels: readonly { readonly id: number; readonly label: string }[];
}

/** Builds the event columns of a recording; they double as they fill. */
export class EventColumns {
  kind = new Uint8Array(1024);
  argument = new Uint32Array(1024);
  site = new Int32Array(1024);
  cycle = new Float64Array(1024);
  bytes = new Uint16Array(1024);
  length = 0;

  push(kind: number, argument: number, site: number, cycle: number, bytes = 0): void {
    if (this.length === this.kind.length) this.#grow();
    const i = this.length++;
    this.kind[i] = kind;
    this.argument[i] = argument;
    this.site[i] = site;
    this.cycle[i] = cycle;
    this.bytes[i] = bytes;
  }

  /** The filled part. */
  columns(): Pick<Recording, "kind" | "argument" | "site" | "cycle" | "bytes"> {
    return {
      kind: this.kind.slice(0, this.length),
      argument: this.argument.slice(0, this.length),
      site: this.site.slice(0, this.length),
      cycle: this.cycle.slice(0, this.length),
      bytes: this.bytes.slice(0, this.length),
    };
  }

  #grow(): void {
    const size = this.kind.length * 2;
    const { kind, argument, site, cycle, bytes } = this;
    this.kind = new Uint8Array(size);
    this.argument = new Uint32Array(size);
    this.site = new Int32Array(size);
    this.cycle = new Float64Array(size);
    this.bytes = new Uint16Array(size);
    this.kind.set(kind);
    this.argument.set(argument);
    this.site.set(site);
    this.cycle.set(cycle);
    this.bytes.set(bytes);
  }
}
