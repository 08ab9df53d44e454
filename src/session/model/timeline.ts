import { PHASE_NUMBER, type Phase } from "../../machine/context.ts";
import { firstAtLeast } from "../../machine/sorted.ts";
import { costOfGroup } from "../../run/cost-table.ts";
import { countsOf, fromEpochPhase } from "../../run/outcome-counts.ts";
import {
  CHECKPOINT_PHASES,
  type CheckpointPhase,
  type CheckpointSpans,
  TIMELINE_PHASES,
  type TimeAxis,
  type TimelineEvents,
  type TimelinePhase,
  type TimelineReply,
} from "../figures.ts";
import type { History } from "./history.ts";
import type { RecordingIndex } from "./recording-index.ts";
import type { PhaseTrack, TimelineIndex } from "./timeline-index.ts";

/**
 * A window of time, in equal buckets, to the run's end when `to` is left out. The last bucket of one that reaches the end of
 * the run holds the end itself.
 */
export interface TimeWindow {
  readonly axis: TimeAxis;
  readonly from: number;
  readonly to?: number | undefined;
  readonly buckets: number;
  readonly maxEvents: number;
}

export function timelineWindow(
  index: RecordingIndex,
  history: History,
  timeline: TimelineIndex,
  window: TimeWindow,
): TimelineReply {
  const { axis, from, buckets, maxEvents } = window;
  const { recording } = index;
  const end = recording.programCycles + (axis === "machine" ? timeline.totalCycles : 0);
  const { to = end } = window;
  const times = axis === "machine" ? timeline.start : timeline.programTime;
  const borders = new Float64Array(buckets + 1);
  const entries = new Uint32Array(buckets + 1);
  for (let b = 0; b <= buckets; b++) {
    borders[b] = b === buckets ? to : from + ((to - from) * b) / buckets;
    entries[b] = b === 0 ? firstAtLeast(times, from) : nextAtLeast(times, entries[b - 1], borders[b]);
  }
  if (to >= end) entries[buckets] = times.length;
  const traps = new Uint32Array(buckets);
  const peak = new Float64Array(buckets);
  for (let b = 0; b < buckets; b++) {
    traps[b] = timeline.trapsBefore[entries[b + 1]] - timeline.trapsBefore[entries[b]];
    peak[b] = timeline.peaks.max(entries[b], entries[b + 1]);
  }
  const shown = entries[buckets] - entries[0];
  return {
    end,
    traps,
    peak,
    phases: Object.fromEntries(
      TIMELINE_PHASES.map((name, phase) => [
        name,
        axis === "machine"
          ? spreadCycles(timeline, phase, timeline.tracks[name], borders, entries)
          : cyclesByStart(timeline.tracks[name], entries),
      ]),
    ) as Record<TimelinePhase, Float64Array>,
    checkpoints: checkpointSpans(index, history, timeline, { ...window, to }),
    events: shown <= maxEvents ? eventsIn(index, history, timeline, times, entries[0], entries[buckets]) : undefined,
  };
}

