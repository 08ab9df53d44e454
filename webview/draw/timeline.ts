import { integer } from "../../src/run/units.ts";
import {
  type EpochRange,
  type EpochSummary,
  TIMELINE_PHASES,
  type TimelinePhase,
  type TimelineReply,
} from "../../src/session/figures.ts";
import type { Surface } from "../export/surface.ts";
import { t } from "../text.ts";
import type { Theme } from "../theme.ts";

/** A stretch of time, in cycles of the axis. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** What the session said of a stretch. */
export interface TimelineData {
  readonly span: TimeSpan;
  readonly buckets: number;
  readonly reply: TimelineReply;
}

export interface TimelinePicture {
  readonly width: number;
  /** What is seen now; the data may be of a stretch seen a moment ago. */
  readonly shown: TimeSpan;
  readonly data: TimelineData;
  readonly epochs: readonly EpochBand[];
  readonly selected: EpochRange | undefined;
  readonly hover: number | undefined;
  /** Single events that stand out: their indices, or -1. */
  readonly marked: readonly number[];
  /** Where on the axis a failure is supposed. */
  readonly failure: number | undefined;
  readonly theme: Theme;
}

/** An epoch on the axis: until the checkpoint that ends it is done. */
export interface EpochBand {
  readonly epoch: number;
  readonly label: string;
  readonly from: number;
  readonly to: number;
}

export const STRIP_HEIGHT = 20;
const COST_TOP = STRIP_HEIGHT + 4;
const COST_HEIGHT = 56;
const TRAP_TOP = COST_TOP + COST_HEIGHT + 4;
const TRAP_HEIGHT = 24;
const BACKGROUND_TOP = TRAP_TOP + TRAP_HEIGHT + 2;
const BACKGROUND_HEIGHT = 5;
const AXIS_TOP = BACKGROUND_TOP + BACKGROUND_HEIGHT + 2;
export const TIMELINE_HEIGHT = AXIS_TOP + 18;

/** From the bottom of a bar to its top. */
export const SHOWN_PHASES = [
  "track",
  "collect",
  "copy",
  "arm",
  "commit",
  "restart",
] as const satisfies readonly TimelinePhase[];

/** Where each epoch begins and ends on the axis of these checkpoints; what lies outside of a reply's window is not known. */
export function epochBands(
  epochs: readonly EpochSummary[],
  ends: ReadonlyMap<number, number>,
  end: number,
): EpochBand[] {
  const bands: EpochBand[] = [];
  let from = 0;
  for (const { epoch, end: how, version } of epochs) {
    const to = how === "program" ? end : (ends.get(epoch) ?? from);
    bands.push({ epoch, label: how === "program" ? "" : String(version), from, to });
    from = to;
  }
  return bands;
}

/** Where on the axis the program has run so many virtual cycles, checkpoints being spread over the epochs that they end. */
export function axisTime(
  cycle: number,
  epochs: readonly EpochSummary[],
  bands: readonly EpochBand[],
): number | undefined {
  let before = 0;
  for (const [i, band] of bands.entries()) {
    const end = epochs[i].cycle;
    if (cycle <= end || i === bands.length - 1) {
      const share = end <= before ? 1 : Math.min(1, Math.max(0, cycle - before) / (end - before));
      return band.from + share * (band.to - band.from);
    }
    before = end;
  }
  return undefined;
}

/** On a surface that is empty, from its upper left corner on. */
export function drawTimeline(context: Surface, picture: TimelinePicture): void {
  const { width, shown, data, theme } = picture;
  context.font = `11px ${theme.font}`;
  context.textBaseline = "middle";
  const xOf = (time: number) => ((time - shown.from) / (shown.to - shown.from)) * width;
  drawEpochs(context, picture, xOf);
  drawCosts(context, picture, xOf);
  if (data.reply.events === undefined) drawTraps(context, picture, xOf);
  else drawEvents(context, picture, xOf);
  drawBackground(context, picture, xOf);
  drawAxis(context, picture, xOf);
  if (picture.failure !== undefined) drawFailure(context, picture.failure, picture, xOf);
  if (picture.hover !== undefined) {
    context.fillStyle = theme.foreground;
    context.fillRect(Math.round(picture.hover), STRIP_HEIGHT, 1, AXIS_TOP - STRIP_HEIGHT);
  }
}

