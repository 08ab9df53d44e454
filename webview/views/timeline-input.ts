/** What a hand does on the timeline: with the pointer, the wheel and the keyboard. */
import type { EpochRange } from "../../src/session/figures.ts";
import { STRIP_HEIGHT, type TimeSpan } from "../draw/timeline.ts";
import type { SingleEvent } from "../single-events.ts";

/** Nearer to where it was pressed, the pointer has not moved. */
const CLICK_PIXELS = 3;

/** The timeline, as it is handled. */
export interface HandledTimeline {
  /** What is seen; undefined while nothing is. */
  span(): TimeSpan | undefined;
  timeAt(x: number): number;
  epochAt(time: number): number;
  lastEpoch(): number;
  selected(): EpochRange | undefined;
  /** The single event there, where such are drawn. */
  eventAt(x: number, y: number): SingleEvent | undefined;
  /** The pointer is there, or nowhere. */
  point(at: { readonly x: number; readonly y: number } | undefined): void;
  /** The keyboard has left. */
  leave(): void;
  select(a: number, b: number): void;
  choose(event: SingleEvent): void;
  look(span: TimeSpan): void;
  lookAtAll(): void;
  zoom(factor: number, about: number): void;
  /** To an epoch before or after the selected one. */
  step(by: number): void;
  /** To what the arrows go along: an epoch, or a single event. */
  stepNext(by: 1 | -1): void;
  togglePlay(): void;
}

export function handleTimeline(frame: HTMLElement, timeline: HandledTimeline): void {
  /** Where it was pressed: epochs are selected from there, or what is seen is moved. */
  let anchor:
    | { readonly epoch: number }
    | { readonly time: number; readonly x: number; readonly span: TimeSpan }
    | undefined;

  /** @param part of what is seen */
  function move(span: TimeSpan, part: number): void {
    const by = part * (span.to - span.from);
    timeline.look({ from: span.from + by, to: span.to + by });
  }

  frame.addEventListener("pointermove", ({ offsetX, offsetY }) => {
    if (anchor !== undefined) {
      if ("epoch" in anchor) timeline.select(anchor.epoch, timeline.epochAt(timeline.timeAt(offsetX)));
      else move(anchor.span, (anchor.x - offsetX) / Math.max(1, frame.clientWidth));
    }
    timeline.point({ x: offsetX, y: offsetY });
  });
  frame.addEventListener("pointerleave", () => timeline.point(undefined));
  frame.addEventListener("blur", () => timeline.leave());
  frame.addEventListener("pointerdown", (event) => {
    const span = timeline.span();
    if (span === undefined || event.button !== 0) return;
    frame.setPointerCapture(event.pointerId);
    const time = timeline.timeAt(event.offsetX);
    if (event.offsetY < STRIP_HEIGHT) {
      const epoch = timeline.epochAt(time);
      const from = event.shiftKey ? (timeline.selected()?.from ?? epoch) : epoch;
      anchor = { epoch: from };
      timeline.select(from, epoch);
    } else anchor = { time, x: event.offsetX, span };
  });
  frame.addEventListener("pointerup", ({ offsetX, offsetY }) => {
    if (anchor !== undefined && "x" in anchor && Math.abs(anchor.x - offsetX) < CLICK_PIXELS) {
      const single = timeline.eventAt(offsetX, offsetY);
      const epoch = timeline.epochAt(anchor.time);
      if (single === undefined) timeline.select(epoch, epoch);
      else timeline.choose(single);
    }
    anchor = undefined;
  });
  frame.addEventListener("pointercancel", () => {
    anchor = undefined;
  });
  frame.addEventListener("dblclick", () => timeline.lookAtAll());
  frame.addEventListener(
    "wheel",
    (event) => {
      const span = timeline.span();
      if (span === undefined) return;
      const { ctrlKey, metaKey, shiftKey, deltaX, deltaY } = event;
      // Plain scrolling stays the page's own.
      if (!ctrlKey && !metaKey && !shiftKey && Math.abs(deltaX) <= Math.abs(deltaY)) return;
      event.preventDefault();
      if (ctrlKey || metaKey) timeline.zoom(1.0015 ** deltaY, timeline.timeAt(event.offsetX));
      else move(span, (deltaX || deltaY) / Math.max(1, frame.clientWidth));
    },
    { passive: false },
  );
  frame.addEventListener("keydown", (event) => {
    const span = timeline.span();
    const middle = span === undefined ? 0 : (span.from + span.to) / 2;
    const last = timeline.lastEpoch();
    switch (event.key) {
      case "ArrowLeft":
      case "ArrowRight": {
        const by = event.key === "ArrowLeft" ? -1 : 1;
        const selected = timeline.selected();
        if (event.altKey && span !== undefined) move(span, by * 0.2);
        else if (event.shiftKey && selected !== undefined)
          timeline.select(selected.from, Math.min(last, Math.max(selected.from, selected.to + by)));
        else timeline.stepNext(by);
        break;
      }
      case "PageUp":
        timeline.step(-1);
        break;
      case "PageDown":
        timeline.step(1);
        break;
      case "Home":
        timeline.select(0, 0);
        break;
      case "End":
        timeline.select(last, last);
        break;
      case "+":
      case "=":
        timeline.zoom(0.5, middle);
        break;
      case "-":
        timeline.zoom(2, middle);
        break;
      case "0":
        timeline.lookAtAll();
        break;
      case " ":
        timeline.togglePlay();
        break;
      default:
        return;
    }
    event.preventDefault();
  });
}
