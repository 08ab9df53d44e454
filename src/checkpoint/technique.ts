import type { GuestProcess } from "../linux/guest-process.ts";
import { GUEST_ENVIRONMENTS, type GuestEnvironment } from "../linux/hosts.ts";
import type { Ledger } from "../machine/ledger.ts";
import type { PageStates } from "../machine/page-states.ts";
import type { Gate, PageRange } from "../xen/checkpoint-service.ts";
import type { XenServices } from "../xen/services.ts";
import type { PageRuns, WrittenRuns } from "./written-bytes.ts";

export const ENVIRONMENTS = GUEST_ENVIRONMENTS;
export type Environment = GuestEnvironment;

export const COPIERS = ["guest", "hypervisor"] as const;
export const COMMITS = ["sync", "async"] as const;
export const TARGETS = ["memory", "disk", "replica"] as const;

/** Options that cross with techniques: what a checkpoint does besides finding the dirty pages. */
export interface CheckpointOptions {
  /** Who copies dirty pages: the process itself into a staging buffer, or the hypervisor into the backup's memory. */
  readonly copy: (typeof COPIERS)[number];
  /** How the process reaches the hypervisor. */
  readonly gate: Gate;
  /** `async`: the pages are armed, the program runs on, and they are copied meanwhile. */
  readonly commit: (typeof COMMITS)[number];
  /** Asynchronous commits: how fast the pages are copied, in bytes for each virtual cycle of the program. */
  readonly backgroundBytesPerCycle: number;
  /** Asynchronous commits to a disk or a replica: how fast bytes cross to it, in bytes for each virtual cycle. */
  readonly transferBytesPerCycle: number;
  /** Where images go: the backup's memory, a disk, or a replica over a network. */
  readonly target: (typeof TARGETS)[number];
  /** hv-hybrid: how many writes to a page are emulated before it opens, 0 to `MOST_HYBRID_WRITES`. */
  readonly hybridWrites: number;
}

/** A recording tells this many writes to a page in their order. */
export const MOST_HYBRID_WRITES = 16;

export const DEFAULT_OPTIONS: CheckpointOptions = {
  copy: "guest",
  gate: "trap",
  commit: "sync",
  backgroundBytesPerCycle: 1,
  transferBytesPerCycle: 0.0625, // 1 Gbit/s where the program's clock makes two cycles a nanosecond
  target: "memory",
  hybridWrites: 4,
};

/** What a technique works with. Pages are virtual page numbers of the process. */
export interface TechniqueMachine {
  readonly process: GuestProcess;
  /** Present when a hypervisor hosts the guest. */
  readonly xen: XenServices | undefined;
  readonly ledger: Ledger;
  /** Where the `PageFlags` are kept that stores ask. */
  readonly states: PageStates;
  readonly options: CheckpointOptions;
}

/**
 * A way of finding the pages that a program wrote. The engine calls it with the ledger's context set; what it does
 * through `process` and `service` is charged there. The same calls come live and in replay.
 */
export interface Technique {
  /** These pages hold protected regions from now on. They are not armed yet. */
  register(ranges: readonly PageRange[]): void;
  /** These pages hold none any more; they must be writable without a trap afterwards. */
  unregister(ranges: readonly PageRange[]): void;
  /**
   * Pages that hold other bytes of the regions about to be collected than when they were last saved; of pages never saved
   * it says nothing. Ascending. For techniques that look at contents: neither they nor a replay have the bytes.
   */
  noteChanged?(pages: Uint32Array): void;
  /**
   * @param bytes what the regions hold in `ranges`, each byte counted for each region that holds it
   * @param ranges ascending and disjoint
   * @returns the pages in `ranges` that were written since they were last armed, ascending
   */
  collect(ranges: readonly PageRange[], bytes: number): Uint32Array;
  /**
   * The runs of bytes that were written since the save before, on pages armed then, in addresses of linear memory; comes before
   * `collect`. For techniques that have a log of writes: a replay's writes have no addresses.
   * @param base virtual page number of linear memory's page 0
   */
  noteWritten?(runs: WrittenRuns, base: number): void;
  /**
   * The bytes that were written of pages that `collect` has just returned, where they are known one by one, in linear memory:
   * of such a page only they are saved. Of any other page all is.
   */
  writtenRuns?(): PageRuns;
  /** From now on the first write to each of these pages is noticed. */
  arm(ranges: readonly PageRange[]): void;
  /** Whether a write to this page is the technique's business now. */
  isArmed(page: number): boolean;
  /** Present when the technique saves the whole guest and not the regions alone: then it copies by itself. */
  readonly wholeGuest?: WholeGuest;
}

/** What a technique does that saves the whole guest from outside of it. */
export interface WholeGuest {
  /**
   * Copies what `collect` found dirty in the whole guest, which stands still until `arm` returns.
   * @returns how many pages that were, those of the regions among them
   */
  copy(): number;
  /** The checkpoint is safe: what was held back for it may go. */
  release(): void;
}

/** What a technique needs of an environment, where not every one has it. */
export type Need = "pageLog" | "checkpointService" | "logDirty" | "dirtyBitScan" | "writeEmulation";

/** What an environment lacks, and what can be had in its place: other techniques there, or the technique elsewhere. */
export interface Unavailable {
  readonly need: Need;
  /** Names of techniques. */
  readonly techniques: readonly string[];
  readonly environments: readonly Environment[];
}

/** Every environment with a hypervisor. */
export const XEN_ENVIRONMENTS = ["xen-pv", "xen-shadow", "xen-hap"] as const satisfies readonly Environment[];

/** One entry of the table of techniques, which knows by their types what names there are. */
export interface TechniqueDefinition<Id extends string = string> {
  readonly id: Id;
  readonly class: "user" | "hypervisor" | "hardware" | "transparent";
  readonly title: string;
  /** How it finds written pages, in a line of English to choose by. */
  readonly summary: string;
  /**
   * Whether somebody learns of a write to an armed page before it is done, and can copy the page first: what asynchronous
   * commits need.
   */
  readonly noticesWrites: boolean;
  /** It needs a processor that nobody has built: what it would cost is worth knowing, and no choice. */
  readonly hypothetical?: boolean;
  /** Whether it acts on every single write to an armed page: a run under it must tell each, and a recording must hold them. */
  readonly needsEveryWrite?: boolean;
  /**
   * Whether all that its handlers of faults and `isArmed` ask, besides the process and Xen, stands in `PageFlags` made with `states`. Then a
   * replay may go through stores that are alike once (`Courses`).
   */
  readonly keepsFlagsOnly?: boolean;
  /** @returns what of its needs the environment cannot offer, or undefined when it can */
  unavailable(environment: Environment): Unavailable | undefined;
  create(machine: TechniqueMachine): Technique;
}
