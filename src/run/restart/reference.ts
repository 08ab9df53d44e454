import { type CheckpointImage, ImageStore } from "../../checkpoint/images.ts";
import type { RegionSpec } from "../../checkpoint/regions.ts";
import type { FileTree } from "../../guest/wasi/file-tree.ts";
import type { OpenDescriptor } from "../../guest/wasi/types.ts";
import { type LiveInput, type LiveRun, runLive } from "../live.ts";
import type { RunWatcher, WatchedProcess, WorldPosition } from "../watcher.ts";

/** A program, its input and its guest: all of a live run but what differs between a campaign's runs. */
export interface CampaignInput extends Omit<LiveInput, "images" | "files" | "watcher" | "onCheckpoint"> {
  /** Files that the program finds at its start; never changed. */
  readonly files: FileTree;
}

/** The bytes of a region. */
export interface RegionContents extends RegionSpec {
  readonly contents: Uint8Array;
}

/** A checkpoint of the reference run, and the world as a crash right after it leaves it. */
export interface ReferenceCommit {
  readonly name: string;
  readonly version: number;
  /** Virtual cycle of the program. */
  readonly cycle: number;
  /** Written to standard output and error by then. */
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  readonly world: WorldPosition;
  readonly files: FileTree;
  readonly descriptors: readonly OpenDescriptor[];
}

/** A run that nothing stopped: what every restart is held against. */
export interface Reference {
  readonly run: LiveRun;
  /** As many as the run's images, in the same order. */
  readonly commits: readonly ReferenceCommit[];
  /** Under protection at the end. */
  readonly regions: readonly RegionContents[];
  /** As the program left them. */
  readonly files: FileTree;
  /** Virtual cycle at the end. */
  readonly cycle: number;
}

/** Runs the program to its end, keeping what a restart from each of its checkpoints needs and is held against. */
export function referenceRun(
  input: CampaignInput,
  hooks: Pick<LiveInput, "onCheckpoint"> & { readonly watcher?: RunWatcher } = {},
): Reference {
  const commits: ReferenceCommit[] = [];
  const files = input.files.clone();
  let regions: readonly RegionContents[] = [];
  let cycle = 0;
  const { watcher, ...rest } = hooks;
  const run = runLive({
    ...input,
    ...rest,
    images: new ImageStore(),
    files,
    watcher: {
      ...watcher,
      checkpointed(image, process) {
        commits.push(commitOf(image, process));
        watcher?.checkpointed?.(image, process);
      },
      ended(ending, process) {
        regions = contentsOf(process);
        cycle = process.cycle;
        watcher?.ended?.(ending, process);
      },
    },
  });
  return { run, commits, regions, files, cycle };
}

function commitOf(
  { name, version }: Pick<CheckpointImage, "name" | "version">,
  { cycle, stdoutBytes, stderrBytes, world, files, descriptors }: WatchedProcess,
): ReferenceCommit {
  return { name, version, cycle, stdoutBytes, stderrBytes, world, files: files.clone(), descriptors };
}

/** What the regions hold that are under protection now. */
export function contentsOf({ mmu, regions }: WatchedProcess): RegionContents[] {
  return regions.map((region) => ({
    ...region,
    contents: mmu.memory.slice(region.address, region.address + region.bytes),
  }));
}
