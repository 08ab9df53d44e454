import { type CheckpointImage, ImageStore } from "../../checkpoint/images.ts";
import type { RegionSpec } from "../../checkpoint/regions.ts";
import type { FileTree } from "../../guest/wasi/file-tree.ts";
import type { OpenDescriptor } from "../../guest/wasi/types.ts";
import { firstDifference } from "../../machine/bytes.ts";
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

/** What a crash at some moment of the reference run leaves beside the images. */
export interface Moment {
  /** Virtual cycle of the program. */
  readonly cycle: number;
  readonly files: FileTree;
  /** Images that the program had removed by then. */
  readonly removed: readonly CheckpointImage[];
}

/** A checkpoint of the reference run, at the moment when its call returned. */
export interface ReferenceCommit extends Moment {
  readonly name: string;
  readonly version: number;
  /** Written to standard output and error by then. */
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  readonly world: WorldPosition;
  readonly descriptors: readonly OpenDescriptor[];
  /**
   * When the image was safe: the same moment, or later where commits are asynchronous. The files then are as they were when the
   * program next asked or waited for it, which is the most that can have happened to them.
   */
  readonly committed: Moment;
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
  const called: Omit<ReferenceCommit, "committed">[] = [];
  const committed: Moment[] = [];
  const files = input.files.clone();
  const images = new ImageStore();
  let regions: readonly RegionContents[] = [];
  let cycle = 0;
  const { watcher } = hooks;
  const run = runLive({
    ...input,
    ...{ images, files },
    onCheckpoint(version, at, safeAt) {
      committed.push({ cycle: safeAt, files: files.clone(), removed: images.removed });
      hooks.onCheckpoint?.(version, at, safeAt);
    },
    watcher: {
      ...watcher,
      checkpointed(image, process) {
        // In a synchronous commit it is safe already, and all is as it was then.
        const moment = committed[called.length] ?? {
          cycle: process.cycle,
          files: files.clone(),
          removed: images.removed,
        };
        called.push({ ...moment, ...calledAt(image, process) });
        watcher?.checkpointed?.(image, process);
      },
      ended(ending, process) {
        regions = contentsOf(process);
        cycle = process.cycle;
        watcher?.ended?.(ending, process);
      },
    },
  });
  const commits = committed.map((moment, i): ReferenceCommit => ({ ...called[i], committed: moment }));
  return { run, commits, regions, files, cycle };
}

function calledAt(
  { name, version }: Pick<CheckpointImage, "name" | "version">,
  { stdoutBytes, stderrBytes, world, descriptors }: WatchedProcess,
): Omit<ReferenceCommit, keyof Moment | "committed"> {
  return { name, version, stdoutBytes, stderrBytes, world, descriptors };
}

/** What the regions hold that are under protection now. @param like what they may well hold: the same bytes are not kept twice */
export function contentsOf({ mmu, regions }: WatchedProcess, like: readonly RegionContents[] = []): RegionContents[] {
  return regions.map((region) => {
    const contents = mmu.memory.subarray(region.address, region.address + region.bytes);
    const expected = like.find(({ id, group }) => id === region.id && group === region.group)?.contents;
    const isSame = expected !== undefined && firstDifference(contents, expected) === undefined;
    return { ...region, contents: isSame ? expected : contents.slice() };
  });
}
