import { integer } from "../../src/run/units.ts";
import { MAP_MEASURES, type MapReply } from "../../src/session/figures.ts";
import { cellOf, layOutPages, type PageBlock, type PageLayout, pageAt } from "../draw/page-layout.ts";
import { PageMapRenderer } from "../draw/page-map.ts";
import { drawOverlay, LINES_FROM_CELL } from "../draw/page-overlay.ts";
import { shadesOf } from "../draw/shades.ts";
import { drawLegend, LEGEND_HEIGHT, type Picture } from "../export/picture.ts";
import { placeImage } from "../export/surface.ts";
import { paint } from "../frames.ts";
import { Latest } from "../latest.ts";
import { isRestartMeasure, RESTART_MEASURES, restartMap } from "../restart-layers.ts";
import type { State } from "../store.ts";
import { t } from "../text.ts";
import { checkbox, dropdown } from "../ui/controls.ts";
import { element, styled } from "../ui/dom.ts";
import { tableToggle } from "../ui/table.ts";
import { exportButton } from "./export-button.ts";
import { type Measure, measureText, valueText } from "./measure-text.ts";
import { pageBlocks } from "./page-blocks.ts";
import { pageCard } from "./page-card.ts";
import { legendEntries, legendItems, type SeenInMap } from "./page-map-legend.ts";
import { pageTable } from "./page-map-table.ts";
import type { View, ViewContext } from "./view.ts";

/** Sides of cells, from all of a large guest at a glance to pages whose 64-byte lines are seen. */
const CELL_SIZES = [0.25, 0.5, 1, 2, 3, 4, 6, 8, 10, 12, 16, 24, 36, 56] as const;
const LARGEST_FITTED = 16;
/** What cells are fitted into at least, and what the map takes at most when they do not: more where the window is high. */
const FITTED_HEIGHT = 240;
const MOST_HEIGHT = 420;
/** Of the window, what stands above the map and below it: the beginning of the costs, too, where they are not beside it. */
const OTHER_HEIGHT = { below: 640, beside: 480 };
const BESIDE_FROM_WIDTH = 900;
/** Higher pictures show what is seen only. */
const MOST_PICTURE_HEIGHT = 6000;
/** Pages whose 64-byte lines are asked for at once. */
const MOST_MASKS = 4096;

/** What of the state is seen in the map at once; what is asked for is drawn when it comes. */
const DRAWN = ["run", "epochs", "page", "region", "line", "cursor", "measure", "wholeGuest", "restarts"] as const;

