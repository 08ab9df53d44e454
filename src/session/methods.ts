import type { Environment } from "../checkpoint/technique.ts";
import type { TechniqueId } from "../checkpoint/techniques.ts";
import type { PriceProfile } from "../machine/prices.ts";
import type { MachineOptions } from "../run/machine.ts";
import type { ExportFormat, ExportTableName } from "./exports/formats.ts";
import type {
  BreakdownBy,
  BreakdownReply,
  ByteChange,
  BytesReply,
  ChangesReply,
  ComparisonCell,
  CostSelection,
  EpochRange,
  EventRow,
  LineName,
  LinesReply,
  MapMeasure,
  MapReply,
  PageReply,
  PageRuns,
  Perspective,
  PriceChoice,
  ProfilesReply,
  ReportReply,
  RestartsReply,
  RunDifferences,
  RunId,
  RunSummary,
  TimeAxis,
  TimelineReply,
} from "./figures.ts";

/** What a compiler needs; what is left out is as on the command line. */
export interface CompileParams {
  /** Absolute: what relative paths count from. */
  readonly workingDirectory: string;
  /** The program and, for C and C++, its further sources. Files as they are saved. */
  readonly paths: readonly string[];
  /** Whether it is built for an audit of its restarts. */
  readonly audited?: boolean;
  /** C and C++ only. */
  readonly includeDirectories?: readonly string[];
  readonly compilerArguments?: readonly string[];
  /** Limit of the program's memory. */
  readonly maxMemoryMiB?: number;
}

/** What a live run needs; what is left out is as on the command line. */
export interface RunParams extends CompileParams {
  readonly args?: readonly string[];
  readonly stdin?: Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** `HOST::GUEST` folders. */
  readonly dirs?: readonly string[];
  readonly machine?: Partial<MachineOptions>;
  /** Whether the recording shall hold every single write, as replays of some techniques need; their own runs always do. */
  readonly tellsWrites?: boolean;
  /** Virtual cycles. */
  readonly maxCycles?: number;
  readonly seed?: number;
  /** Images that the program finds: those of a kept run, up to and with a version, or all. */
  readonly restartFrom?: { readonly run: RunId; readonly version?: number };
}

/** What restarting a program from each of its checkpoints needs. */
export interface RestartsParams extends RunParams {
  readonly prices: PriceChoice;
  /** Whether it is also found out what restarts lack and what they never read. */
  readonly audited: boolean;
}

export type RestartsProgress =
  | { readonly stage: "compiling" }
  /** `what` says it in English, as the command line does. */
  | { readonly stage: "restarting" | "auditing"; readonly done: number; readonly total: number; readonly what: string };

export type RunProgress =
  | { readonly stage: "compiling" | "starting" | "keeping" }
  | { readonly stage: "running"; readonly checkpoints: number; readonly cycle: number };

interface OfRun {
  readonly run: RunId;
}

interface Looked extends OfRun {
  readonly perspective: Perspective;
}

interface OfEpochs extends OfRun {
  /** All unless given. */
  readonly epochs?: EpochRange;
}

/** A region as an image holds it. */
interface OfImage extends OfRun {
  /** Index of the image. */
  readonly image: number;
  readonly region: { readonly id: number; readonly group: string };
}

/** A window of pages. */
interface OfPages {
  readonly firstPage: number;
  readonly pageCount: number;
}

/**
 * Every question to the session: its name, what it needs, what it answers, and what it tells meanwhile. The types of
 * calls, replies and progress are derived from here.
 */
export interface SessionMethods {
  /** Compiles, instruments and runs a program once. A trap or a limit is an ending, no error. */
  run: { params: RunParams; result: RunSummary; progress: RunProgress };
  /** Compiles a program ahead of a run that may come, which then begins at once. */
  compile: { params: CompileParams; result: null; progress: never };
  /**
   * Runs a program ahead of somebody's asking for the same run, for some seconds at most. Answers when that is over; a run that
   * comes meanwhile waits for the rest.
   */
  runAhead: { params: RunParams; result: null; progress: never };
  /** Loads the compiler of a program that is being changed. */
  loadCompiler: { params: CompileParams; result: null; progress: never };
  /** Restarts a program from each of its checkpoints. */
  restarts: { params: RestartsParams; result: RestartsReply; progress: RestartsProgress };
  /** Opens a run file to be looked at. `workingDirectory`: where its source files are looked for. */
  openRunFile: {
    params: { readonly path: string; readonly workingDirectory?: string };
    result: RunSummary;
    progress: never;
  };
  saveRunFile: { params: OfRun & { readonly path: string }; result: null; progress: never };
  /** Forgets a run. */
  close: { params: OfRun; result: null; progress: never };
  /** All kept runs, the oldest first. */
  runs: { params: null; result: readonly RunSummary[]; progress: never };

