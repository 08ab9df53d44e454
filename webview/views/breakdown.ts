import { cycles, integer } from "../../src/run/units.ts";
import {
  BREAKDOWNS,
  type BreakdownBy,
  type BreakdownReply,
  type BreakdownRow,
  type CostSelection,
  type EventRow,
} from "../../src/session/figures.ts";
import { BAR_ROW_HEIGHT, drawBarRows } from "../export/bar-rows.ts";
import type { Picture } from "../export/picture.ts";
import { Latest } from "../latest.ts";
import type { PriceTarget, State } from "../store.ts";
import { baseName, t } from "../text.ts";
import { costBar } from "../ui/bars.ts";
import { dropdown } from "../ui/controls.ts";
import { element } from "../ui/dom.ts";
import { dataTable, tableToggle } from "../ui/table.ts";
import { exportButton } from "./export-button.ts";
import { phaseText } from "./phase-text.ts";
import type { View, ViewContext } from "./view.ts";

const MOST_ROWS = 40;
const PICTURE_WIDTH = 640;

interface EventsQuestion {
  readonly selection: CostSelection;
  readonly state: State;
}

/** What the selection cost, part by part; each opens its events and their prices. */
export function breakdownView({ host, store, theme, fail }: ViewContext): View {
  const by = dropdown<BreakdownBy>(t("Split by"), (value) => store.set({ by: value }));
  const total = element("button", { type: "button", class: "link total", "aria-expanded": "false" });
  total.title = t("All events of the selection, and their prices");
  const totalEvents = element("div", { class: "details total-details" });
  const eventsOfTotal = latestEvents(totalEvents);
  let selected: CostSelection = {};
  total.addEventListener("click", () => {
    const expanded = total.getAttribute("aria-expanded") !== "true";
    total.setAttribute("aria-expanded", String(expanded));
    if (expanded) eventsOfTotal.ask({ selection: selected, state: store.state });
    else {
      eventsOfTotal.forget();
      totalEvents.replaceChildren();
    }
  });
  const rows = element("div", { class: "rows", role: "list" });
  const tableButton = tableToggle(() => {
    if (shown === undefined) return undefined;
    const { reply, state } = shown;
    return dataTable(
      t("Cycles by {0}", byText(state.by)),
      [byText(state.by), t("Cycles"), t("From"), t("To"), t("Share")],
      reply.rows.map((row) => [
        rowText(row.selection, state),
        integer(row.cycles),
        integer(row.low),
        integer(row.high),
        shareText(row.share),
      ]),
    );
  });
  const root = element(
    "section",
    { class: "tab-view", "aria-label": t("Cost breakdown") },
    element(
      "div",
      { class: "view-header" },
      total,
      element("div", { class: "actions" }, by.root, tableButton.root, exportButton(host, "breakdown")),
    ),
    totalEvents,
    rows,
    tableButton.slot,
  );
  let shown: { readonly reply: BreakdownReply; readonly state: State } | undefined;
  /** What was asked last. */
  let asked: State | undefined;
  /** Keys of the rows that are open. */
  const open = new Set<string>();

  const latest = new Latest<State, BreakdownReply>(
    (state) => {
      const { run, perspective } = state;
      if (run === undefined || perspective === undefined) return Promise.reject(new Error("no run is shown"));
      const { by: split } = state;
      return host.session.ask("breakdown", { run: run.run, perspective, selection: costSelection(state), by: split });
    },
    (reply, state) => show(reply, state),
    (reason) => {
      asked = undefined;
      fail(reason);
    },
  );

  /** Asks where the answer would be another one. @returns whether it is under way */
  function follow(state: State): boolean {
    if (asked === undefined || !isSameSplit(state, asked)) {
      asked = state;
      latest.ask(state);
    }
    return shown?.state !== asked;
  }

  function show(reply: BreakdownReply, state: State): void {
    const { cycles: sum, low, high } = reply.total;
    shown = { reply, state };
    tableButton.refresh();
    selected = costSelection(state);
    if (total.getAttribute("aria-expanded") === "true") eventsOfTotal.ask({ selection: selected, state });
    total.textContent = t("{0} cycles ({1} to {2})", cycles(sum), cycles(low), cycles(high));
    const seen = reply.rows.slice(0, MOST_ROWS);
    const scale = Math.max(1, ...seen.map((row) => row.cycles * 1.02));
    rows.replaceChildren(...seen.map((row) => rowOf(row, state, scale)));
    if (reply.rows.length === 0)
      rows.append(element("p", { class: "dim" }, t("Nothing that was selected cost anything.")));
    else if (reply.rows.length > MOST_ROWS)
      rows.append(element("p", { class: "dim" }, t("and {0} smaller ones", integer(reply.rows.length - MOST_ROWS))));
  }

  function rowOf(row: BreakdownRow, state: State, scale: number): HTMLElement {
    const key = `${state.by} ${JSON.stringify(named(row.selection, state.by))}`;
    const details = element("div", { class: "details" });
    const events = latestEvents(details);
    const text = rowText(row.selection, state);
    const of =
      state.by === "line" && (row.selection.lines?.[0].line ?? 0) > 0 ? (row.selection.lines?.[0].function ?? "") : "";
    const head = element(
      "button",
      { type: "button", class: "row", "aria-expanded": "false" },
      element("span", { class: "twistie" }),
      element(
        "span",
        { class: "row-name", title: text },
        text,
        of === "" ? undefined : element("span", { class: "dim" }, ` ${of}`),
      ),
      costBar(row.cycles, row.low, row.high, scale, state.by === "phase" ? `phase-${row.selection.phases?.[0]}` : ""),
      element("span", { class: "number" }, cycles(row.cycles)),
      element("span", { class: "number dim" }, shareText(row.share)),
    );
    const expand = (expanded: boolean) => {
      head.setAttribute("aria-expanded", String(expanded));
      if (!expanded) {
        open.delete(key);
        events.forget();
        details.replaceChildren();
        return;
      }
      open.add(key);
      events.ask({ selection: row.selection, state });
    };
    head.addEventListener("click", () => {
      expand(!open.has(key));
      followRow(row.selection, state);
    });
    if (open.has(key)) expand(true);
    return element("div", { role: "listitem" }, head, details);
  }

  /** Shows the events of what was asked for last, until that is forgotten. */
  function latestEvents(into: HTMLElement): Latest<EventsQuestion, readonly EventRow[]> {
    return new Latest(
      ({ selection, state: { run, perspective } }) =>
        run === undefined || perspective === undefined
          ? Promise.reject(new Error("no run is shown"))
          : host.session.ask("events", { run: run.run, perspective, selection }),
      (events) => into.replaceChildren(eventTable(events, (price) => store.set({ tab: "whatIf", price }))),
      fail,
    );
  }

  /** A row that stands for a place shows it elsewhere, too. */
  function followRow({ lines, epochs, regions }: CostSelection, { by, run }: State): void {
    if (by === "line" && lines !== undefined && lines[0].line > 0 && run !== undefined) {
      const [{ file, line }] = lines;
      store.set({ line: { file, line } });
      host.post({ type: "reveal", run: run.run, place: { file, line }, focus: false });
    } else if (by === "checkpoint" && epochs !== undefined && epochs.from >= 0) store.set({ epochs });
    else if (by === "region" && regions !== undefined && regions[0] >= 0) store.set({ region: regions[0] });
  }

  function picture(): Picture | "later" | undefined {
    if (store.state.run === undefined) return undefined;
    // Behind another tab it follows nothing.
    if (follow(store.state) || shown === undefined) return "later";
    const { reply, state } = shown;
    const colors = theme();
    const bars = reply.rows.slice(0, MOST_ROWS).map((row) => ({
      name: rowText(row.selection, state),
      value: row.cycles,
      low: row.low,
      high: row.high,
      color: colors.phases[row.selection.phases?.[0] ?? ""] ?? colors.bar,
      texts: [cycles(row.cycles), shareText(row.share)],
    }));
    const scale = Math.max(1, ...bars.map(({ value }) => value * 1.02));
    return {
      title: t("Cost by {0} · {1} cycles", byText(state.by), cycles(reply.total.cycles)),
      width: PICTURE_WIDTH,
      height: bars.length * BAR_ROW_HEIGHT,
      draw: (surface) => drawBarRows(surface, bars, PICTURE_WIDTH, scale, colors),
    };
  }

  return {
    root,
    picture,
    update(state, before) {
      by.update(
        BREAKDOWNS.map((value) => ({ value, text: byText(value) })),
        state.by,
      );
      if (state.run === undefined || state.tab !== "breakdown") return;
      if (before.tab !== state.tab && shown?.state.run !== state.run) {
        total.textContent = "";
        rows.replaceChildren();
      }
      follow(state);
    },
  };
}

