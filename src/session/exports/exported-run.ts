import { type PriceList, type PriceProfile, priceList } from "../../machine/prices.ts";
import type { MachineOptions } from "../../run/machine.ts";
import type { SavedRun } from "../../run/run-file.ts";
import { type History, historyOf } from "../model/history.ts";
import { RecordingIndex } from "../model/recording-index.ts";
import { type TimelineIndex, timelineIndexOf } from "../model/timeline-index.ts";

/** A run as it is exported: on one machine, at some prices. */
export interface ExportedRun {
  readonly program: SavedRun["program"];
  readonly index: RecordingIndex;
  readonly history: History;
  readonly timeline: TimelineIndex;
  readonly prices: PriceList;
}

/** @throws BadInputError when there is no such machine, or the recording does not serve it */
export function exportedRunOf(run: SavedRun, machine: MachineOptions, profile: PriceProfile): ExportedRun {
  const history = historyOf(run.recording, machine);
  const prices = priceList(profile, history.outcome.pathLengths);
  return {
    program: run.program,
    index: new RecordingIndex(run.recording),
    history,
    timeline: timelineIndexOf(run.recording, history, prices),
    prices,
  };
}
