import { PHASES } from "../../machine/context.ts";
import { PRIMITIVES } from "../../machine/primitives.ts";
import type { SiteSource } from "../../run/recording.ts";
import { report } from "../../run/report.ts";
import { CHECKPOINT_PHASES, TIMELINE_PHASES } from "../figures.ts";
import { timelineWindow } from "../model/timeline.ts";
import type { ExportedRun } from "./exported-run.ts";
import type { ExportTableName } from "./formats.ts";
import { type ExportTable, integerColumn, numberColumn, textColumn } from "./table.ts";

const NO_SOURCE: SiteSource = { file: "", line: 0, function: "" };

export function exportTable(run: ExportedRun, name: ExportTableName): ExportTable {
  switch (name) {
    case "costs":
      return costsTable(run);
    case "events":
      return eventsTable(run);
    case "checkpoints":
      return checkpointsTable(run);
    case "lines":
      return linesTable(run);
  }
}

/** Overhead and what the program needs itself; `phase` tells them apart. */
function costsTable({ index, history, prices }: ExportedRun): ExportTable {
  const { costs } = history.outcome;
  const rows: number[] = [];
  const entries: number[] = [];
  for (let row = 0; row < costs.rowCount; row++) {
    for (let i = costs.start[row]; i < costs.start[row + 1]; i++) {
      rows.push(row);
      entries.push(i);
    }
  }
  const sourceOf = (row: number) => index.recording.sites[costs.site[row]] ?? NO_SOURCE;
  const primitive = (i: number) => PRIMITIVES[costs.primitive[i]];
  return {
    rowCount: rows.length,
    columns: [
      textColumn("phase", rows, (row) => PHASES[costs.phase[row]]),
      integerColumn("epoch", rows, (row) => costs.epoch[row]),
      textColumn("file", rows, (row) => sourceOf(row).file),
      integerColumn("line", rows, (row) => sourceOf(row).line, 0),
      textColumn("function", rows, (row) => sourceOf(row).function),
      integerColumn("region", rows, (row) => index.regions[costs.region[row]]?.id ?? -1, -1),
      textColumn("region_name", rows, (row) => index.regions[costs.region[row]]?.name ?? ""),
      textColumn("primitive", entries, (i) => primitive(i).name),
      textColumn("layer", entries, (i) => primitive(i).layer),
      textColumn("unit", entries, (i) => primitive(i).unit),
      numberColumn("count", entries, (i) => costs.count[i]),
      numberColumn("cycles", entries, (i) => costs.count[i] * prices.cycles[costs.primitive[i]]),
      numberColumn("low", entries, (i) => costs.count[i] * prices.low[costs.primitive[i]]),
      numberColumn("high", entries, (i) => costs.count[i] * prices.high[costs.primitive[i]]),
    ],
  };
}

function eventsTable({ index, history, timeline }: ExportedRun): ExportTable {
  const { trace, contexts } = history;
  const entries = [...timeline.phase.keys()].filter((i) => timeline.phase[i] < TIMELINE_PHASES.length);
  const sourceOf = (i: number) => index.recording.sites[contexts.site[trace.row[i]]] ?? NO_SOURCE;
  return {
    rowCount: entries.length,
    columns: [
      numberColumn("machine_cycle", entries, (i) => timeline.start[i]),
      numberColumn("program_cycle", entries, (i) => timeline.programTime[i]),
      textColumn("phase", entries, (i) => TIMELINE_PHASES[timeline.phase[i]]),
      integerColumn("epoch", entries, (i) => contexts.epoch[trace.row[i]]),
      integerColumn("page", entries, (i) => trace.page[i], -1),
      textColumn("file", entries, (i) => sourceOf(i).file),
      integerColumn("line", entries, (i) => sourceOf(i).line, 0),
      textColumn("function", entries, (i) => sourceOf(i).function),
      integerColumn("region", entries, (i) => index.regions[contexts.region[trace.row[i]]]?.id ?? -1, -1),
      numberColumn("cycles", entries, (i) => timeline.cost[i]),
      integerColumn("traps", entries, (i) => timeline.trapsBefore[i + 1] - timeline.trapsBefore[i]),
    ],
  };
}

function checkpointsTable(run: ExportedRun): ExportTable {
  const { index, history } = run;
  const spans = checkpointSpansOf(run);
  const { checkpoints } = history.outcome;
  const ofEpoch = new Map(Array.from(checkpoints.epoch, (epoch, checkpoint) => [epoch, checkpoint]));
  const rows = [...spans.epoch.keys()];
  const summary = (i: number) => index.epochSummaries[spans.epoch[i]];
  const saved = (figure: "pageCount" | "dirtyBytes" | "copiedBytes") => (i: number) => {
    const checkpoint = ofEpoch.get(spans.epoch[i]);
    return checkpoint === undefined ? 0 : checkpoints[figure][checkpoint];
  };
  return {
    rowCount: rows.length,
    columns: [
      integerColumn("epoch", rows, (i) => spans.epoch[i]),
      textColumn("name", rows, (i) => summary(i).name),
      integerColumn("version", rows, (i) => summary(i).version),
      textColumn("end", rows, (i) => summary(i).end),
      numberColumn("program_cycle", rows, (i) => summary(i).cycle),
      numberColumn("machine_start", rows, (i) => spans.start[i]),
      numberColumn("machine_end", rows, (i) => spans.end[i]),
      numberColumn("background_end", rows, (i) => spans.backgroundEnd[i]),
      integerColumn("written_pages", rows, (i) => summary(i).writtenPages),
      numberColumn("saved_pages", rows, saved("pageCount")),
      numberColumn("dirty_bytes", rows, saved("dirtyBytes")),
      numberColumn("copied_bytes", rows, saved("copiedBytes")),
      ...CHECKPOINT_PHASES.map((phase) => numberColumn(`${phase}_cycles`, rows, (i) => spans.phases[phase][i])),
      numberColumn("background_cycles", rows, (i) => spans.backgroundCycles[i]),
    ],
  };
}

/** All checkpoints, in the machine's time. */
export function checkpointSpansOf({ index, history, timeline }: ExportedRun) {
  const window = { axis: "machine", from: 0, to: Number.MAX_VALUE, buckets: 1, maxEvents: 0 } as const;
  return timelineWindow(index, history, timeline, window).checkpoints;
}

function linesTable({ index, history, prices }: ExportedRun): ExportTable {
  const { lines } = report(index.recording, history.outcome, prices);
  return {
    rowCount: lines.length,
    columns: [
      textColumn("file", lines, ({ file }) => file),
      integerColumn("line", lines, ({ line }) => line, 0),
      textColumn("function", lines, (line) => line.function),
      numberColumn("stores", lines, ({ stores }) => stores),
      numberColumn("traps", lines, ({ traps }) => traps),
      numberColumn("dirty_pages", lines, ({ dirtyPages }) => dirtyPages),
      numberColumn("cycles", lines, ({ cycles }) => cycles),
    ],
  };
}