  report: { params: Looked; result: ReportReply; progress: never };
  lines: { params: Looked; result: LinesReply; progress: never };
  /** `machine` is needed for traps only. */
  map: {
    params: OfEpochs & { readonly measure: MapMeasure; readonly machine?: MachineOptions };
    result: MapReply;
    progress: never;
  };
  /** Two words for each page of the window: its 64-byte lines that were written, the low ones first. */
  masks: { params: OfEpochs & OfPages; result: Uint32Array; progress: never };
  /** For each page of the window the number of the first region on it, or -1. */
  regionsOfPages: { params: OfRun & OfPages; result: Int32Array; progress: never };
  page: { params: OfEpochs & { readonly page: number }; result: PageReply; progress: never };
  /** Pages that a store of the line was the first to write in an epoch. */
  pagesOfLine: {
    params: OfEpochs & { readonly line: LineName };
    result: PageRuns;
    progress: never;
  };
  /** Pages that were written in an epoch. */
  pagesOfCheckpoint: { params: OfRun & { readonly epoch: number }; result: PageRuns; progress: never };
  /** From `from` to `to` on an axis, or to the run's end when that is left out, in at most MAX_BUCKETS buckets. */
  timeline: {
    params: Looked & {
      readonly axis: TimeAxis;
      readonly from: number;
      readonly to?: number;
      readonly buckets: number;
      /** Single events are sent where the window holds at most so many. */
      readonly maxEvents: number;
    };
    result: TimelineReply;
    progress: never;
  };
  breakdown: {
    params: Looked & { readonly selection: CostSelection; readonly by: BreakdownBy };
    result: BreakdownReply;
    progress: never;
  };
  /** What a figure is made of, the costliest first. */
  events: {
    params: Looked & { readonly selection: CostSelection };
    result: readonly EventRow[];
    progress: never;
  };
  /** Every technique in every environment from the run's recording; each result comes as progress, too. */
  compare: {
    params: OfRun & {
      readonly machine: MachineOptions;
      readonly prices: PriceChoice;
      readonly techniques?: readonly TechniqueId[];
      readonly environments?: readonly Environment[];
      /** Whether the program may run a second time for techniques that need every write: where a person waits for them. */
      readonly mayRunAgain?: boolean;
    };
    result: readonly ComparisonCell[];
    progress: { readonly cell: ComparisonCell; readonly done: number; readonly total: number };
  };
  compareRuns: {
    params: { readonly a: RunId; readonly b: RunId; readonly perspective: Perspective };
    result: RunDifferences;
    progress: never;
  };
  /** `files`: absolute paths of further profiles. */
  profiles: { params: { readonly files?: readonly string[] }; result: ProfilesReply; progress: never };
  saveProfile: {
    params: { readonly path: string; readonly profile: PriceProfile };
    result: null;
    progress: never;
  };
  /** Bytes of a region as an image would restore them. */
  bytes: {
    params: OfImage & { readonly offset: number; readonly length: number };
    result: BytesReply;
    progress: never;
  };
  /** Where a region changed since its image before, in `buckets` parts, at most MAX_BUCKETS. */
  changes: { params: OfImage & { readonly buckets: number }; result: ChangesReply; progress: never };
  /** The nearest change that begins after the offset `from`, or before it; null when there is none. */
  change: {
    params: OfImage & { readonly from: number; readonly direction: "next" | "previous" };
    result: ByteChange | null;
    progress: never;
  };
  /** The contents of a file of the format. */
  export: {
    params: Looked & {
      readonly format: ExportFormat;
      /** Which table, in formats that hold one; `costs` unless given. */
      readonly table?: ExportTableName;
    };
    result: Uint8Array;
    progress: never;
  };
}

/** Buckets that one answer has at most. */
export const MAX_BUCKETS = 4096;

export type Method = keyof SessionMethods;
export type ParamsOf<M extends Method> = SessionMethods[M]["params"];
export type ResultOf<M extends Method> = SessionMethods[M]["result"];
export type ProgressOf<M extends Method> = SessionMethods[M]["progress"];