function isSameSplit(a: State, b: State): boolean {
  return (
    a.run === b.run &&
    a.perspective === b.perspective &&
    a.by === b.by &&
    (a.epochs === b.epochs || a.by === "checkpoint") &&
    (a.region === b.region || a.by === "region") &&
    (a.line === b.line || a.by === "line")
  );
}

/** What the state's selection means for costs; a split by what is selected shows all of it. */
function costSelection({ epochs, region, line, by }: State): CostSelection {
  return {
    ...(epochs === undefined || by === "checkpoint" ? {} : { epochs }),
    ...(region === undefined || by === "region" ? {} : { regions: [region] }),
    ...(line === undefined || by === "line" ? {} : { lines: [{ ...line, function: "" }] }),
  };
}

/** @param onPrice somebody wants to see what another price would mean */
function eventTable(events: readonly EventRow[], onPrice: (price: PriceTarget) => void): HTMLElement {
  const head = [t("Event"), t("Count"), t("Cycles each"), t("Cycles"), t("Sure")];
  return element(
    "div",
    { class: "table-scroll", tabindex: "0", role: "region", "aria-label": t("Events and their prices") },
    element(
      "table",
      { class: "events" },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ...head.map((text, i) => element("th", { scope: "col", class: i % 4 === 0 ? "" : "number" }, text)),
        ),
      ),
      ...events.map(({ primitive, meaning, count, price, cycles: cost, low, high }) => {
        const each =
          price.instructions === undefined
            ? trim(price.cycles)
            : t("{0} ({1} instructions)", trim(price.cycles), integer(price.instructions));
        return element(
          "tbody",
          {},
          element(
            "tr",
            {},
            element("td", { title: meaning }, element("code", {}, primitive)),
            element("td", { class: "number" }, integer(count)),
            element("td", { class: "number" }, priceLink(primitive, price, each, onPrice)),
            element("td", { class: "number", title: t("{0} to {1}", cycles(low), cycles(high)) }, cycles(cost)),
            element("td", { title: confidenceText(price.confidence) }, price.confidence),
          ),
          element("tr", {}, element("td", { class: "source", colspan: String(head.length) }, price.source)),
        );
      }),
    ),
  );
}

