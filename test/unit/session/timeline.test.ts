import assert from "node:assert/strict";
import { test } from "node:test";
import { PHASES } from "../../../src/machine/context.ts";
import { priceList } from "../../../src/machine/prices.ts";
import { BUILT_IN_PROFILES } from "../../../src/machine/profiles.ts";
import { TRAPS } from "../../../src/run/outcome-counts.ts";
import { EVENT, type Recording } from "../../../src/run/recording.ts";
import { replay } from "../../../src/run/replay.ts";
import { report } from "../../../src/run/report.ts";
import { CHECKPOINT_PHASES, TIMELINE_PHASES, type TimeAxis } from "../../../src/session/figures.ts";
import { type History, historyOf } from "../../../src/session/model/history.ts";
import { MaxPyramid } from "../../../src/session/model/max-pyramid.ts";
import { RecordingIndex } from "../../../src/session/model/recording-index.ts";
import { timelineWindow } from "../../../src/session/model/timeline.ts";
import { timelineIndexOf } from "../../../src/session/model/timeline-index.ts";
import { forSeeds, Random, randomMachine } from "./random-recording.ts";

/** What an entry of the trace is in time, the slow way. */
interface Entry {
  readonly event: number;
  readonly phase: string;
  readonly epoch: number;
  readonly program: number;
  readonly machine: number;
  readonly cycles: number;
  readonly traps: number;
}

function entriesOf(recording: Recording, { trace, contexts }: History, prices: { cycles: Float64Array }): Entry[] {
  let before = 0;
  return Array.from(trace.event, (event, i): Entry => {
    const phase = PHASES[contexts.phase[trace.row[i]]];
    const epoch = contexts.epoch[trace.row[i]];
    let cycles = 0;
    let traps = 0;
    for (let k = trace.classes.start[trace.countClass[i]]; k < trace.classes.start[trace.countClass[i] + 1]; k++) {
      const primitive = trace.classes.primitive[k];
      cycles += trace.classes.count[k] * prices.cycles[primitive];
      if (phase === "track" && TRAPS.includes(primitive)) traps += trace.classes.count[k];
    }
    const machine = recording.cycle[event] + before;
    if (phase === "background") cycles = 0;
    before += cycles;
    return { event, phase, epoch, program: recording.cycle[event], machine, cycles, traps };
  });
}

function near(actual: number, expected: number, scale: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.max(1, scale), `${what}: ${actual} for ${expected}`);
}

test("windows of the timeline hold what a walk over all entries finds, on both axes", () => {
  forSeeds(80, (recording, random) => {
    const index = new RecordingIndex(recording);
    const history = historyOf(recording, randomMachine(random));
    const prices = priceList(BUILT_IN_PROFILES[random.below(2)], history.outcome.pathLengths);
    const timeline = timelineIndexOf(recording, history, prices);
    const entries = entriesOf(recording, history, prices);
    const total = entries.reduce((sum, { cycles }) => sum + cycles, 0);
    for (const axis of ["program", "machine"] as const satisfies readonly TimeAxis[]) {
      const end = recording.programCycles + (axis === "machine" ? total : 0);
      for (let i = 0; i < 4; i++) {
        const whole = random.chance(30);
        const from = whole ? 0 : random.below(end);
        const to = whole ? end : from + 1 + random.below(end);
        const buckets = 1 + random.below(40);
        const reply = timelineWindow(index, history, timeline, { axis, from, to, buckets, maxEvents: 50 });
        near(reply.end, end, end, "end");
        const border = (b: number) => from + ((to - from) * b) / buckets;
        for (let b = 0; b < buckets; b++) {
          const isLast = b === buckets - 1 && to >= end;
          const starts = entries.filter((entry) => entry[axis] >= border(b) && (isLast || entry[axis] < border(b + 1)));
          assert.equal(
            reply.traps[b],
            starts.reduce((sum, { traps }) => sum + traps, 0),
          );
          near(reply.peak[b], Math.max(0, ...starts.map(({ cycles }) => cycles)), total, "peak");
          for (const phase of TIMELINE_PHASES) {
            const expected = entries
              .filter((entry) => entry.phase === phase)
              .reduce(
                (sum, entry) =>
                  sum +
                  (axis === "program"
                    ? starts.includes(entry)
                      ? entry.cycles
                      : 0
                    : paid(entry, border(b), border(b + 1))),
                0,
              );
            near(reply.phases[phase][b], expected, end, `${axis} ${phase} in bucket ${b} of ${buckets}`);
          }
        }
        const shown = entries.filter((entry) => entry[axis] >= from && (to >= end || entry[axis] < to));
        assert.equal(reply.events === undefined, shown.length > 50);
        if (reply.events === undefined) continue;
        const drawn = shown.filter(({ phase }) => phase !== "background");
        assert.deepEqual(
          [...reply.events.time],
          drawn.map((entry) => entry[axis]),
        );
        assert.deepEqual(
          [...reply.events.phase].map((phase) => TIMELINE_PHASES[phase]),
          drawn.map(({ phase }) => phase),
        );
        drawn.forEach(({ event }, k) => {
          const page = reply.events?.page[k] ?? -1;
          if (recording.kind[event] === EVENT.writes) assert.ok(recording.writes?.page.includes(page));
          else assert.equal(page, recording.kind[event] === EVENT.store ? recording.argument[event] : -1);
          const site = reply.events?.site[k] ?? -1;
          assert.deepEqual(site < 0 ? undefined : reply.events?.sites[site], recording.sites[recording.site[event]]);
        });
      }
    }
  });
});

