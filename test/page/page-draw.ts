/** Runs in a browser: draws a map of all pages that a program can have, and a timeline of a million traps. */
import type { TimelineReply } from "../../src/session/figures.ts";
import { layOutPages } from "../../webview/draw/page-layout.ts";
import { PageMapRenderer } from "../../webview/draw/page-map.ts";
import { shadesOf } from "../../webview/draw/shades.ts";
import { drawTimeline } from "../../webview/draw/timeline.ts";
import { readTheme } from "../../webview/theme.ts";

const PAGES = 1 << 20;
const WIDTH = 800;
const HEIGHT = 420;
const FRAMES = 60;

export interface DrawTimes {
  readonly recolour: number[];
  readonly pan: number[];
  readonly overview: number[];
  readonly timeline: number[];
}

/** Milliseconds of each frame, until its pixels can be read. */
export function measureDrawing(): DrawTimes {
  const canvas = document.createElement("canvas");
  const renderer = new PageMapRenderer(canvas);
  const theme = readTheme();
  const epochs = Array.from({ length: 4 }, (_, epoch) => {
    const values = new Uint16Array(PAGES);
    for (let page = 0; page < PAGES; page++) values[page] = ((page * 2654435761 + epoch * 40503) >>> 20) & 0xff;
    return values;
  });
  const shades = new Uint8Array(PAGES);
  const marks = new Uint8Array(PAGES);
  const blocks = [{ label: "", firstPage: 0, pageCount: PAGES }];
  const near = layOutPages(blocks, Math.floor(WIDTH / 8), 8);
  const far = layOutPages(blocks, Math.floor(WIDTH / 0.5), 0.5);
  const draw = (layout: typeof near, scrollTop: number) => {
    renderer.draw({ layout, scrollTop, width: WIDTH, height: HEIGHT, pixelRatio: 1 }, shades, marks, theme.cells);
    // Reading a pixel waits for everything before it.
    canvas.getContext("2d")?.getImageData(0, 0, 1, 1);
  };
  const recolour = (frame: number) => {
    shadesOf(epochs[frame % epochs.length], 255, shades);
    draw(near, 0);
  };
  const context = document.createElement("canvas").getContext("2d");
  if (context === null) throw new Error("the browser has no canvas");
  const reply = timelineReply(WIDTH / 2);
  return {
    recolour: times(recolour),
    pan: times((frame) => draw(near, frame * 37)),
    overview: times((frame) => {
      shadesOf(epochs[frame % epochs.length], 255, shades);
      draw(far, 0);
    }),
    timeline: times((frame) => {
      const from = frame * 1000;
      context.clearRect(0, 0, WIDTH, HEIGHT);
      drawTimeline(context, {
        width: WIDTH,
        shown: { from, to: from + 1e6 },
        data: { span: { from: 0, to: 1.1e6 }, buckets: WIDTH / 2, reply },
        epochs: [],
        selected: undefined,
        hover: undefined,
        marked: [],
        failure: undefined,
        theme,
      });
      context.getImageData(0, 0, 1, 1);
    }),
  };
}

function times(frame: (number: number) => void): number[] {
  for (let warm = 0; warm < 5; warm++) frame(warm);
  return Array.from({ length: FRAMES }, (_, number) => {
    const start = performance.now();
    frame(number);
    return performance.now() - start;
  });
}

function timelineReply(buckets: number): TimelineReply {
  const column = () => Float64Array.from({ length: buckets }, (_, i) => (i * 7919) % 1000);
  const nothing = new Float64Array(0);
  return {
    end: 1.1e6,
    traps: Uint32Array.from({ length: buckets }, (_, i) => (i * 31) % 2500),
    peak: column(),
    phases: {
      run: column(),
      register: column(),
      track: column(),
      collect: column(),
      copy: column(),
      arm: column(),
      commit: column(),
      restart: column(),
    },
    checkpoints: {
      epoch: new Uint32Array(0),
      start: nothing,
      end: nothing,
      phases: { track: nothing, collect: nothing, copy: nothing, arm: nothing, commit: nothing },
      backgroundEnd: nothing,
      backgroundCycles: nothing,
    },
    events: undefined,
  };
}
