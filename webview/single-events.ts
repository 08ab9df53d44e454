import { firstAtLeast } from "../src/machine/sorted.ts";
import { TIMELINE_PHASES, type TimelineEvents, type TimelinePhase } from "../src/session/figures.ts";
import type { TimeSpan } from "./draw/timeline.ts";

/** One of the events that the timeline draws each by itself, as it is found again when the window moves. */
export interface SingleEvent {
  /** In the columns where it was found first. */
  readonly index: number;
  readonly time: number;
  readonly cycles: number;
  readonly phase: TimelinePhase;
  /** Page of a store. */
  readonly page: number | undefined;
  readonly site: TimelineEvents["sites"][number] | undefined;
}

export function singleEvent(events: TimelineEvents, index: number): SingleEvent {
  const page = events.page[index];
  return {
    index,
    time: events.time[index],
    cycles: events.cycles[index],
    phase: TIMELINE_PHASES[events.phase[index]],
    page: page < 0 ? undefined : page,
    site: events.sites[events.site[index]],
  };
}

/** Where an event is in the columns of the same or of another window; -1 where it is not. */
export function indexOfEvent(events: TimelineEvents, event: SingleEvent): number {
  const isIt = (i: number) =>
    events.time[i] === event.time &&
    events.cycles[i] === event.cycles &&
    TIMELINE_PHASES[events.phase[i]] === event.phase &&
    events.page[i] === (event.page ?? -1);
  // Events that are alike in all of that can follow one another.
  if (isIt(event.index)) return event.index;
  for (let i = firstAtLeast(events.time, event.time); events.time[i] === event.time; i++) if (isIt(i)) return i;
  return -1;
}

/** The event nearest to a time and not farther from it than `reach`, the costliest of those as near; -1 for none. */
export function eventNear({ time, cycles }: TimelineEvents, wanted: number, reach: number): number {
  let found = -1;
  let least = reach;
  for (let i = firstAtLeast(time, wanted - reach); i < time.length && time[i] <= wanted + reach; i++) {
    const distance = Math.abs(time[i] - wanted);
    if (distance > least || (distance === least && found >= 0 && cycles[i] <= cycles[found])) continue;
    found = i;
    least = distance;
  }
  return found;
}

/** The event before or after a time, or beside the one at `from` where that is not -1; -1 where there is none. */
export function eventBeside({ time }: TimelineEvents, by: 1 | -1, from: number, at: number): number {
  const next = from >= 0 ? from + by : by > 0 ? firstAtLeast(time, at) : firstAtLeast(time, at) - 1;
  return next >= 0 && next < time.length ? next : -1;
}

/**
 * The first or last part of a stretch, no longer than `length`, in which something costs; undefined when nothing does.
 * @param peaks what the costliest event of each of some equal parts of a stretch costs
 */
export async function nearestCost(
  peaks: (span: TimeSpan) => Promise<Float64Array>,
  span: TimeSpan,
  by: 1 | -1,
  length: number,
): Promise<TimeSpan | undefined> {
  if (span.to - span.from <= length) return span.to > span.from ? span : undefined;
  const costs = await peaks(span);
  const isCost = (cost: number) => cost > 0;
  const part = by > 0 ? costs.findIndex(isCost) : costs.findLastIndex(isCost);
  if (part < 0) return undefined;
  const border = (number: number) => span.from + (number / costs.length) * (span.to - span.from);
  return nearestCost(peaks, { from: border(part), to: border(part + 1) }, by, length);
}
