import { cycles, integer } from "../../src/run/units.ts";
import type { EpochRange, TimelineReply } from "../../src/session/figures.ts";
import { MAX_BUCKETS } from "../../src/session/methods.ts";
import {
  axisTime,
  drawTimeline,
  type EpochBand,
  epochBands,
  isOnEvents,
  SHOWN_PHASES,
  TIMELINE_HEIGHT,
  type TimelineData,
  type TimeSpan,
} from "../draw/timeline.ts";
import { drawLegend, LEGEND_HEIGHT, type Picture } from "../export/picture.ts";
import { paint } from "../frames.ts";
import { Latest } from "../latest.ts";
import { eventBeside, eventNear, indexOfEvent, nearestCost, type SingleEvent, singleEvent } from "../single-events.ts";
import type { State } from "../store.ts";
import { t } from "../text.ts";
import { button, dropdown } from "../ui/controls.ts";
import { element, styled } from "../ui/dom.ts";
import { tableToggle } from "../ui/table.ts";
import { exportButton } from "./export-button.ts";
import { phaseText } from "./phase-text.ts";
import { handleTimeline } from "./timeline-input.ts";
import { checkpointTable, eventTable, eventText } from "./timeline-tables.ts";
import type { View, ViewContext } from "./view.ts";

/** Single events are drawn where a window has at most so many. */
const MAX_EVENTS = 2000;
/** Fewest cycles that can be seen at once. */
const SHORTEST = 2000;
/** So near to an event the pointer is on it. */
const EVENT_REACH_PIXELS = 4;
/** Restarts are in few runs. */
const LEGEND_PHASES = SHOWN_PHASES.slice(0, 5);
const PLAY_MILLISECONDS = 700;

interface Question {
  readonly state: State;
  /** To the run's end when `to` is left out: it is known from the first answer. */
  readonly span: Pick<TimeSpan, "from"> & Partial<TimeSpan>;
  readonly buckets: number;
}

/**
 * The run along time: epochs, what checkpoints cost by phase, traps. It selects epochs, and where each event is drawn by
 * itself the event's line and page.
 */