function priceLink(
  primitive: string,
  { space, low, high }: EventRow["price"],
  each: string,
  onPrice: (price: PriceTarget) => void,
): HTMLElement {
  const title = t("{0} to {1}; a click opens this price in what-if", trim(low), trim(high));
  const link = element("button", { type: "button", class: "link", title }, each);
  link.addEventListener("click", () =>
    onPrice(space === undefined ? { kind: "primitive", name: primitive } : { kind: "space", space }),
  );
  return link;
}

function confidenceText(confidence: string): string {
  switch (confidence) {
    case "A":
      return t("read in the source's own text");
    case "B":
      return t("read in an abstract or an excerpt");
    case "C":
      return t("from memory, not checked");
    case "D":
      return t("derived by us from figures with sources");
    case "M":
      return t("measured by us");
    default:
      return confidence;
  }
}

function shareText(share: number): string {
  return share > 0 && share < 0.001 ? t("< 0.1 %") : `${(100 * share).toFixed(1)} %`;
}

function trim(value: number): string {
  return value >= 100 ? integer(value) : String(Number(value.toPrecision(3)));
}

/** What of a row's selection tells it from the other rows. */
function named({ layers, primitives, phases, lines, regions, epochs }: CostSelection, by: BreakdownBy): unknown {
  switch (by) {
    case "layer":
      return layers;
    case "primitive":
      return primitives;
    case "phase":
      return phases;
    case "line":
      return lines;
    case "region":
      return regions;
    case "checkpoint":
      return epochs;
  }
}

function rowText({ layers, primitives, phases, lines, regions, epochs }: CostSelection, { by, run }: State): string {
  switch (by) {
    case "layer":
      return layerText(layers?.[0] ?? "");
    case "primitive":
      return primitives?.[0] ?? "";
    case "phase":
      return phaseText(phases?.[0] ?? "");
    case "line": {
      const line = lines?.[0];
      if (line === undefined) return "";
      if (line.line > 0) return `${baseName(line.file)}:${line.line}`;
      return line.function === "" ? t("No line of the program") : line.function;
    }
    case "region": {
      const region = run?.regions.find(({ number }) => number === regions?.[0]);
      return region === undefined ? t("No region") : region.name || t("Region {0}", region.id);
    }
    case "checkpoint": {
      const epoch = run?.epochs[epochs?.from ?? -1];
      if (epoch === undefined) return t("Before the program");
      return epoch.end === "program" ? t("After the last checkpoint") : t("Checkpoint {0}", epoch.version);
    }
  }
}

export function layerText(layer: string): string {
  switch (layer) {
    case "program":
      return t("Program");
    case "checkpointLibrary":
      return t("Checkpoint library");
    case "guestKernel":
      return t("Guest kernel");
    case "hypervisor":
      return t("Hypervisor");
    case "wire":
      return t("Wire");
    case "disk":
      return t("Disk");
    default:
      return layer;
  }
}

function byText(by: BreakdownBy): string {
  switch (by) {
    case "layer":
      return t("Layer");
    case "primitive":
      return t("Primitive");
    case "phase":
      return t("Phase");
    case "line":
      return t("Line");
    case "region":
      return t("Region");
    case "checkpoint":
      return t("Checkpoint");
  }
}
