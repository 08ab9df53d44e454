/**
 * What the session answers: plain data, whose figures by page, event or bucket are typed arrays. All costs are cycles of
 * the price profile's machine; all epochs are numbers of checkpoints, from 0: epoch e is what the program wrote until the
 * checkpoint e was taken, and the last one is what came after the last checkpoint.
 */

import type { Refusal } from "../checkpoint/refusal.ts";
import type { Environment } from "../checkpoint/technique.ts";
import type { TechniqueId } from "../checkpoint/techniques.ts";
import type { Layer, Phase } from "../machine/context.ts";
import type { Price, PriceProfile, Space } from "../machine/prices.ts";
import type { PrimitiveKind } from "../machine/primitives.ts";
import type { Devices } from "../machine/what-if.ts";
import type { Diagnostic } from "../program/program.ts";
import type { AuditDocument } from "../run/audit/document.ts";
import type { Cycles } from "../run/cycles.ts";
import type { HeadlineCounts } from "../run/headline.ts";
import type { Ending, Warning } from "../run/live.ts";
import type { MachineOptions } from "../run/machine.ts";
import type { CostReport } from "../run/report.ts";
import type { Campaign, RestartReport } from "../run/restart/campaign-report.ts";

/** Number of a run that the session keeps; never used twice by one session. */
export type RunId = number;

/** Epochs from `from` to `to`, both included. */
export interface EpochRange {
  readonly from: number;
  readonly to: number;
}

/** What is said of a price instead of what the profile says; a band that is not given is the price itself. */
export interface PriceOverride {
  readonly cycles: number;
  readonly low?: number;
  readonly high?: number;
}

export interface PriceChoice {
  /** A profile itself, its name, or the absolute path of one's file. */
  readonly profile: string | PriceProfile;
  /** By the primitive's name. */
  readonly primitives?: Readonly<Record<string, PriceOverride>>;
  readonly cyclesPerInstruction?: Readonly<Partial<Record<Space, PriceOverride>>>;
  /** A network or a disk that is supposed instead of the profile's. */
  readonly devices?: Devices;
}

/** How a run is looked at. Another `machine` replays the recording once; other `prices` replay nothing. */
export interface Perspective {
  readonly machine: MachineOptions;
  readonly prices: PriceChoice;
}

/** How a program does when it restarts. */
export interface RestartsReply {
  /** Its name in figures, and its sources as they were. */
  readonly path: string;
  readonly sources: readonly SourceFile[];
  /** That it was run and restarted on. */
  readonly machine: MachineOptions;
  /** In the order of the crashes: one for each checkpoint, and where commits are asynchronous one more, before its image is safe. */
  readonly restarts: readonly RestartReport[];
  /** Virtual cycles of the whole run. */
  readonly programCycles: number;
  /** What a cycle of the prices is, for times. */
  readonly ghz: number;
  readonly dependsOn: Campaign["dependsOn"];
  /** What restarts lack and never read; undefined where nobody asked. */
  readonly audit?: AuditDocument;
}

/** A source file of a program as it was when the program was compiled. */
export interface SourceFile {
  /** Its name in all figures. */
  readonly file: string;
  /** Absolute; empty when nobody can know. */
  readonly path: string;
  /** SHA-256 of its text in UTF-8, without a byte order mark, in hexadecimal. */
  readonly sha256: string;
}

export interface RegionSummary {
  /** Serial number, by which all figures name it. */
  readonly number: number;
  /** The program's own. */
  readonly id: number;
  readonly group: string;
  /** Empty when the program gave none. */
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
  readonly firstPage: number;
  readonly pageCount: number;
}

export interface EpochSummary {
  readonly epoch: number;
  /** How it ended: with a committed or an abandoned checkpoint, or with the program. */
  readonly end: "committed" | "abandoned" | "program";
  /** Of the checkpoint; empty and 0 where there is none. */
  readonly name: string;
  readonly version: number;
  /** Virtual cycle of its end. */
  readonly cycle: number;
  /** Pages written, each counted once. */
  readonly writtenPages: number;
  readonly stores: number;
}

export interface ImageSummary {
  /** In the order of the commits. */
  readonly index: number;
  readonly name: string;
  readonly version: number;
  readonly cycle: number;
  readonly regions: readonly ImageRegionSummary[];
}

