import type { RegionName } from "../checkpoint/api.ts";
import type { CheckpointImage, ImageStore } from "../checkpoint/images.ts";
import type { RegionSpec } from "../checkpoint/regions.ts";
import type { Mmu, WatchHandlers } from "../guest/mmu.ts";
import type { FileTree } from "../guest/wasi/file-tree.ts";
import type { RandomPosition } from "../guest/wasi/random.ts";
import type { OpenDescriptor } from "../guest/wasi/types.ts";
import type { ClockPosition } from "./guest-clock.ts";
import type { Ending } from "./live.ts";
import type { SiteSource } from "./recording.ts";

/** What a process reads of the world that does not come from its own state. */
export interface WorldPosition {
  readonly clock: ClockPosition;
  readonly random: RandomPosition;
}

/** A live run's process, as somebody sees it who looks on. Good only while a call to the watcher lasts, or after the run. */
export interface WatchedProcess {
  readonly mmu: Mmu;
  /** Under protection now. */
  readonly regions: readonly RegionSpec[];
  /** Virtual cycles of the program. */
  readonly cycle: number;
  /** Written to standard output and error so far. */
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** Committed so far. */
  readonly images: ImageStore;
  readonly files: FileTree;
  readonly descriptors: readonly OpenDescriptor[];
  readonly world: WorldPosition;
  /**
   * The place in the user's code that a site of the instrumented module stands for, always the same object for the same
   * place. On the program's stack only.
   */
  placeOf(site: number): SiteSource;
}

/** A program's restart from an image. */
export interface EndedRestart {
  readonly image: CheckpointImage;
  /** What was restored. */
  readonly regions: readonly RegionName[];
  /** Whether that is all it asked for, and anything at all. */
  readonly succeeded: boolean;
}

/** Looks on while a program runs. Everything comes on the program's stack and before it runs on. */
export interface RunWatcher {
  /** The program is loaded; none of it has run. */
  begin?(process: WatchedProcess): void;
  /** The program is about to be told that its checkpoint is taken: the image has all its bytes. */
  checkpointed?(image: Pick<CheckpointImage, "name" | "version">, process: WatchedProcess): void;
  /** The program is about to be told how its restart went. What is returned is where clock and random numbers go on. */
  restarted?(restart: EndedRestart, process: WatchedProcess): WorldPosition | undefined;
  /** Accesses to watched bytes and variables, allocations: what a module in `watch` mode tells (see `WatchHandlers`). */
  access?(process: WatchedProcess, ...access: Parameters<WatchHandlers["access"]>): void;
  local?(process: WatchedProcess, ...access: Parameters<WatchHandlers["local"]>): void;
  global?(process: WatchedProcess, ...access: Parameters<WatchHandlers["global"]>): void;
  entered?(process: WatchedProcess, ...frame: Parameters<WatchHandlers["entered"]>): void;
  heap?(process: WatchedProcess, ...effect: Parameters<WatchHandlers["heap"]>): void;
  /** A system call has been answered. */
  systemCall?(name: string, source: SiteSource | undefined, process: WatchedProcess): void;
  /** A call of the checkpoint interface failed. */
  refused?(call: string, reason: string, source: SiteSource | undefined): void;
  /** The program has ended. */
  ended?(ending: Ending, process: WatchedProcess): void;
}