type X = (time: number) => number;

/** A line with a cross on top of it. */
function drawFailure(context: Surface, failure: number, { width, theme }: TimelinePicture, xOf: X): void {
  const x = Math.round(xOf(failure));
  if (x < 0 || x > width) return;
  context.fillStyle = theme.error;
  context.fillRect(x - 1, STRIP_HEIGHT, 2, AXIS_TOP - STRIP_HEIGHT);
  context.font = `bold 12px ${theme.font}`;
  context.textAlign = "center";
  context.fillText("✕", x, STRIP_HEIGHT / 2 - 1);
  context.font = `11px ${theme.font}`;
}

function drawEpochs(context: Surface, picture: TimelinePicture, xOf: X): void {
  const { width, epochs, selected, theme } = picture;
  /** The first label that there is room for says what the numbers are. */
  let isNamed = false;
  for (const { epoch, label, from, to } of epochs) {
    const left = Math.max(-1, xOf(from));
    const right = Math.min(width + 1, xOf(to));
    if (right < 0 || left > width) continue;
    const isSelected = selected !== undefined && epoch >= selected.from && epoch <= selected.to;
    if (isSelected) {
      context.globalAlpha = theme.highContrast ? 0 : 0.16;
      context.fillStyle = theme.accent;
      context.fillRect(left, STRIP_HEIGHT, right - left, AXIS_TOP - STRIP_HEIGHT);
      context.globalAlpha = 1;
      context.fillStyle = theme.accent;
      context.fillRect(left, STRIP_HEIGHT - 3, right - left, 3);
      if (theme.highContrast) {
        context.strokeStyle = theme.accent;
        context.strokeRect(left + 0.5, STRIP_HEIGHT + 0.5, right - left - 1, AXIS_TOP - STRIP_HEIGHT - 1);
      }
    }
    context.fillStyle = theme.border;
    context.fillRect(Math.round(right) - 1, 0, 1, AXIS_TOP);
    if (label === "") continue;
    const fits = (some: string) => right - left > context.measureText(some).width + 6;
    const name = t("Epoch {0}", label);
    const text: string = !isNamed && fits(name) ? name : label;
    if (!fits(text)) continue;
    isNamed ||= text === name;
    context.fillStyle = isSelected ? theme.foreground : theme.dim;
    context.textAlign = "center";
    context.fillText(text, (left + right) / 2, STRIP_HEIGHT / 2 - 1);
  }
}

/** Stacked by phase; the highest bar that is seen fills the lane. */
function drawCosts(context: Surface, { data, theme, width }: TimelinePicture, xOf: X): void {
  const { span, buckets, reply } = data;
  const bucketSpan = (span.to - span.from) / buckets;
  let max = 0;
  for (let b = 0; b < buckets; b++) {
    let sum = 0;
    for (const phase of SHOWN_PHASES) sum += reply.phases[phase][b];
    max = Math.max(max, sum);
  }
  if (max > 0) {
    const heights = new Float64Array(buckets);
    for (const phase of SHOWN_PHASES) {
      context.fillStyle = theme.phases[phase];
      const costs = reply.phases[phase];
      for (let b = 0; b < buckets; b++) {
        if (costs[b] === 0) continue;
        const left = Math.floor(xOf(span.from + b * bucketSpan));
        const right = Math.ceil(xOf(span.from + (b + 1) * bucketSpan));
        if (right < 0 || left > width) continue;
        const height = (costs[b] / max) * COST_HEIGHT;
        context.fillRect(left, COST_TOP + COST_HEIGHT - heights[b] - height, Math.max(1, right - left), height);
        heights[b] += height;
      }
    }
  }
  context.fillStyle = theme.border;
  context.fillRect(0, COST_TOP + COST_HEIGHT, width, 1);
}

function drawTraps(context: Surface, { data, theme, width }: TimelinePicture, xOf: X): void {
  const { span, buckets, reply } = data;
  const max = reply.traps.reduce((most, count) => Math.max(most, count), 0);
  if (max === 0) return;
  const bucketSpan = (span.to - span.from) / buckets;
  context.fillStyle = theme.dim;
  for (let b = 0; b < buckets; b++) {
    if (reply.traps[b] === 0) continue;
    const left = Math.floor(xOf(span.from + b * bucketSpan));
    const right = Math.ceil(xOf(span.from + (b + 1) * bucketSpan));
    if (right < 0 || left > width) continue;
    const height = Math.max(1, (reply.traps[b] / max) * TRAP_HEIGHT);
    context.fillRect(left, TRAP_TOP, Math.max(1, right - left), height);
  }
}