export function timelineView({ host, store, theme, fail }: ViewContext): View {
  const canvas = element("canvas", { "aria-hidden": "true" });
  const frame = element(
    "div",
    { class: "canvas-frame timeline-frame", tabindex: "0", role: "group", "aria-roledescription": t("timeline") },
    canvas,
  );
  styled(frame, { height: `${TIMELINE_HEIGHT}px` });
  const hint = element("span", { class: "hint", "aria-live": "polite" });
  const axis = dropdown<"machine" | "program">(t("Time"), (value) => {
    shown = undefined;
    store.set({ axis: value });
  });
  const play = button(t("Play"), () => togglePlay());
  const table = tableToggle(() =>
    checkpoints === undefined
      ? undefined
      : element(
          "div",
          {},
          checkpointTable(checkpoints, store.state.run),
          data && shown && eventTable(data.reply, shown),
        ),
  );
  const legend = element("div", { class: "legend" });
  const root = element(
    "section",
    { class: "view", "aria-label": t("Timeline") },
    element(
      "header",
      { class: "view-header" },
      element("h2", {}, t("Timeline")),
      element("div", { class: "actions" }, play, axis.root, table.root, exportButton(host, "timeline")),
    ),
    frame,
    element("div", { class: "timeline-foot" }, hint, legend),
    table.slot,
  );

  let data: TimelineData | undefined;
  /** All of them, whatever is seen. */
  let checkpoints: TimelineReply["checkpoints"] | undefined;
  let shown: TimeSpan | undefined;
  let bands: EpochBand[] = [];
  let hover: number | undefined;
  let playing: number | undefined;
  /** Under the pointer, and the one that was chosen last. */
  let pointed: SingleEvent | undefined;
  let chosen: SingleEvent | undefined;
  /** Events of another stretch are asked for, to go on to the first or last of them. */
  let stepping: 1 | -1 | undefined;

  function askTimeline({ state, span, buckets }: Question): Promise<TimelineReply> {
    const { run, perspective, axis: along } = state;
    if (run === undefined || perspective === undefined) return Promise.reject(new Error("no run is shown"));
    const maxEvents = MAX_EVENTS;
    return host.session.ask("timeline", { run: run.run, perspective, axis: along, ...span, buckets, maxEvents });
  }

  const latest = new Latest<Question, TimelineReply>(
    askTimeline,
    (reply, { state, span, buckets }) => {
      if (state.run !== store.state.run) return;
      const { from, to = reply.end } = span;
      if (span.to === undefined) {
        shown = { from, to };
        const { epoch, end } = reply.checkpoints;
        const ends = new Map(Array.from(epoch, (number, i) => [number, end[i]]));
        bands = epochBands(state.run?.epochs ?? [], ends, reply.end);
        checkpoints = reply.checkpoints;
      }
      data = { span: { from, to }, buckets, reply };
      table.refresh();
      if (stepping !== undefined) {
        stepInto(stepping, stepping > 0 ? from : to);
        stepping = undefined;
      }
      paint(draw);
    },
    fail,
  );

  function ask(): void {
    const { state } = store;
    const width = frame.clientWidth;
    if (state.run === undefined || state.perspective === undefined || width === 0) return;
    const buckets = Math.min(MAX_BUCKETS, Math.max(64, Math.floor(width / 2)));
    latest.ask({ state, span: shown ?? { from: 0 }, buckets });
  }

  function draw(): void {
    const context = canvas.getContext("2d");
    const width = frame.clientWidth;
    if (context === null || data === undefined || shown === undefined || width === 0) return;
    const pixelRatio = window.devicePixelRatio;
    if (canvas.width !== Math.round(width * pixelRatio)) canvas.width = Math.round(width * pixelRatio);
    if (canvas.height !== Math.round(TIMELINE_HEIGHT * pixelRatio))
      canvas.height = Math.round(TIMELINE_HEIGHT * pixelRatio);
    context.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    context.clearRect(0, 0, width, TIMELINE_HEIGHT);
    const { epochs: selected } = store.state;
    const failure = failureTime(store.state, bands);
    const { events } = data.reply;
    const marked = [pointed, chosen].map((event) => (events && event ? indexOfEvent(events, event) : -1));
    drawTimeline(context, { width, shown, data, epochs: bands, selected, hover, marked, failure, theme: theme() });
  }

  function picture(): Picture | undefined {
    const width = frame.clientWidth;
    if (data === undefined || shown === undefined || width === 0) return undefined;
    const colors = theme();
    const content = {
      width,
      shown,
      data,
      epochs: bands,
      selected: store.state.epochs,
      hover: undefined,
      marked: [],
      failure: failureTime(store.state, bands),
      theme: colors,
    };
    const entries = [
      ...LEGEND_PHASES.map((phase) => ({ color: colors.phases[phase], text: phaseText(phase) })),
      { color: colors.dim, text: t("Traps, below") },
    ];
    return {
      title: t("Timeline"),
      width,
      height: TIMELINE_HEIGHT + LEGEND_HEIGHT,
      draw(surface) {
        drawTimeline(surface, content);
        drawLegend(surface, entries, TIMELINE_HEIGHT, colors);
      },
    };
  }

  function timeAt(x: number): number {
    if (shown === undefined) return 0;
    return shown.from + (x / Math.max(1, frame.clientWidth)) * (shown.to - shown.from);
  }

  function epochAt(time: number): number {
    const band = bands.find(({ to }) => time < to);
    return band?.epoch ?? Math.max(0, bands.length - 1);
  }

  function look(span: TimeSpan): void {
    const end = data?.reply.end ?? span.to;
    const length = Math.min(Math.max(SHORTEST, span.to - span.from), end);
    const from = Math.min(Math.max(0, span.from), end - length);
    shown = { from, to: from + length };
    paint(draw);
    ask();
  }

  function zoom(factor: number, about: number): void {
    if (shown === undefined) return;
    const from = about - (about - shown.from) * factor;
    look({ from, to: from + (shown.to - shown.from) * factor });
  }

  function select(a: number, b: number): void {
    store.set({ epochs: { from: Math.min(a, b), to: Math.max(a, b) } });
  }

  function step(by: number): void {
    const last = bands.length - 1;
    if (last < 0) return;
    const now = store.state.epochs?.to ?? (by > 0 ? -1 : last + 1);
    const next = Math.min(last, Math.max(0, now + by));
    select(next, next);
  }

  /** The single event there, where such are drawn. */
  function eventAt(x: number, y: number): SingleEvent | undefined {
    const events = data?.reply.events;
    if (events === undefined || shown === undefined || !isOnEvents(y)) return undefined;
    const reach = (EVENT_REACH_PIXELS / Math.max(1, frame.clientWidth)) * (shown.to - shown.from);
    const index = eventNear(events, timeAt(x), reach);
    return index < 0 ? undefined : singleEvent(events, index);
  }

  /** Its line and its page are selected everywhere. */
  function choose(event: SingleEvent): void {
    const { run } = store.state;
    const { page, site } = event;
    chosen = event;
    const line = site === undefined || site.line === 0 ? undefined : { file: site.file, line: site.line };
    store.set({ page, line });
    if (run !== undefined && line !== undefined) host.post({ type: "reveal", run: run.run, place: line, focus: false });
    paint(draw);
  }

  /** Whether single events are what the arrows go along: where the run is seen from nearer than as a whole. */
  function stepsEvents(): boolean {
    if (data?.reply.events === undefined || shown === undefined) return false;
    return shown.to - shown.from < data.reply.end;
  }

  /** Chooses the event before or after the chosen one, however far away. */
  async function stepEvent(by: 1 | -1): Promise<void> {
    if (shown === undefined || data === undefined || stepInto(by, by > 0 ? shown.from : shown.to)) return;
    const { state } = store;
    const length = shown.to - shown.from;
    const beyond = by > 0 ? { from: shown.to, to: data.reply.end } : { from: 0, to: shown.from };
    const peaks = async (span: TimeSpan) => (await askTimeline({ state, span, buckets: MAX_BUCKETS })).peak;
    const found = await nearestCost(peaks, beyond, by, length).catch((error: unknown) => void fail(String(error)));
    if (found === undefined || store.state !== state) return;
    stepping = by;
    look(by > 0 ? { from: found.from, to: found.from + length } : { from: found.to - length, to: found.to });
  }

  /** @returns whether there is a next one; without a chosen one that is the first or last from a time on */
  function stepInto(by: 1 | -1, from: number): boolean {
    const events = data?.reply.events;
    if (events === undefined || shown === undefined) return false;
    const next = eventBeside(events, by, chosen === undefined ? -1 : indexOfEvent(events, chosen), from);
    if (next < 0) return false;
    const event = singleEvent(events, next);
    const length = shown.to - shown.from;
    if (event.time < shown.from || event.time > shown.to)
      look({ from: event.time - length / 2, to: event.time + length / 2 });
    choose(event);
    hint.textContent = eventText(event);
    return true;
  }

  function togglePlay(): void {
    if (playing === undefined) start();
    else stop();
  }

  function start(): void {
    if (bands.length === 0) return;
    const last = bands.length - 1;
    const begin = store.state.epochs === undefined || store.state.epochs.to >= last ? 0 : store.state.epochs.to;
    select(begin, begin);
    play.textContent = t("Stop");
    playing = window.setInterval(() => {
      if ((store.state.epochs?.to ?? last) >= last) stop();
      else step(1);
    }, PLAY_MILLISECONDS);
  }

  function stop(): void {
    window.clearInterval(playing);
    playing = undefined;
    play.textContent = t("Play");
  }

  function point(at: { readonly x: number; readonly y: number } | undefined): void {
    hover = at?.x;
    pointed = at && eventAt(at.x, at.y);
    hint.textContent = pointed !== undefined ? eventText(pointed) : at === undefined ? "" : describe(timeAt(at.x));
    if (at !== undefined) frame.title = pointed === undefined ? "" : hint.textContent;
    paint(draw);
  }

  function lookAtAll(): void {
    shown = undefined;
    ask();
  }

  handleTimeline(frame, {
    span: () => shown,
    timeAt,
    epochAt,
    lastEpoch: () => bands.length - 1,
    selected: () => store.state.epochs,
    eventAt,
    point,
    leave: () => {
      hint.textContent = "";
    },
    select,
    choose,
    look,
    lookAtAll,
    zoom,
    step,
    stepNext: (by) => (stepsEvents() ? void stepEvent(by) : step(by)),
    togglePlay,
  });

  function describe(time: number): string {
    const { run } = store.state;
    const summary = run?.epochs[epochAt(time)];
    if (summary === undefined) return "";
    const what =
      summary.end === "program"
        ? t("after the last checkpoint")
        : t("epoch of checkpoint {0}", `${summary.name} ${summary.version}`);
    return `${t("cycle {0}", cycles(time))} · ${what} · ${t("{0} pages written", integer(summary.writtenPages))}`;
  }

  return {
    root,
    picture,
    update(state, before) {
      if (state.run !== before.run) {
        shown = undefined;
        data = undefined;
        checkpoints = undefined;
        bands = [];
        pointed = undefined;
        chosen = undefined;
        stepping = undefined;
        stop();
        const { run } = state;
        frame.setAttribute("aria-label", run === undefined ? t("Timeline") : describeRun(state));
      }
      axis.update(
        [
          { value: "machine", text: t("Machine time"), title: t("The program's cycles and all that it waits for") },
          { value: "program", text: t("Program time"), title: t("The program's own cycles") },
        ],
        state.axis,
      );
      if (state.failure !== before.failure) paint(draw);
      if (state.run !== before.run || state.perspective !== before.perspective || state.axis !== before.axis) {
        // Other costs make another machine's time: the whole is seen anew, but for a change of prices in program time.
        if (state.axis === "machine") shown = undefined;
        ask();
      }
      if (legend.childElementCount === 0) {
        for (const phase of LEGEND_PHASES) {
          const swatch = element("span", { class: `swatch phase-${phase}` });
          legend.append(element("span", { class: "legend-item" }, swatch, phaseText(phase)));
        }
        legend.append(
          element("span", { class: "legend-item" }, element("span", { class: "swatch traps" }), t("Traps, below")),
        );
      }
      if (state.epochs !== before.epochs) paint(draw);
    },
    repaint() {
      ask();
      paint(draw);
    },
  };
}

function describeRun({ run }: State): string {
  if (run === undefined) return "";
  return t(
    "Timeline of {0} checkpoints. Arrows choose an epoch, or a single event when zoomed in that far; Page Up and Page Down an epoch; plus and minus zoom; space plays.",
    run.images.length,
  );
}

function failureTime({ failure, run }: State, bands: readonly EpochBand[]): number | undefined {
  return failure === undefined || run === undefined ? undefined : axisTime(failure, run.epochs, bands);
}

/** How a selection of epochs is called. */
export function epochsText({ run }: State, { from, to }: EpochRange): string {
  const name = (epoch: number) => {
    const summary = run?.epochs[epoch];
    return summary === undefined || summary.end === "program" ? t("after the last") : String(summary.version);
  };
  return from === to ? t("Epoch {0}", name(from)) : t("Epochs {0} to {1}", name(from), name(to));
}
