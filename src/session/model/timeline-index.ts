import { PHASES } from "../../machine/context.ts";
import type { PriceList } from "../../machine/prices.ts";
import type { Recording } from "../../run/recording.ts";
import { TIMELINE_PHASES, type TimelinePhase } from "../figures.ts";
import { type History, trapsByClass } from "./history.ts";
import { MaxPyramid } from "./max-pyramid.ts";

/** The entries of one phase: their numbers, ascending, and the sums of cycles before each and after the last. */
export interface PhaseTrack {
  readonly entry: Uint32Array;
  readonly cyclesBefore: Float64Array;
}

/**
 * A trace in time, at some prices. Entry i of the trace begins at `start[i]` on the machine's axis, where the program and
 * all that it waits for take their time one after the other, and takes `cost[i]` there; work in the background takes none.
 */
export interface TimelineIndex {
  readonly prices: PriceList;
  /** When each entry begins on the program's axis, and on the machine's. */
  readonly programTime: Float64Array;
  readonly start: Float64Array;
  readonly cost: Float64Array;
  /** Position in TIMELINE_PHASES, or their number for work in the background. */
  readonly phase: Uint8Array;
  readonly tracks: Readonly<Record<TimelinePhase, PhaseTrack>>;
  /** Page faults because of checkpoints before each entry and after the last. */
  readonly trapsBefore: Uint32Array;
  readonly peaks: MaxPyramid;
  /** All cycles that the program waits for or needs itself. */
  readonly totalCycles: number;
  /** Memory that it takes, about. */
  readonly sizeBytes: number;
}

export function timelineIndexOf(recording: Recording, history: History, prices: PriceList): TimelineIndex {
  const { trace, contexts } = history;
  const classCost = costByClass(history, prices);
  const classTraps = trapsByClass(trace);
  const phaseOfRow = contexts.phase.map((phase) => {
    const number = TIMELINE_PHASES.indexOf(PHASES[phase] as TimelinePhase);
    return number < 0 ? TIMELINE_PHASES.length : number;
  });
  const track = TIMELINE_PHASES.indexOf("track");
  const length = trace.event.length;
  const programTime = new Float64Array(length);
  const start = new Float64Array(length);
  const cost = new Float64Array(length);
  const phase = new Uint8Array(length);
  const trapsBefore = new Uint32Array(length + 1);
  const lengths = new Uint32Array(TIMELINE_PHASES.length + 1);
  let before = 0;
  for (let i = 0; i < length; i++) {
    const number = phaseOfRow[trace.row[i]];
    const cycles = classCost[trace.countClass[i]];
    programTime[i] = recording.cycle[trace.event[i]];
    start[i] = programTime[i] + before;
    phase[i] = number;
    lengths[number]++;
    trapsBefore[i + 1] = trapsBefore[i] + (number === track ? classTraps[trace.countClass[i]] : 0);
    if (number === TIMELINE_PHASES.length) continue;
    cost[i] = cycles;
    before += cycles;
  }
  const tracks = TIMELINE_PHASES.map(
    (_, number): PhaseTrack => ({
      entry: new Uint32Array(lengths[number]),
      cyclesBefore: new Float64Array(lengths[number] + 1),
    }),
  );
  const filled = new Uint32Array(TIMELINE_PHASES.length);
  for (let i = 0; i < length; i++) {
    if (phase[i] === TIMELINE_PHASES.length) continue;
    const { entry, cyclesBefore } = tracks[phase[i]];
    const at = filled[phase[i]]++;
    entry[at] = i;
    cyclesBefore[at + 1] = cyclesBefore[at] + cost[i];
  }
  return {
    prices,
    programTime,
    start,
    cost,
    phase,
    tracks: Object.fromEntries(TIMELINE_PHASES.map((name, number) => [name, tracks[number]])) as Record<
      TimelinePhase,
      PhaseTrack
    >,
    trapsBefore,
    peaks: new MaxPyramid(cost),
    totalCycles: before,
    // Two times, a cost, and in one of the tracks an entry and its sum; the pyramid is small beside them.
    sizeBytes: length * (8 + 8 + 8 + 1 + 4 + 4 + 8),
  };
}

/** What each distinct vector of counts costs. */
export function costByClass({ trace }: History, prices: PriceList): Float64Array {
  const { start, primitive, count } = trace.classes;
  const costs = new Float64Array(start.length - 1);
  for (let c = 0; c < costs.length; c++)
    for (let i = start[c]; i < start[c + 1]; i++) costs[c] += count[i] * prices.cycles[primitive[i]];
  return costs;
}