/** Each event by itself: its height by its cost, its colour by its phase. */
function drawEvents(context: Surface, { data, theme, width, marked }: TimelinePicture, xOf: X): void {
  const { events } = data.reply;
  if (events === undefined) return;
  const max = events.cycles.reduce((most, cost) => Math.max(most, cost), 1);
  for (let i = 0; i < events.time.length; i++) {
    const x = xOf(events.time[i]);
    if (x < -2 || x > width + 2) continue;
    const height = 4 + (events.cycles[i] / max) * (TRAP_HEIGHT - 4);
    context.fillStyle = phaseColor(theme, events.phase[i]);
    context.fillRect(Math.round(x) - 1, TRAP_TOP, 2, height);
  }
  for (const i of marked) {
    if (i < 0) continue;
    context.strokeStyle = theme.foreground;
    context.lineWidth = 1;
    context.strokeRect(Math.round(xOf(events.time[i])) - 2.5, TRAP_TOP - 1.5, 5, TRAP_HEIGHT + 2);
  }
}

/** Whether single events are drawn at this height. */
export function isOnEvents(y: number): boolean {
  return y >= TRAP_TOP - 2 && y < AXIS_TOP;
}

function phaseColor(theme: Theme, phase: number): string {
  return theme.phases[TIMELINE_PHASES[phase]] ?? theme.dim;
}

/** Commits that go on while the program runs: hatched. */
function drawBackground(context: Surface, { data, theme, width }: TimelinePicture, xOf: X): void {
  const { end, backgroundEnd } = data.reply.checkpoints;
  for (let i = 0; i < end.length; i++) {
    const left = Math.max(0, xOf(end[i]));
    const right = Math.min(width, xOf(backgroundEnd[i]));
    if (right <= left) continue;
    context.save();
    context.beginPath();
    context.rect(left, BACKGROUND_TOP, right - left, BACKGROUND_HEIGHT);
    context.clip();
    context.strokeStyle = theme.phases.commit;
    context.beginPath();
    for (let x = left - BACKGROUND_HEIGHT; x < right; x += 4) {
      context.moveTo(x, BACKGROUND_TOP + BACKGROUND_HEIGHT);
      context.lineTo(x + BACKGROUND_HEIGHT, BACKGROUND_TOP);
    }
    context.stroke();
    context.restore();
  }
}

function drawAxis(context: Surface, { shown, theme, width }: TimelinePicture, xOf: X): void {
  const step = tickStep(shown.to - shown.from, width);
  context.fillStyle = theme.border;
  context.fillRect(0, AXIS_TOP, width, 1);
  const first = Math.ceil(shown.from / step) * step;
  for (let time = first; time <= shown.to; time += step) {
    const x = Math.round(xOf(time));
    context.fillStyle = theme.border;
    context.fillRect(x, AXIS_TOP, 1, 4);
    // The first one says the unit for all.
    const text = time === first ? t("{0} cycles", tickText(time, step)) : tickText(time, step);
    const half = context.measureText(text).width / 2;
    context.fillStyle = theme.dim;
    context.textAlign = "center";
    context.fillText(text, Math.min(Math.max(x, half), width - half), AXIS_TOP + 11);
  }
}

/** A time of the axis, in as many digits as tell it from the next one. */
export function tickText(time: number, step: number): string {
  for (const [unit, name] of [
    [1e9, " G"],
    [1e6, " M"],
    [1e3, " k"],
  ] as const) {
    if (time < unit) continue;
    const digits = Math.max(0, Math.ceil(Math.log10(unit / step) - 1e-9));
    return digits > 3 ? integer(time) : `${(time / unit).toFixed(digits)}${name}`;
  }
  return integer(time);
}

/** 1, 2 or 5 times a power of ten, about a hundred pixels apart. */
export function tickStep(span: number, width: number): number {
  const rough = span / Math.max(1, width / 100);
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = rough / power;
  return power * (unit <= 1 ? 1 : unit <= 2 ? 2 : unit <= 5 ? 5 : 10);
}
