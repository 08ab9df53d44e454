import type { FileTree } from "../../guest/wasi/file-tree.ts";
import { fileDifferences } from "./file-difference.ts";
import type { Moment, Reference } from "./reference.ts";
import type { Crash } from "./restart.ts";

/** A restart that a campaign makes. */
export interface PlannedRestart {
  readonly crash: Crash;
  /** The checkpoint for whose sake it is made first. */
  readonly commit: number;
}

/** Which restarts tell what becomes of crashes around one checkpoint, as indices. */
export interface CommitPlan {
  /** A crash right after the image was safe. */
  readonly committed: number;
  /** Where it was not safe yet when the program ran on, or is torn: a crash right after the call, and the image is lost. */
  readonly lost?: number;
  /** Where it is torn: a crash right after the call, and the image got there in time. */
  readonly inTime?: number;
}

/** No restart is in it twice: crashes that leave the same images and the same files are the same to the next start. */
export interface CampaignPlan {
  readonly restarts: readonly PlannedRestart[];
  /** By the reference's checkpoints. */
  readonly commits: readonly CommitPlan[];
}

/** What a campaign asks of each checkpoint. */
export interface CrashMoments {
  /** Whether commits are asynchronous, so that crashes come between a call and its commit. */
  readonly isAsync: boolean;
  /** Whether commits are torn. */
  readonly torn: boolean;
}

export function planOf({ commits }: Reference, { isAsync, torn }: CrashMoments): CampaignPlan {
  const restarts: PlannedRestart[] = [];
  const known = new Map<string, number>();
  const stateOf = fileStates();
  const restart = (commit: number, images: number, { files, removed }: Moment): number => {
    const key = `${images} ${stateOf(files)} ${removed.length}`;
    const index = known.get(key) ?? restarts.length;
    known.set(key, index);
    if (index === restarts.length) restarts.push({ crash: { images, files, removed }, commit });
    return index;
  };
  return {
    commits: commits.map((called, i) => ({
      ...(isAsync || torn ? { lost: restart(i, i, called) } : {}),
      ...(torn ? { inTime: restart(i, i + 1, called) } : {}),
      committed: restart(i, i + 1, called.committed),
    })),
    restarts,
  };
}

/** Numbers the files' states in the order of time: equal ones that follow each other have the same number. */
function fileStates(): (files: FileTree) => number {
  let last: FileTree | undefined;
  let number = 0;
  return (files) => {
    if (last !== undefined && files !== last && fileDifferences(last, files).next().done !== true) number++;
    last = files;
    return number;
  };
}
