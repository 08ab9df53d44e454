/** How long a session takes to answer about a recording of a million stores, beside one replay of it in the same run. */
import { priceList } from "../../src/machine/prices.ts";
import { BUILT_IN_PROFILES } from "../../src/machine/profiles.ts";
import { DEFAULT_MACHINE } from "../../src/run/machine.ts";
import { replay } from "../../src/run/replay.ts";
import { report } from "../../src/run/report.ts";
import { breakdown } from "../../src/session/model/breakdown.ts";
import { historyOf } from "../../src/session/model/history.ts";
import { lineFigures } from "../../src/session/model/line-figures.ts";
import { pageMap, pagesOfEpoch, pagesOfLine } from "../../src/session/model/pages.ts";
import { RecordingIndex } from "../../src/session/model/recording-index.ts";
import { timelineWindow } from "../../src/session/model/timeline.ts";
import { timelineIndexOf } from "../../src/session/model/timeline-index.ts";
import { recordingOf, type Shape } from "./recordings.ts";

const SHAPES: Readonly<Record<string, Shape>> = {
  "4 GiB, all of it dirty in order, twice": {
    regionPages: 1_048_576,
    epochs: 2,
    dirtyPages: 1_048_576,
    order: "ascending",
  },
  "1 GiB, a thirty-second of it dirty anywhere, 128 times, by 200 lines": {
    regionPages: 262_144,
    epochs: 128,
    dirtyPages: 8192,
    order: "random",
    sites: 200,
  },
};
const ROUNDS = 15;
let unit = 1;

/** Processor time, the median of some rounds after some to warm up. */
function milliseconds(work: () => unknown, rounds = ROUNDS): number {
  for (let i = 0; i < 3; i++) work();
  const times = Array.from({ length: rounds }, () => {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return times.sort((a, b) => a - b)[rounds >> 1];
}

function show(what: string, work: () => unknown, rounds?: number): void {
  const time = milliseconds(work, rounds);
  console.log(`${what.padEnd(52)} ${time.toFixed(2).padStart(9)} ms  ${(time / unit).toExponential(1)} of a replay`);
}

for (const [name, shape] of Object.entries(SHAPES)) {
  const recording = recordingOf(shape);
  console.log(`\n${name}`);
  unit = milliseconds(() => replay(recording, DEFAULT_MACHINE), 3);
  console.log(`${"a replay".padEnd(52)} ${unit.toFixed(2).padStart(9)} ms`);
  const history = historyOf(recording, DEFAULT_MACHINE);
  const [era, modern] = BUILT_IN_PROFILES.map((profile) => priceList(profile, history.outcome.pathLengths));
  show("a traced replay", () => historyOf(recording, DEFAULT_MACHINE), 3);
  const index = new RecordingIndex(recording);
  for (const measure of ["epochs", "stores", "traps", "dirtyBytes"] as const)
    show(`map of ${measure}`, () => pageMap(index, measure, undefined, history.traps));
  show("pages of a line", () => pagesOfLine(index, recording.sites[0], undefined));
  show("pages of a checkpoint", () => pagesOfEpoch(index, 0));
  show("report", () => report(recording, history.outcome, era));
  show("lines at other prices", () => lineFigures(index, history, modern));
  show("breakdown by line", () => breakdown(index, history, era, {}, "line"));
  show("timeline at other prices, before its first window", () => timelineIndexOf(recording, history, modern));
  const timeline = timelineIndexOf(recording, history, era);
  for (const axis of ["program", "machine"] as const) {
    const end = recording.programCycles + (axis === "machine" ? timeline.totalCycles : 0);
    for (const part of [1, 0.01]) {
      const window = {
        axis,
        from: end / 2 - (end * part) / 2,
        to: end / 2 + (end * part) / 2,
        buckets: 4096,
        maxEvents: 2000,
      };
      show(`window of ${part * 100} % in 4,096 buckets, ${axis} time`, () =>
        timelineWindow(index, history, timeline, window),
      );
    }
  }
}
