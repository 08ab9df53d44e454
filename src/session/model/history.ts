import { PHASE_NUMBER } from "../../machine/context.ts";
import type { Contexts } from "../../machine/ledger.ts";
import { buffersOf } from "../../run/cost-table.ts";
import type { MachineOptions } from "../../run/machine.ts";
import { type Outcome, replayOutcome } from "../../run/outcome.ts";
import { TRAPS } from "../../run/outcome-counts.ts";
import type { Recording } from "../../run/recording.ts";
import { type Trace, TraceBuilder } from "../../run/trace.ts";
import type { TrapList } from "./pages.ts";

/** What a recording went through on one machine, in counts: all that prices need to become figures. */
export interface History {
  readonly outcome: Outcome;
  readonly trace: Trace;
  /** What the ledger's rows are about, which the trace's entries name. */
  readonly contexts: Contexts;
  readonly traps: TrapList;
  /** Memory that it takes, about. */
  readonly sizeBytes: number;
}

/** @throws BadInputError when there is no such machine */
export function historyOf(recording: Recording, options: MachineOptions): History {
  const builder = new TraceBuilder();
  const outcome = replayOutcome(recording, options, builder);
  const contexts = builder.ledger.contexts();
  const trace = builder.trace();
  const traps = trapsOf(trace, contexts);
  const arrays = [
    ...[trace.event, trace.page, trace.row, trace.countClass, trace.classes.count],
    ...[traps.event, traps.page, traps.traps],
    ...[contexts.phase, contexts.epoch, contexts.site, contexts.region],
    ...buffersOf(outcome.costs),
  ];
  const sizeBytes = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return { outcome, trace, contexts, traps, sizeBytes };
}

/** Page faults in each distinct vector of counts. */
export function trapsByClass({ classes: { start, primitive, count } }: Trace): Uint32Array {
  const traps = new Uint32Array(start.length - 1);
  for (let c = 0; c < traps.length; c++)
    for (let i = start[c]; i < start[c + 1]; i++) if (TRAPS.includes(primitive[i])) traps[c] += count[i];
  return traps;
}

function trapsOf(trace: Trace, { phase }: Contexts): TrapList {
  const ofClass = trapsByClass(trace);
  const takesTraps = (i: number) =>
    ofClass[trace.countClass[i]] > 0 && phase[trace.row[i]] === PHASE_NUMBER.track && trace.page[i] >= 0;
  let length = 0;
  for (let i = 0; i < trace.event.length; i++) if (takesTraps(i)) length++;
  const event = new Uint32Array(length);
  const page = new Uint32Array(length);
  const traps = new Uint32Array(length);
  length = 0;
  for (let i = 0; i < trace.event.length; i++) {
    if (!takesTraps(i)) continue;
    event[length] = trace.event[i];
    page[length] = trace.page[i];
    traps[length++] = ofClass[trace.countClass[i]];
  }
  return { event, page, traps };
}