export interface ImageRegionSummary {
  readonly id: number;
  readonly group: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** Bytes that this image itself holds; the others are in earlier ones. */
  readonly savedBytes: number;
}

export interface RunSummary {
  readonly run: RunId;
  /** `file`: it was opened from a run file, and nothing of it can be run again. */
  readonly origin: "live" | "file";
  /** When it was run, or its file opened: milliseconds since 1970. It tells runs of one program apart. */
  readonly keptSince: number;
  readonly program: { readonly path: string; readonly language: string; readonly args: readonly string[] };
  /** Nothing that it depends on had changed since an earlier run: what came of that one came of this one, without a run. */
  readonly isRepeated: boolean;
  /** How it ran. */
  readonly machine: MachineOptions;
  readonly ending: Ending;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** Calls that failed, with their lines. */
  readonly warnings: readonly Warning[];
  /** The compiler's, of a program that it accepted; none of a run file. */
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: readonly SourceFile[];
  /** Names of the user's files that have lines in the figures. */
  readonly files: readonly string[];
  /** Virtual cycles of the program's own instructions. */
  readonly programCycles: number;
  /** Pages of its memory, at its start and at its end. */
  readonly startPages: number;
  readonly pageCount: number;
  readonly eventCount: number;
  readonly regions: readonly RegionSummary[];
  readonly epochs: readonly EpochSummary[];
  readonly images: readonly ImageSummary[];
}

/** The same figures as the command line's `run --json`. */
export interface ReportReply extends CostReport {
  readonly machine: MachineOptions;
  readonly prices: { readonly name: string; readonly title: string; readonly ghz: number };
  /** With these, other prices need no other reply to be seen in the first figures; in no file. */
  readonly headline: {
    readonly counts: HeadlineCounts;
    /** Instructions of each step on this machine, by primitive. */
    readonly pathLengths: Float64Array;
  };
}

/** Events of one kind each, the costliest first: columns of equal length. */
export interface EventColumns {
  /** Index in the reply's `primitives`. */
  readonly primitive: Uint16Array;
  readonly count: Float64Array;
  readonly cycles: Float64Array;
}

export interface LineFigures extends Cycles {
  readonly file: string;
  /** From 1; 0 where no line is known. */
  readonly line: number;
  readonly function: string;
  /** Of the whole overhead, from 0 to 1. */
  readonly share: number;
  readonly traps: number;
  /** Different pages that a store here was the first to write in an epoch. */
  readonly dirtyPages: number;
  /** The same, counted again in each epoch. */
  readonly firstWrites: number;
  readonly stores: number;
  /** Virtual cycles of its own instructions. */
  readonly programCycles: number;
  readonly layers: Readonly<Record<Layer, number>>;
  readonly events: EventColumns;
  /** Numbers of the regions on those pages, and of those that its calls are about; ascending. */
  readonly regions: readonly number[];
}

/** What stands behind a line: what it costs, and what it does whatever that costs. */
export type LineMark = Pick<LineFigures, "file" | "line" | "cycles" | "share" | "traps" | "dirtyPages" | "stores">;

export interface LineMarks {
  readonly lines: readonly LineMark[];
  /** What a cycle of their costs is, for times. */
  readonly ghz: number;
}

export interface FunctionFigures extends Cycles {
  readonly file: string;
  readonly function: string;
  /** The first of its lines that has figures. */
  readonly line: number;
  readonly share: number;
  readonly traps: number;
  readonly dirtyPages: number;
  readonly stores: number;
  readonly programCycles: number;
  readonly layers: Readonly<Record<Layer, number>>;
}

/** A line that takes checkpoints; all of them together. */
export interface CheckpointSiteFigures {
  readonly file: string;
  readonly line: number;
  readonly function: string;
  readonly checkpoints: number;
  /** Saved. */
  readonly dirtyPages: number;
  readonly copiedBytes: number;
  /** What the program waits for, tracking until then included. */
  readonly cost: Cycles;
  readonly phases: Readonly<Record<CheckpointPhase | "background", number>>;
}

export const CHECKPOINT_PHASES = ["track", "collect", "copy", "arm", "commit"] as const satisfies readonly Phase[];
export type CheckpointPhase = (typeof CHECKPOINT_PHASES)[number];

