import { EVENT, type Recording } from "../../run/recording.ts";
import type { EpochRange, EpochSummary } from "../figures.ts";

/**
 * How a recording falls into the epochs of its checkpoints. A checkpoint may be taken in several saves, and the recording
 * has an entry for what was written before each; here those of one checkpoint are one epoch.
 */
export interface Epochs {
  readonly count: number;
  /** The recording's entries of epoch e are those from `firstEntry[e]` to `firstEntry[e + 1]`. */
  readonly firstEntry: Uint32Array;
  /** Its stores are among the events from `firstEvent[e]` to `firstEvent[e + 1]`. */
  readonly firstEvent: Uint32Array;
  /** Events of the first save and of the commit or abandonment of each; -1 where there is none. */
  readonly saveEvent: Int32Array;
  readonly endEvent: Int32Array;
  /** Whether some epoch has several entries, in which a page may occur again. */
  readonly hasSplitEpochs: boolean;
}

export function epochsOf({ kind, argument, calls, epochs }: Recording): Epochs {
  const epochOfEntry: number[] = [];
  const entryStart: number[] = [0];
  const saveEvent: number[] = [-1];
  const endEvent: number[] = [-1];
  for (let i = 0; i < kind.length; i++) {
    if (kind[i] !== EVENT.call) continue;
    const call = calls[argument[i]];
    const epoch = endEvent.length - 1;
    if (call.kind === "save") {
      epochOfEntry.push(epoch);
      entryStart.push(i + 1);
      if (saveEvent[epoch] < 0) saveEvent[epoch] = i;
    } else if (call.kind === "commit" || call.kind === "abandon") {
      endEvent[epoch] = i;
      endEvent.push(-1);
      saveEvent.push(-1);
    }
  }
  const count = endEvent.length;
  epochOfEntry.push(count - 1);
  entryStart.push(kind.length);
  const firstEntry = new Uint32Array(count + 1);
  const firstEvent = new Uint32Array(count + 1);
  let entry = 0;
  for (let epoch = 0; epoch < count; epoch++) {
    firstEntry[epoch] = entry;
    firstEvent[epoch] = entryStart[entry];
    while (entry < epochOfEntry.length && epochOfEntry[entry] === epoch) entry++;
  }
  firstEntry[count] = epochs.length;
  firstEvent[count] = kind.length;
  return {
    count,
    firstEntry,
    firstEvent,
    saveEvent: Int32Array.from(saveEvent),
    endEvent: Int32Array.from(endEvent),
    hasSplitEpochs: epochs.length > count,
  };
}

/** A range that was asked for, cut to the epochs that there are. `to` is excluded. */
export function epochBounds({ count }: Epochs, range: EpochRange | undefined): { readonly from: number; to: number } {
  if (range === undefined) return { from: 0, to: count };
  const from = Math.min(Math.max(0, range.from), count);
  return { from, to: Math.max(from, Math.min(range.to + 1, count)) };
}

export function epochSummaries(recording: Recording, epochs: Epochs): EpochSummary[] {
  const lastEpoch = new Int32Array(recording.endPages).fill(-1);
  return Array.from({ length: epochs.count }, (_, epoch): EpochSummary => {
    let writtenPages = 0;
    let stores = 0;
    for (const entry of recording.epochs.slice(epochs.firstEntry[epoch], epochs.firstEntry[epoch + 1])) {
      for (let i = 0; i < entry.pages.length; i++) {
        if (lastEpoch[entry.pages[i]] !== epoch) writtenPages++;
        lastEpoch[entry.pages[i]] = epoch;
        stores += entry.stores[i];
      }
    }
    const event = epochs.endEvent[epoch];
    const call = event < 0 ? undefined : recording.calls[recording.argument[event]];
    return call?.kind === "commit" || call?.kind === "abandon"
      ? {
          epoch,
          end: call.kind === "commit" ? "committed" : "abandoned",
          name: call.name,
          version: call.version,
          cycle: recording.cycle[event],
          writtenPages,
          stores,
        }
      : { epoch, end: "program", name: "", version: 0, cycle: recording.programCycles, writtenPages, stores };
  });
}
