import { type CampaignInput, referenceRun } from "../restart/reference.ts";
import type { RunWatcher } from "../watcher.ts";

/** What a watcher throws that has seen enough; a program that catches whatever is thrown runs on. */
export class SeenEnough extends Error {}

/** Runs the reference to its end, or until its watcher has seen enough. */
export function watchReference(input: CampaignInput, watcher: RunWatcher): void {
  try {
    referenceRun(input, { watcher });
  } catch (error) {
    if (!(error instanceof SeenEnough)) throw error;
  }
}