export interface LinesReply {
  readonly overhead: Cycles;
  /** Names of the primitives that occur, and their layers. */
  readonly primitives: readonly { readonly name: string; readonly layer: Layer }[];
  /** The costliest first. */
  readonly lines: readonly LineFigures[];
  readonly functions: readonly FunctionFigures[];
  readonly checkpointSites: readonly CheckpointSiteFigures[];
}

/**
 * What a map of pages shows. `epochs`: in how many epochs a page was written; `stores`: how often; `traps`: how many
 * page faults its stores took because of the technique (pages of the guest's kernel are in no map); `dirtyBytes`: bytes of its 64-byte lines that were written.
 */
export const MAP_MEASURES = ["epochs", "stores", "traps", "dirtyBytes"] as const;
export type MapMeasure = (typeof MAP_MEASURES)[number];

export interface MapReply {
  /** By page, from page 0 to the last; of the smallest type that holds the maximum. */
  readonly values: Uint8Array | Uint16Array | Uint32Array;
  readonly max: number;
}

export interface PageReply {
  /** Numbers of the regions on it. */
  readonly regions: readonly number[];
  /** Columns of equal length, one entry for each epoch in which it was written. */
  readonly epochs: Uint32Array;
  readonly stores: Uint32Array;
  /** 64-byte lines written: bit i of `low` is line i, of `high` line 32 + i. */
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  /** Who was the first to write it, the most frequent first. */
  readonly lines: readonly {
    readonly file: string;
    readonly line: number;
    readonly function: string;
    readonly firstWrites: number;
  }[];
}

/** Runs of pages, ascending and disjoint: first page and number of pages, in turn. */
export type PageRuns = Uint32Array;

/** Virtual time of the program alone, or with all that it waits for: its own work and its checkpoints' on this machine. */
export type TimeAxis = "program" | "machine";

export const TIMELINE_PHASES = [
  "run",
  "register",
  "track",
  "collect",
  "copy",
  "arm",
  "commit",
  "restart",
] as const satisfies readonly Phase[];
export type TimelinePhase = (typeof TIMELINE_PHASES)[number];

export interface TimelineReply {
  /** End of the whole run on this axis. */
  readonly end: number;
  /** Page faults taken because of checkpoints, by bucket. */
  readonly traps: Uint32Array;
  /** Costliest single entry that begins in the bucket. */
  readonly peak: Float64Array;
  /** By bucket. On the machine's axis a cost is spread over the time that it takes. */
  readonly phases: Readonly<Record<TimelinePhase, Float64Array>>;
  readonly checkpoints: CheckpointSpans;
  /** Single entries, where the window holds few enough to draw each. */
  readonly events: TimelineEvents | undefined;
}

/** Checkpoints in the window, in order: columns of equal length; times are of the axis. */
export interface CheckpointSpans {
  readonly epoch: Uint32Array;
  /** On the program's axis a checkpoint takes no time. */
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** Cycles, those of tracking before it among them. */
  readonly phases: Readonly<Record<CheckpointPhase, Float64Array>>;
  /** Of an asynchronous commit: until when it was under way, and its work. Else `end` and 0. */
  readonly backgroundEnd: Float64Array;
  readonly backgroundCycles: Float64Array;
}

/** What single events cost, in the order of time: columns of equal length, an entry for each phase of an event. */
export interface TimelineEvents {
  readonly time: Float64Array;
  readonly cycles: Float64Array;
  /** Index in TIMELINE_PHASES. */
  readonly phase: Uint8Array;
  /** Page of a store, or -1. */
  readonly page: Int32Array;
  /** Index in `sites`, or -1. */
  readonly site: Int32Array;
  readonly sites: readonly { readonly file: string; readonly line: number; readonly function: string }[];
}

/** Which costs are meant; what is not given does not restrict. Without `phases` it is all that is overhead. */
export interface CostSelection {
  readonly epochs?: EpochRange;
  /** Numbers of regions; -1 stands for what no region caused. */
  readonly regions?: readonly number[];
  /** Line 0 stands for the code of a function that has no lines, and of nothing where the function is empty. */
  readonly lines?: readonly LineName[];
  readonly phases?: readonly Phase[];
  readonly layers?: readonly Layer[];
  readonly primitives?: readonly string[];
}

export interface LineName {
  readonly file: string;
  readonly line: number;
  readonly function: string;
}

