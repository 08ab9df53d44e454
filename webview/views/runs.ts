import { cycles } from "../../src/run/units.ts";
import type { RunDifferences, RunSummary } from "../../src/session/figures.ts";
import { Latest } from "../latest.ts";
import type { State } from "../store.ts";
import { t } from "../text.ts";
import { dropdown } from "../ui/controls.ts";
import { element } from "../ui/dom.ts";
import { baseName } from "./page-map.ts";
import type { View, ViewContext } from "./view.ts";

const MOST_LINES = 30;

/** The shown run beside another one: what each line and region costs in both. */
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
    element("div", { class: "view-header" }, hint, element("span", { class: "spacer" }), other.root),
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
        runs.map((one) => ({ value: String(one.run), text: `${baseName(one.program.path)} #${one.run}` })),
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

  function show({ overhead, lines, regions }: RunDifferences): void {
    const row = (name: string, a: number | undefined, b: number | undefined) =>
      element(
        "tr",
        {},
        element("td", {}, name),
        element("td", { class: "number" }, a === undefined ? "–" : cycles(a)),
        element("td", { class: "number" }, b === undefined ? "–" : cycles(b)),
        element("td", { class: "number" }, signed((a ?? 0) - (b ?? 0))),
      );
    const head = [t("Place"), t("This run"), t("Other run"), t("Difference")];
    body.replaceChildren(
      element(
        "table",
        { class: "differences" },
        element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))),
        element(
          "tbody",
          {},
          row(t("Whole overhead"), overhead.a.cycles, overhead.b.cycles),
          ...regions.map(({ name, id, a, b }) => row(name || t("Region {0}", id), a?.cycles, b?.cycles)),
          ...lines
            .slice(0, MOST_LINES)
            .map(({ file, line, a, b }) => row(`${baseName(file)}:${line}`, a?.cycles, b?.cycles)),
        ),
      ),
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

function signed(value: number): string {
  return value > 0 ? `+${cycles(value)}` : cycles(value);
}