/** Every page of every region, coloured by what happened to it. It selects pages. */
export function pageMapView(context: ViewContext): View {
  const { host, store, theme, fail } = context;
  const cells = element("canvas", { "aria-hidden": "true", class: "cells" });
  const renderer = new PageMapRenderer(cells);
  const overlay = element("canvas", { "aria-hidden": "true", class: "overlay" });
  const height = element("div", { class: "map-height" });
  const frame = element(
    "div",
    { class: "canvas-frame map-frame", tabindex: "0", role: "group", "aria-roledescription": t("map of pages") },
    cells,
    overlay,
    height,
  );
  const card = pageCard(context);
  const legend = element("div", { class: "legend" });
  const measure = dropdown<Measure>(t("Colour by"), (value) =>
    // What was not protected is in no region.
    store.set(value === "staleBytes" ? { measure: value, wholeGuest: true } : { measure: value }),
  );
  const wholeGuest = checkbox(t("Whole guest"), (checked) => store.set({ wholeGuest: checked }));
  const table = tableToggle(() => (map === undefined ? undefined : pageTable(blocks, map.values, store.state.measure)));
  const root = element(
    "section",
    { class: "view", "aria-label": t("Dirty pages") },
    element(
      "header",
      { class: "view-header" },
      element("h2", {}, t("Dirty pages")),
      element("div", { class: "actions" }, measure.root, table.root, exportButton(host, "map")),
    ),
    frame,
    element("div", { class: "legend-row" }, legend, element("span", { class: "spacer" }), wholeGuest.root),
    card.root,
    table.slot,
  );

  let blocks: readonly PageBlock[] = [];
  let layout: PageLayout = layOutPages([], 1, 1);
  /** Undefined: as large as fits. */
  let zoomed: number | undefined;
  let map: MapReply | undefined;
  let shades: Uint8Array = new Uint8Array(0);
  /** Runs of pages of the line that is selected or that the cursor is in; and 1 for each of them, by page. */
  let litRuns: Uint32Array = new Uint32Array(0);
  let lit: Uint8Array = new Uint8Array(0);
  let hovered = -1;
  let masks: { readonly first: number; readonly words: Uint32Array } | undefined;

  const latestMap = new Latest<State, MapReply>(
    ({ run, perspective, restarts, measure: by, epochs }) => {
      if (run === undefined || perspective === undefined) return Promise.reject(new Error("no run is shown"));
      if (isRestartMeasure(by)) return Promise.resolve(restartMap(run, restarts, by));
      const { machine } = perspective;
      return host.session.ask("map", {
        run: run.run,
        measure: by,
        machine,
        ...(epochs === undefined ? {} : { epochs }),
      });
    },
    (reply) => {
      map = reply;
      if (shades.length !== reply.values.length) {
        shades = new Uint8Array(reply.values.length);
        lit = new Uint8Array(reply.values.length);
        lightPages();
      }
      shadesOf(reply.values, reply.max, shades);
      showLegend();
      table.refresh();
      paint(drawNew);
    },
    fail,
  );
  const latestLit = new Latest<State, Uint32Array>(
    ({ run, cursor, line, epochs }) => {
      const place = line ?? cursor;
      if (run === undefined || place === undefined) return Promise.resolve(new Uint32Array(0));
      return host.session.ask("pagesOfLine", {
        run: run.run,
        line: { ...place, function: "" },
        ...(epochs === undefined ? {} : { epochs }),
      });
    },
    (runs) => {
      litRuns = runs;
      lightPages();
      showLegend();
      paint(draw);
    },
    fail,
  );
  const latestMasks = new Latest<{ state: State; first: number; count: number }, Uint32Array>(
    ({ state, first, count }) =>
      host.session.ask("masks", {
        run: state.run?.run ?? -1,
        firstPage: first,
        pageCount: count,
        ...(state.epochs === undefined ? {} : { epochs: state.epochs }),
      }),
    (words, { first }) => {
      masks = { first, words };
      paint(draw);
    },
    fail,
  );
  function lightPages(): void {
    lit.fill(0);
    for (let i = 0; i < litRuns.length; i += 2) lit.fill(1, litRuns[i], litRuns[i] + litRuns[i + 1]);
  }

  function place(): void {
    const width = frame.clientWidth;
    if (width === 0) return;
    const cellSize = zoomed ?? fitting(width);
    layout = layOutPages(blocks, Math.max(1, Math.floor(width / cellSize)), cellSize);
    height.style.height = `${layout.height}px`;
    frame.style.height = `${Math.min(Math.max(MOST_HEIGHT, room()), Math.ceil(layout.height))}px`;
  }

  /** Height of the window that is left for the map. */
  function room(): number {
    return window.innerHeight - OTHER_HEIGHT[window.innerWidth >= BESIDE_FROM_WIDTH ? "beside" : "below"];
  }

  /** The largest cells of which all are seen, or the smallest. */
  function fitting(width: number): number {
    const height = Math.max(FITTED_HEIGHT, room());
    for (let i = CELL_SIZES.length - 1; i > 0; i--) {
      if (CELL_SIZES[i] > LARGEST_FITTED) continue;
      const tried = layOutPages(blocks, Math.max(1, Math.floor(width / CELL_SIZES[i])), CELL_SIZES[i]);
      if (tried.height <= height) return CELL_SIZES[i];
    }
    return CELL_SIZES[0];
  }

  function draw(): void {
    const surface = overlay.getContext("2d");
    const width = frame.clientWidth;
    const seen = frame.clientHeight;
    if (surface === null || width === 0 || map === undefined) return;
    const pixelRatio = window.devicePixelRatio;
    const { scrollTop } = frame;
    for (const canvas of [cells, overlay]) styled(canvas, { width: `${width}px`, height: `${seen}px` });
    renderer.draw({ layout, scrollTop, width, height: seen, pixelRatio }, shades, lit, theme().cells);
    overlay.width = Math.round(width * pixelRatio);
    overlay.height = Math.round(seen * pixelRatio);
    surface.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    const current = store.state.page ?? -1;
    drawOverlay(surface, { layout, scrollTop, width, height: seen, theme: theme(), hovered, current, masks });
    askMasks();
  }

  /** What came from the session, with a mark for who measures when it is seen. */
  function drawNew(): void {
    draw();
    performance.mark("map");
  }

  /** All of the map as large as it is shown; of a very high one what is seen. */
  function picture(): Picture | undefined {
    if (map === undefined || frame.clientWidth === 0) return undefined;
    const width = frame.clientWidth;
    const isWhole = layout.height <= MOST_PICTURE_HEIGHT;
    const mapHeight = Math.ceil(isWhole ? layout.height : frame.clientHeight);
    const scrollTop = isWhole ? 0 : frame.scrollTop;
    const colors = theme();
    const drawn = document.createElement("canvas");
    const view = { layout, scrollTop, width, height: mapHeight, pixelRatio: 1 };
    const overlaid = { layout, scrollTop, width, height: mapHeight, theme: colors, hovered: -1, masks };
    const current = store.state.page ?? -1;
    const entries = legendEntries(seenNow(), colors);
    return {
      title: `${t("Dirty pages")} · ${measureText(store.state.measure)}`,
      width,
      height: mapHeight + LEGEND_HEIGHT,
      draw(surface) {
        new PageMapRenderer(drawn).draw(view, shades, lit, colors.cells);
        placeImage(surface, drawn, 0, 0, width, mapHeight);
        drawOverlay(surface, { ...overlaid, current });
        drawLegend(surface, entries, mapHeight, colors);
      },
    };
  }

  /** Of the pages that are seen, where cells are large enough to show them. */
  function askMasks(): void {
    const { state } = store;
    if (layout.cellSize < LINES_FROM_CELL || state.run === undefined) {
      masks = undefined;
      return;
    }
    const first = firstSeen(frame.scrollTop);
    const count = Math.min(MOST_MASKS, state.run.pageCount - first);
    if (first < 0 || masks?.first === first) return;
    masks = { first, words: new Uint32Array(0) };
    latestMasks.ask({ state, first, count });
  }

  function firstSeen(from: number): number {
    const block = layout.blocks.find(({ top, height: size }) => top + size > from);
    if (block === undefined) return -1;
    const row = Math.max(0, Math.floor((from - block.top) / layout.cellSize));
    return block.firstPage + Math.min(block.pageCount - 1, row * layout.columns);
  }

  function zoom(by: number, x: number, y: number): void {
    const under = pageAt(layout, x, y + frame.scrollTop);
    const index = CELL_SIZES.findIndex((size) => size >= layout.cellSize);
    zoomed = CELL_SIZES[Math.min(CELL_SIZES.length - 1, Math.max(0, index + by))];
    place();
    const cell = under < 0 ? undefined : cellOf(layout, under);
    if (cell !== undefined) frame.scrollTop = cell.y - y;
    masks = undefined;
    paint(draw);
  }

  /** What is selected stays in sight. */
  function zoomByKey(by: number): void {
    zoom(by, 0, 0);
    const { page } = store.state;
    if (page !== undefined) bringIntoSight(page);
  }

  function bringIntoSight(page: number): void {
    const cell = cellOf(layout, page);
    if (cell === undefined) return;
    if (cell.y < frame.scrollTop) frame.scrollTop = cell.y;
    else if (cell.y + layout.cellSize > frame.scrollTop + frame.clientHeight)
      frame.scrollTop = cell.y + layout.cellSize - frame.clientHeight;
  }

  function choose(page: number): void {
    store.set({ page });
  }

  function move(by: number): void {
    const order = blocks;
    const now = store.state.page;
    if (order.length === 0) return;
    if (now === undefined) {
      choose(order[0].firstPage);
      return;
    }
    const at = order.findIndex(({ firstPage, pageCount }) => now >= firstPage && now < firstPage + pageCount);
    const block = order[at];
    if (block === undefined) return;
    const next = now + by;
    if (next >= block.firstPage && next < block.firstPage + block.pageCount) choose(next);
    else if (next < block.firstPage && at > 0) choose(order[at - 1].firstPage + order[at - 1].pageCount - 1);
    else if (next >= block.firstPage + block.pageCount && at + 1 < order.length) choose(order[at + 1].firstPage);
  }

  frame.addEventListener("scroll", () => paint(draw));
  frame.addEventListener("pointermove", (event) => {
    const page = pageAt(layout, event.offsetX, eventY(event));
    if (page === hovered) return;
    hovered = page;
    frame.title = page < 0 ? "" : shortText(page);
    paint(draw);
  });
  frame.addEventListener("pointerleave", () => {
    hovered = -1;
    paint(draw);
  });
  frame.addEventListener("click", (event) => {
    const page = pageAt(layout, event.offsetX, eventY(event));
    if (page >= 0) choose(page);
  });
  frame.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = frame.getBoundingClientRect();
      zoom(event.deltaY < 0 ? 1 : -1, event.clientX - box.left, event.clientY - box.top);
    },
    { passive: false },
  );
  frame.addEventListener("keydown", (event) => {
    switch (event.key) {
      case "ArrowLeft":
        move(-1);
        break;
      case "ArrowRight":
        move(1);
        break;
      case "ArrowUp":
        move(-layout.columns);
        break;
      case "ArrowDown":
        move(layout.columns);
        break;
      case "+":
      case "=":
        zoomByKey(1);
        break;
      case "-":
        zoomByKey(-1);
        break;
      case "0":
        zoomed = undefined;
        place();
        paint(draw);
        break;
      default:
        return;
    }
    event.preventDefault();
  });

  /** From the top of the whole map: the event's own offset may be of the canvas that stays in place. */
  function eventY(event: MouseEvent): number {
    return event.clientY - frame.getBoundingClientRect().top + frame.scrollTop;
  }

  function shortText(page: number): string {
    const value = map?.values[page] ?? 0;
    return `${t("Page {0} at 0x{1}", integer(page), (page * 4096).toString(16))} · ${valueText(store.state.measure, value)}`;
  }

  function seenNow(): SeenInMap {
    return { state: store.state, max: map?.max ?? 0, isLit: litRuns.length > 0 };
  }

  function showLegend(): void {
    if (map !== undefined) legend.replaceChildren(...legendItems(seenNow()));
  }

  return {
    root,
    picture,
    update(state, before) {
      measure.update(
        (state.restarts?.audit === undefined && !isRestartMeasure(state.measure)
          ? MAP_MEASURES
          : [...MAP_MEASURES, ...RESTART_MEASURES]
        ).map((value) => ({ value, text: measureText(value) })),
        state.measure,
      );
      wholeGuest.update(state.wholeGuest);
      if (state.run !== before.run || state.wholeGuest !== before.wholeGuest) {
        blocks = state.run === undefined ? [] : pageBlocks(state.run, state.wholeGuest);
        zoomed = undefined;
        place();
        table.refresh();
        frame.setAttribute("aria-label", t("Map of pages. Arrows move from page to page, plus and minus zoom."));
      }
      if (state.run === undefined) {
        map = undefined;
        return;
      }
      const isAudited = isRestartMeasure(state.measure) && state.restarts !== before.restarts;
      const machineCounts = state.measure === "traps" && state.perspective?.machine !== before.perspective?.machine;
      if (
        state.run !== before.run ||
        state.measure !== before.measure ||
        state.epochs !== before.epochs ||
        isAudited ||
        machineCounts
      ) {
        masks = undefined;
        latestMap.ask(state);
      }
      if (
        state.run !== before.run ||
        state.cursor !== before.cursor ||
        state.line !== before.line ||
        state.epochs !== before.epochs
      ) {
        latestLit.ask(state);
      }
      if (state.page !== before.page) showLegend();
      card.update(state, before);
      if (state.page !== undefined && state.page !== before.page) bringIntoSight(state.page);
      if (state.region !== undefined && state.region !== before.region) {
        const region = state.run.regions.find(({ number }) => number === state.region);
        const cell = region === undefined ? undefined : cellOf(layout, region.firstPage);
        if (cell !== undefined) frame.scrollTop = Math.max(0, cell.y - 20);
      }
      // Not for other prices: a slider's figures would wait for the map.
      if (DRAWN.some((key) => state[key] !== before[key])) paint(draw);
    },
    repaint() {
      place();
      paint(draw);
    },
  };
}