export const BREAKDOWNS = ["layer", "primitive", "phase", "line", "region", "checkpoint"] as const;
export type BreakdownBy = (typeof BREAKDOWNS)[number];

export interface BreakdownRow extends Cycles {
  /** Of all rows together, from 0 to 1. */
  readonly share: number;
  /** What makes this row alone of the selection that was asked about; it also says what the row is. */
  readonly selection: CostSelection;
}

export interface BreakdownReply {
  readonly total: Cycles;
  /** The costliest first. */
  readonly rows: readonly BreakdownRow[];
}

/** One kind of event, and how its cost comes about. */
export interface EventRow extends Cycles {
  readonly primitive: string;
  readonly layer: Layer;
  readonly kind: PrimitiveKind;
  readonly unit: string;
  readonly meaning: string;
  readonly count: number;
  /** Of one unit: a price of its own, or instructions times the cycles per instruction of its space. */
  readonly price: Price & { readonly instructions?: number; readonly space?: Space };
}

/** A technique in an environment, as the command line's `compare --json` reports it. */
export type ComparisonCell =
  | {
      readonly environment: Environment;
      readonly technique: TechniqueId;
      readonly available: false;
      readonly reason: string;
      /** The same as data, for who says it in other words. */
      readonly refusal: Refusal;
    }
  | {
      readonly environment: Environment;
      readonly technique: TechniqueId;
      readonly available: true;
      readonly machine: MachineOptions;
      readonly overhead: Cycles;
      readonly overheadPercent: number;
      readonly meanCheckpointCycles: number;
      readonly totals: CostReport["totals"];
    };

/** What is on one side only has no figure on the other. */
export interface RunDifferences {
  readonly overhead: { readonly a: Cycles; readonly b: Cycles };
  readonly totals: { readonly a: CostReport["totals"]; readonly b: CostReport["totals"] };
  /** Of the overhead, the greatest difference first. */
  readonly layers: readonly { readonly layer: Layer; readonly a: number; readonly b: number }[];
  /** Of the overhead, the greatest difference first. */
  readonly primitives: readonly {
    readonly primitive: string;
    readonly layer: Layer;
    readonly a: PrimitiveSide | undefined;
    readonly b: PrimitiveSide | undefined;
  }[];
  /** The greatest difference first. */
  readonly lines: readonly {
    readonly file: string;
    readonly line: number;
    readonly function: string;
    readonly a: LineSide | undefined;
    readonly b: LineSide | undefined;
  }[];
  readonly regions: readonly {
    readonly id: number;
    readonly group: string;
    readonly name: string;
    readonly a: RegionSide | undefined;
    readonly b: RegionSide | undefined;
  }[];
}

export interface PrimitiveSide {
  readonly count: number;
  readonly cycles: number;
}

export interface LineSide {
  readonly cycles: number;
  readonly traps: number;
  readonly stores: number;
  readonly dirtyPages: number;
}

export interface RegionSide {
  readonly bytes: number;
  readonly dirtyPages: number;
  readonly copiedBytes: number;
  readonly cycles: number;
}

export interface ProfileEntry {
  readonly profile: PriceProfile;
  readonly builtIn: boolean;
  /** Path of the file that it was read from; undefined where it comes with the product. */
  readonly file?: string;
}

export interface ProfilesReply {
  /** The default first. */
  readonly profiles: readonly ProfileEntry[];
  /** What is priced. */
  readonly primitives: readonly {
    readonly name: string;
    readonly unit: string;
    readonly layer: Layer;
    readonly kind: PrimitiveKind;
    readonly meaning: string;
  }[];
}

export interface BytesReply {
  readonly bytes: Uint8Array;
  /** The same window of the region's image before, as far as that one goes; undefined where there is none. */
  readonly before: Uint8Array | undefined;
  /** 1 where the byte differs from the region's image before; all 1 where there is none. */
  readonly changed: Uint8Array;
  /** Version of that image. */
  readonly previousVersion: number | undefined;
}

export interface ChangesReply {
  readonly sizeBytes: number;
  /** Bytes that differ from the region's image before, in each of equal parts of the region. */
  readonly changedBytes: Uint32Array;
  /** Version of that image. */
  readonly previousVersion: number | undefined;
}

/** Bytes that changed together: sixteen equal ones part two changes. */
export interface ByteChange {
  readonly offset: number;
  readonly length: number;
}
