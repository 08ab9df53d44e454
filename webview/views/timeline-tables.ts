import { cycles, integer } from "../../src/run/units.ts";
import type { RunSummary, TimelineReply } from "../../src/session/figures.ts";
import type { TimeSpan } from "../draw/timeline.ts";
import { type SingleEvent, singleEvent } from "../single-events.ts";
import { baseName, t } from "../text.ts";
import { element } from "../ui/dom.ts";
import { dataTable } from "../ui/table.ts";
import { phaseText } from "./phase-text.ts";

const MOST_ROWS = 500;

/** What each checkpoint costs, by phase. */
export function checkpointTable(spans: TimelineReply["checkpoints"], run: RunSummary | undefined): HTMLElement {
  const nameOf = (epoch: number) => {
    const summary = run?.epochs[epoch];
    return summary === undefined ? String(epoch) : `${summary.name} ${summary.version}`;
  };
  return dataTable(
    t("Checkpoints, in cycles"),
    [t("Version"), t("At"), t("Track"), t("Collect"), t("Copy"), t("Arm"), t("Commit")],
    Array.from(spans.epoch, (epoch, i) => [
      nameOf(epoch),
      cycles(spans.start[i]),
      ...(["track", "collect", "copy", "arm", "commit"] as const).map((phase) => cycles(spans.phases[phase][i])),
    ]),
  );
}

/** Where a single event came from, what it is and what it cost, in one line. */
export function eventText(event: SingleEvent): string {
  const { page, phase } = event;
  return [
    placeText(event),
    ...(page === undefined ? [] : [t("Page {0}", integer(page))]),
    phaseText(phase),
    t("{0} cycles", integer(event.cycles)),
  ].join(" · ");
}

function placeText({ site }: SingleEvent): string {
  if (site === undefined) return t("No line of the program");
  return site.line > 0 ? `${baseName(site.file)}:${site.line}` : site.function || t("No line of the program");
}

/** The single events of a stretch; where they are too many to be drawn each, how many traps there are. */
export function eventTable({ events, traps }: TimelineReply, { from, to }: TimeSpan): HTMLElement {
  if (events === undefined) {
    const count = traps.reduce((sum, number) => sum + number, 0);
    return element("p", { class: "dim" }, t("{0} traps in sight. Zoom in to see each by itself.", integer(count)));
  }
  const inSight: SingleEvent[] = [];
  for (let i = 0; i < events.time.length; i++)
    if (events.time[i] >= from && events.time[i] <= to) inSight.push(singleEvent(events, i));
  const caption =
    inSight.length <= MOST_ROWS
      ? t("All {0} traps and steps of checkpoints in sight, in cycles", integer(inSight.length))
      : t(
          "The first {0} of {1} traps and steps of checkpoints in sight, in cycles",
          MOST_ROWS,
          integer(inSight.length),
        );
  return dataTable(
    caption,
    [t("At"), t("Phase"), t("Cycles"), t("Line"), t("Page")],
    inSight
      .slice(0, MOST_ROWS)
      .map((event) => [
        integer(event.time),
        phaseText(event.phase),
        integer(event.cycles),
        placeText(event),
        event.page === undefined ? "" : integer(event.page),
      ]),
  );
}