/** The first of ascending numbers from an index on that is not below a value, most likely near it. */
function nextAtLeast(ascending: Float64Array | Uint32Array, from: number, value: number): number {
  let step = 1;
  let low = from;
  while (low + step <= ascending.length && ascending[low + step - 1] < value) {
    low += step;
    step *= 2;
  }
  let high = Math.min(ascending.length, low + step - 1);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Costs by where they begin. */
function cyclesByStart({ entry, cyclesBefore }: PhaseTrack, entries: Uint32Array): Float64Array {
  const cycles = new Float64Array(entries.length - 1);
  if (entry.length === 0) return cycles;
  let at = firstAtLeast(entry, entries[0]);
  for (let b = 0; b < cycles.length; b++) {
    const next = nextAtLeast(entry, at, entries[b + 1]);
    cycles[b] = cyclesBefore[next] - cyclesBefore[at];
    at = next;
  }
  return cycles;
}

/** Costs by when they are paid: what an entry takes is cut where a bucket ends. */
function spreadCycles(
  { start, cost, phase }: TimelineIndex,
  number: number,
  { entry, cyclesBefore }: PhaseTrack,
  borders: Float64Array,
  entries: Uint32Array,
): Float64Array {
  const cycles = new Float64Array(borders.length - 1);
  if (entry.length === 0) return cycles;
  let at = 0;
  let before = 0;
  for (let b = 0; b < borders.length; b++) {
    at = b === 0 ? firstAtLeast(entry, entries[0]) : nextAtLeast(entry, at, entries[b]);
    // Of the entry that began last the part after the border is still to come.
    const last = entries[b] - 1;
    const isUnderWay = last >= 0 && phase[last] === number;
    const rest = isUnderWay ? Math.max(0, start[last] + cost[last] - borders[b]) : 0;
    const paid = cyclesBefore[at] - rest;
    if (b > 0) cycles[b - 1] = paid - before;
    before = paid;
  }
  return cycles;
}

/** Virtual time of the machine when an event begins. */
function machineTime(
  { recording }: RecordingIndex,
  { trace }: History,
  timeline: TimelineIndex,
  event: number,
): number {
  if (event >= recording.kind.length) return recording.programCycles + timeline.totalCycles;
  const entry = firstAtLeast(trace.event, event);
  if (entry === trace.event.length) return recording.cycle[event] + timeline.totalCycles;
  return recording.cycle[event] + timeline.start[entry] - recording.cycle[trace.event[entry]];
}

function checkpointSpans(
  index: RecordingIndex,
  history: History,
  timeline: TimelineIndex,
  { axis, from, to }: TimeWindow & { readonly to: number },
): CheckpointSpans {
  const { recording, epochs } = index;
  const onMachine = axis === "machine";
  const timeAt = (event: number) => (onMachine ? machineTime(index, history, timeline, event) : recording.cycle[event]);
  /** When an event and all that the program waits for in it is over. */
  const timeAfter = (event: number) =>
    onMachine
      ? machineTime(index, history, timeline, event + 1) -
        (event + 1 < recording.kind.length ? recording.cycle[event + 1] : recording.programCycles) +
        recording.cycle[event]
      : recording.cycle[event];
  const { cycles, background, landedAt } = epochCosts(index, history, timeline);
  const epoch: number[] = [];
  const start: number[] = [];
  const end: number[] = [];
  const backgroundEnd: number[] = [];
  for (let e = 0; e < epochs.count; e++) {
    if (epochs.endEvent[e] < 0) continue;
    const first = timeAt(epochs.saveEvent[e] < 0 ? epochs.endEvent[e] : epochs.saveEvent[e]);
    const last = timeAfter(epochs.endEvent[e]);
    const landed = landedAt[e] > epochs.endEvent[e] ? Math.max(last, timeAfter(landedAt[e])) : last;
    if (first > to || Math.max(last, landed) < from) continue;
    epoch.push(e);
    start.push(first);
    end.push(last);
    backgroundEnd.push(landed);
  }
  return {
    epoch: Uint32Array.from(epoch),
    start: Float64Array.from(start),
    end: Float64Array.from(end),
    phases: Object.fromEntries(
      CHECKPOINT_PHASES.map((phase) => [phase, Float64Array.from(epoch, (e) => cycles[phase][e])]),
    ) as Record<CheckpointPhase, Float64Array>,
    backgroundEnd: Float64Array.from(backgroundEnd),
    backgroundCycles: Float64Array.from(epoch, (e) => background[e]),
  };
}

interface EpochCosts {
  readonly cycles: Readonly<Record<CheckpointPhase, Float64Array>>;
  readonly background: Float64Array;
  /** Event with which the last of its work was done; -1 where there is none in the background. */
  readonly landedAt: Int32Array;
}

const known = new WeakMap<TimelineIndex, EpochCosts>();

function epochCosts({ epochs }: RecordingIndex, history: History, timeline: TimelineIndex): EpochCosts {
  const before = known.get(timeline);
  if (before !== undefined) return before;
  const { trace, contexts, outcome } = history;
  const cycles = Object.fromEntries(
    CHECKPOINT_PHASES.map((phase) => [phase, new Float64Array(epochs.count)]),
  ) as Record<CheckpointPhase, Float64Array>;
  const background = new Float64Array(epochs.count);
  const landedAt = new Int32Array(epochs.count).fill(-1);
  const columns = new Map<Phase, Float64Array>(CHECKPOINT_PHASES.map((phase) => [phase, cycles[phase]]));
  columns.set("background", background);
  const { byEpochAndPhase } = countsOf(outcome);
  for (const [group, key] of byEpochAndPhase.key.entries()) {
    const { epoch, phase } = fromEpochPhase(key);
    const column = columns.get(phase);
    if (column !== undefined) column[epoch] = costOfGroup(byEpochAndPhase, group, timeline.prices).cycles;
  }
  for (let i = 0; i < trace.event.length; i++) {
    const row = trace.row[i];
    if (contexts.phase[row] === PHASE_NUMBER.background) landedAt[contexts.epoch[row]] = trace.event[i];
  }
  const result = { cycles, background, landedAt };
  known.set(timeline, result);
  return result;
}

function eventsIn(
  { recording }: RecordingIndex,
  { trace }: History,
  timeline: TimelineIndex,
  times: Float64Array,
  from: number,
  to: number,
): TimelineEvents {
  const entries: number[] = [];
  for (let i = from; i < to; i++) if (timeline.phase[i] < TIMELINE_PHASES.length) entries.push(i);
  const sites: TimelineEvents["sites"][number][] = [];
  const numbers = new Map<number, number>();
  const siteOf = (site: number): number => {
    if (site < 0) return -1;
    const number = numbers.get(site) ?? sites.push(recording.sites[site]) - 1;
    numbers.set(site, number);
    return number;
  };
  return {
    time: Float64Array.from(entries, (i) => times[i]),
    cycles: Float64Array.from(entries, (i) => timeline.cost[i]),
    phase: Uint8Array.from(entries, (i) => timeline.phase[i]),
    page: Int32Array.from(entries, (i) => trace.page[i]),
    site: Int32Array.from(entries, (i) => siteOf(recording.site[trace.event[i]])),
    sites,
  };
}