/** How much of an entry is paid between two times of the machine. */
function paid({ machine, cycles }: Entry, from: number, to: number): number {
  return Math.max(0, Math.min(machine + cycles, to) - Math.max(machine, from));
}

test("checkpoints are where their work is, and cost what the report says", () => {
  forSeeds(60, (recording, random) => {
    const index = new RecordingIndex(recording);
    const history = historyOf(recording, randomMachine(random));
    const prices = priceList(BUILT_IN_PROFILES[0], history.outcome.pathLengths);
    const timeline = timelineIndexOf(recording, history, prices);
    const entries = entriesOf(recording, history, prices);
    const costs = report(recording, history.outcome, prices);
    const { ledger } = replay(recording, history.outcome.options).machine;
    const window = { axis: "machine", from: 0, to: 1e18, buckets: 1, maxEvents: 0 } as const;
    const { checkpoints, end } = timelineWindow(index, history, timeline, window);
    const buckets = 1 + random.below(40);
    assert.deepEqual(
      timelineWindow(index, history, timeline, { ...window, to: undefined, buckets }),
      timelineWindow(index, history, timeline, { ...window, to: end, buckets }),
    );
    const ended = index.epochSummaries.filter((epoch) => epoch.end !== "program");
    assert.deepEqual(
      [...checkpoints.epoch],
      ended.map(({ epoch }) => epoch),
    );
    let reported = 0;
    ended.forEach(({ epoch, end: how }, i) => {
      const inside = entries.filter(
        (entry) =>
          entry.epoch === epoch &&
          entry.event >= index.epochs.saveEvent[epoch] &&
          entry.event <= index.epochs.endEvent[epoch],
      );
      for (const { machine, cycles, phase } of inside) {
        if (phase !== "collect" && phase !== "copy" && phase !== "arm") continue;
        assert.ok(checkpoints.start[i] <= machine + 1e-6 && machine + cycles <= checkpoints.end[i] + 1e-6);
      }
      assert.ok(
        checkpoints.end[i] <= checkpoints.backgroundEnd[i] && checkpoints.backgroundEnd[i] <= end * (1 + 1e-12),
      );
      const background = ledger.totals((row) => row.epoch === epoch && row.phase === "background");
      near(
        checkpoints.backgroundCycles[i],
        background.reduce((sum, count, p) => sum + count * prices.cycles[p], 0),
        end,
        "background",
      );
      if (how !== "committed") return;
      const cost = costs.checkpoints[reported++].costCycles;
      for (const phase of CHECKPOINT_PHASES) near(checkpoints.phases[phase][i], cost[phase], end, phase);
    });
    assert.equal(reported, costs.checkpoints.length);
    const onProgram = timelineWindow(index, history, timeline, { ...window, axis: "program" }).checkpoints;
    for (const [i, start] of onProgram.start.entries()) assert.ok(start <= onProgram.end[i]);
  });
});

test("phases of a timeline are all phases but what nobody waits for", () => {
  assert.deepEqual(new Set([...TIMELINE_PHASES, "background"]), new Set(PHASES));
});

test("the greatest of any range is found as by looking at each", () => {
  const random = new Random(5);
  for (const length of [0, 1, 63, 64, 65, 128, 1000, 5000]) {
    const values = Float64Array.from({ length }, () => random.below(1_000_000));
    const pyramid = new MaxPyramid(values);
    for (let i = 0; i < 200; i++) {
      const from = random.below(length + 1);
      const to = from + random.below(length - from + 1);
      assert.equal(pyramid.max(from, to), Math.max(0, ...values.slice(from, to)), `${from} to ${to} of ${length}`);
    }
  }
});
