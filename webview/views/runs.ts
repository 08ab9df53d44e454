import type { Place } from "../../src/panel/messages/messages.ts";
import { bytes, cycles, integer } from "../../src/run/units.ts";
import type { RunDifferences, RunSummary } from "../../src/session/figures.ts";
import { Latest } from "../latest.ts";
import type { State } from "../store.ts";
import { baseName, t } from "../text.ts";
import { dropdown } from "../ui/controls.ts";
import { element } from "../ui/dom.ts";
import { layerText } from "./breakdown.ts";
import type { View, ViewContext } from "./view.ts";

/** Of each part; the others differ less. */
const MOST_ROWS = 20;

/** The shown run beside another one: totals, and what each layer, primitive, region and line costs in both. */
export function runsView({ host, store, fail }: ViewContext): View {
  const other = dropdown<string>(t("Other run"), (value) => {
    chosen = Number(value);
    ask(store.state);
  });
  const hint = element("span", { class: "hint" });
  const body = element("div", { class: "rows" });
  const root = element(
    "section",
    { class: "tab-view", "aria-label": t("Two runs") },
    element("div", { class: "view-header" }, hint, element("div", { class: "actions" }, other.root)),
    body,
  );
  let chosen: number | undefined;
  let runs: readonly RunSummary[] = [];

  const latestRuns = new Latest<State, readonly RunSummary[]>(
    () => host.session.ask("runs", null),
    (all, { run }) => {
      runs = all.filter((one) => one.run !== run?.run);
      if (!runs.some((one) => one.run === chosen)) chosen = runs.at(-1)?.run;
      other.root.hidden = runs.length === 0;
      other.update(
        runs.map((one) => ({ value: String(one.run), text: runText(one) })),
        String(chosen ?? ""),
      );
      hint.textContent =
        runs.length === 0
          ? t("Run the program again after a change, or another program: both are compared here.")
          : t("Cycles here, there, and the difference, under the same technique and prices.");
      body.replaceChildren();
      ask(store.state);
    },
    fail,
  );
  const latest = new Latest<{ state: State; b: number }, RunDifferences>(
    ({ state: { run, perspective }, b }) =>
      run === undefined || perspective === undefined
        ? Promise.reject(new Error("no run is shown"))
        : host.session.ask("compareRuns", { a: run.run, b, perspective }),
    (reply) => show(reply),
    fail,
  );

  function ask(state: State): void {
    if (state.run !== undefined && chosen !== undefined) latest.ask({ state, b: chosen });
  }

  function show(differences: RunDifferences): void {
    const head = [t("What"), t("This run"), t("Other run"), t("Difference"), ""];
    body.replaceChildren(
      element(
        "table",
        { class: "differences" },
        element("caption", {}, t("Cycles, unless a row says otherwise")),
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            ...head.map((text, i) => element("th", { scope: "col", class: i === 0 ? "" : "number" }, text)),
          ),
        ),
        ...groupsOf(differences).map(({ title, rows }) =>
          element(
            "tbody",
            {},
            element("tr", {}, element("th", { scope: "rowgroup", colspan: String(head.length) }, title)),
            ...rows.slice(0, MOST_ROWS).map((row) => rowOf(row)),
            rows.length <= MOST_ROWS
              ? undefined
              : element("tr", {}, element("td", { class: "dim" }, t("and {0} more", integer(rows.length - MOST_ROWS)))),
          ),
        ),
      ),
    );
  }

  function rowOf({ name, title, a, b, format = cycles, place }: Difference): HTMLElement {
    const difference = (a ?? 0) - (b ?? 0);
    const label = element(place === undefined ? "span" : "button", place === undefined ? {} : { class: "link" }, name);
    if (place !== undefined) {
      label.setAttribute("type", "button");
      label.addEventListener("click", () => {
        const { run } = store.state;
        store.set({ line: place });
        if (run !== undefined) host.post({ type: "reveal", run: run.run, place, focus: false });
      });
    }
    const value = (side: number | undefined) =>
      element("td", { class: "number" }, side === undefined ? "–" : format(side));
    return element(
      "tr",
      {},
      element("td", title === undefined ? {} : { title }, label),
      value(a),
      value(b),
      element("td", { class: "number" }, difference > 0 ? `+${format(difference)}` : format(difference)),
      element("td", { class: "number dim" }, ratio(a, b)),
    );
  }

  return {
    root,
    update(state, before) {
      if (state.run === undefined) return;
      const opened = state.tab === "runs" && before.tab !== "runs";
      if (state.tab !== "runs") return;
      if (opened || state.run !== before.run) latestRuns.ask(state);
      else if (state.perspective !== before.perspective) ask(state);
    },
  };
}

/** A run's program, its arguments, and when it was run: what tells it from others. */
function runText({ program, keptSince }: RunSummary): string {
  const time = new Date(keptSince).toLocaleTimeString(document.documentElement.lang);
  return `${[baseName(program.path), ...program.args].join(" ")} · ${time}`;
}

interface Difference {
  readonly name: string;
  readonly title?: string;
  readonly a: number | undefined;
  readonly b: number | undefined;
  readonly format?: (value: number) => string;
  readonly place?: Place;
}

/** The tables of the view, from the whole to its parts. */
function groupsOf({ totals, layers, primitives, regions, lines }: RunDifferences): {
  readonly title: string;
  readonly rows: readonly Difference[];
}[] {
  const total = (
    name: string,
    of: keyof RunDifferences["totals"]["a"],
    format: (value: number) => string = cycles,
  ) => ({
    name,
    a: totals.a[of],
    b: totals.b[of],
    format,
  });
  return [
    {
      title: t("Totals"),
      rows: [
        total(t("Overhead"), "overheadCycles"),
        total(t("Program"), "programCycles"),
        total(t("Checkpoints, number"), "checkpoints", integer),
        total(t("Dirty pages, number"), "dirtyPages", integer),
        total(t("Traps, number"), "traps", integer),
        total(t("Hypercalls, number"), "hypercalls", integer),
        total(t("Copied"), "copiedBytes", signedBytes),
      ],
    },
    { title: t("Layers"), rows: layers.map(({ layer, a, b }) => ({ name: layerText(layer), a, b })) },
    {
      title: t("Primitives"),
      rows: primitives.map(({ primitive, a, b }) => ({
        name: primitive,
        title: t("{0} times here, {1} there", integer(a?.count ?? 0), integer(b?.count ?? 0)),
        a: a?.cycles,
        b: b?.cycles,
      })),
    },
    {
      title: t("Regions"),
      rows: regions.map(({ name, id, a, b }) => ({ name: name || t("Region {0}", id), a: a?.cycles, b: b?.cycles })),
    },
    {
      title: t("Lines"),
      rows: lines
        .filter(({ a, b }) => (a?.cycles ?? 0) !== 0 || (b?.cycles ?? 0) !== 0)
        .map(({ file, line, function: of, a, b }) => ({
          name: line > 0 ? `${baseName(file)}:${line}` : of || t("No line of the program"),
          title: of,
          a: a?.cycles,
          b: b?.cycles,
          ...(line > 0 ? { place: { file, line } } : {}),
        })),
    },
  ].filter(({ rows }) => rows.length > 0);
}

/** How a stands to b. */
function ratio(a: number | undefined, b: number | undefined): string {
  if (a === undefined || b === undefined || b === 0 || a === b) return "";
  return `× ${Number((a / b).toPrecision(3))}`;
}

function signedBytes(value: number): string {
  return value < 0 ? `-${bytes(-value)}` : bytes(value);
}
