import { EVENT } from "../../run/recording.ts";
import { TIMELINE_PHASES, type TimelinePhase } from "../figures.ts";
import type { ExportedRun } from "./exported-run.ts";
import { checkpointSpansOf } from "./tables.ts";
import { TraceWriter } from "./trace-writer.ts";

const TRACKS = { checkpoints: 2, traps: 3, program: 4, background: 5, writtenPages: 6 } as const;

const TRACK_OF_PHASE: Readonly<Record<TimelinePhase, number>> = {
  run: TRACKS.program,
  register: TRACKS.program,
  restart: TRACKS.program,
  track: TRACKS.traps,
  collect: TRACKS.checkpoints,
  copy: TRACKS.checkpoints,
  arm: TRACKS.checkpoints,
  commit: TRACKS.checkpoints,
};

/**
 * A trace in Perfetto's own format, in the machine's time: checkpoints with their phases, each trap with its line, what the
 * kernels do for the program itself, commits in the background, and how many pages are written.
 */
export function perfettoOf(run: ExportedRun): Uint8Array {
  const { history, prices, program } = run;
  const { technique, environment } = history.outcome.options;
  const { ghz, title } = prices.profile;
  const writer = new TraceWriter(ghz, `${program.path}: ${technique} in ${environment}, ${title}`);
  writer.track(TRACKS.checkpoints, "checkpoints");
  writer.track(TRACKS.traps, "traps");
  writer.track(TRACKS.program, "for the program itself");
  writer.track(TRACKS.background, "commits in the background");
  writer.track(TRACKS.writtenPages, "pages written since the last checkpoint", true);
  writeEntries(run, writer);
  writeWrittenPages(run, writer);
  return writer.bytes();
}

/** What costs something, and around it the checkpoints, in the order of events. */
function writeEntries(run: ExportedRun, writer: TraceWriter): void {
  const { index, history, timeline } = run;
  const { recording, epochs } = index;
  const { trace, contexts } = history;
  const spans = checkpointSpansOf(run);
  const titles = Array.from(spans.epoch, (epoch) => {
    const { name, version, end } = index.epochSummaries[epoch];
    return `${name} ${version}${end === "abandoned" ? ", abandoned" : ""}`;
  });
  const firstEvent = (span: number) => {
    const epoch = spans.epoch[span];
    return epochs.saveEvent[epoch] < 0 ? epochs.endEvent[epoch] : epochs.saveEvent[epoch];
  };
  let next = 0;
  let isOpen = false;
  /** Ends and begins the checkpoints that are over, or have begun, before an event. */
  const advance = (event: number): void => {
    while (next < spans.epoch.length) {
      if (isOpen) {
        if (event <= epochs.endEvent[spans.epoch[next]]) return;
        writer.end(TRACKS.checkpoints, spans.end[next]);
        if (spans.backgroundEnd[next] > spans.end[next]) {
          writer.begin(TRACKS.background, spans.end[next], titles[next], { cycles: spans.backgroundCycles[next] });
          writer.end(TRACKS.background, spans.backgroundEnd[next]);
        }
        next++;
        isOpen = false;
      } else {
        if (event < firstEvent(next)) return;
        writer.begin(TRACKS.checkpoints, spans.start[next], titles[next]);
        isOpen = true;
      }
    }
  };
  for (let i = 0; i < trace.event.length; i++) {
    if (timeline.phase[i] >= TIMELINE_PHASES.length) continue;
    advance(trace.event[i]);
    const phase = TIMELINE_PHASES[timeline.phase[i]];
    const [site, region] = [contexts.site[trace.row[i]], contexts.region[trace.row[i]]];
    const source = site < 0 ? undefined : recording.sites[site];
    const place = source === undefined ? "" : source.line > 0 ? `${source.file}:${source.line}` : source.function;
    const title = phase === "track" && place !== "" ? place : `${phase} ${place}`.trim();
    writer.begin(TRACK_OF_PHASE[phase], timeline.start[i], title, {
      cycles: timeline.cost[i],
      ...(trace.page[i] >= 0 ? { page: trace.page[i] } : {}),
      ...(region >= 0 ? { region: index.regions[region].id } : {}),
    });
    writer.end(TRACK_OF_PHASE[phase], timeline.start[i] + timeline.cost[i]);
  }
  advance(Number.POSITIVE_INFINITY);
}

function writeWrittenPages({ index, history, timeline }: ExportedRun, writer: TraceWriter): void {
  const { kind, argument, calls, cycle } = index.recording;
  const { event } = history.trace;
  let entry = 0;
  let pages = 0;
  for (let i = 0; i < kind.length; i++) {
    while (entry < event.length && event[entry] < i) entry++;
    const isSave = kind[i] === EVENT.call && calls[argument[i]].kind === "save";
    if (kind[i] !== EVENT.store && !(isSave && pages > 0)) continue;
    pages = isSave ? 0 : pages + 1;
    const waited = entry < event.length ? timeline.start[entry] - timeline.programTime[entry] : timeline.totalCycles;
    writer.count(TRACKS.writtenPages, cycle[i] + waited, pages);
  }
}
