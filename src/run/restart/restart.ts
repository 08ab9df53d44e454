import { ImageStore } from "../../checkpoint/images.ts";
import { type Ending, type LiveRun, runLive } from "../live.ts";
import type { RunWatcher } from "../watcher.ts";
import { differenceOf } from "./difference.ts";
import { type CampaignInput, contentsOf, type Moment, type Reference, type RegionContents } from "./reference.ts";

/** Where a restarted program had got to when it had its state back. */
export interface RestoredPoint {
  readonly name: string;
  readonly version: number;
  /** Index of the checkpoint among the reference's. */
  readonly commit: number;
  /** Virtual cycle of the new process: what it ran to get there. */
  readonly cycle: number;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
}

/** What a crash left: the program's next start finds it. */
export interface Crash extends Omit<Moment, "cycle"> {
  /** How many of the reference's images were safe. */
  readonly images: number;
}

/** A program started anew on a new guest, after a crash. */
export interface Restart {
  /** Index of the newest checkpoint that it found; -1 where there was none. */
  readonly commit: number;
  readonly run: LiveRun;
  /** Its last successful restart; undefined when it began from the start. */
  readonly restored: RestoredPoint | undefined;
  /** Restarts and calls for them that failed, each in a sentence. */
  readonly refusals: readonly string[];
  readonly regions: readonly RegionContents[];
  /** How its end differs from the reference's, in one sentence; undefined when it does not. */
  readonly difference: string | undefined;
}

/** A restarted program that takes so many times the reference's cycles, and as many more, does not end any more. */
const MOST_TIMES = 4;
const MORE_CYCLES = 1e7;

/** A crash right after one of the reference's checkpoints was safe. */
export function crashAfter({ commits }: Reference, commit: number): Crash {
  const { files, removed } = commits[commit].committed;
  return { images: commit + 1, files, removed };
}

/**
 * Starts the program on a new guest that finds the reference's images up to and with one checkpoint, and the files as they were
 * then, or what some other crash left; runs it to its end. Once it has restored, its clock and its random numbers go on as the
 * reference's did: only its own state can make a difference.
 */
export function restartFrom(
  input: CampaignInput,
  reference: Reference,
  crash: number | Crash,
  watcher: RunWatcher = {},
): Restart {
  const { commits } = reference;
  const { images } = reference.run;
  const left = typeof crash === "number" ? crashAfter(reference, crash) : crash;
  const commit = left.images - 1;
  const files = left.files.clone();
  let restored: RestoredPoint | undefined;
  let regions: readonly RegionContents[] = [];
  const refusals: string[] = [];
  const run = runLive({
    ...input,
    ...cycleLimit(input, reference),
    images: new ImageStore(images.all.slice(0, left.images), left.removed, images),
    files,
    watcher: {
      ...watcher,
      restarted(restart, process) {
        const { image, succeeded } = restart;
        const at = commits.findLastIndex(({ name, version }, i) => {
          return i <= commit && name === image.name && version === image.version;
        });
        watcher.restarted?.(restart, process);
        if (!succeeded || at < 0) return undefined;
        const { cycle, stdoutBytes, stderrBytes } = process;
        restored = { name: image.name, version: image.version, commit: at, cycle, stdoutBytes, stderrBytes };
        return commits[at].world;
      },
      refused(call, reason, source) {
        const place = source === undefined || source.line === 0 ? "" : `${source.file}:${source.line}: `;
        refusals.push(`${place}${call} failed: ${reason}`);
        watcher.refused?.(call, reason, source);
      },
      ended(ending: Ending, process) {
        regions = contentsOf(process, reference.regions);
        watcher.ended?.(ending, process);
      },
    },
  });
  const difference = differenceOf(reference, { commit, run, restored, refusals, regions, files });
  return { commit, run, restored, refusals, regions, difference };
}

function cycleLimit({ maxCycles }: CampaignInput, { cycle }: Reference): Partial<CampaignInput> {
  const most = MOST_TIMES * cycle + MORE_CYCLES;
  if (maxCycles <= most) return {};
  return { maxCycles: most, maxCyclesFrom: `and the whole run takes ${cycle}` };
}
