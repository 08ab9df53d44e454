import { cycles, integer, percent } from "../../src/run/units.ts";
import type { ComparisonCell } from "../../src/session/figures.ts";
import { BAR_ROW_HEIGHT, type BarRow, drawBarRows } from "../export/bar-rows.ts";
import type { Picture } from "../export/picture.ts";
import type { State } from "../store.ts";
import { t } from "../text.ts";
import { costBar } from "../ui/bars.ts";
import { element } from "../ui/dom.ts";
import { dataTable, tableToggle } from "../ui/table.ts";
import { exportButton } from "./export-button.ts";
import type { View, ViewContext } from "./view.ts";

/** Bars end here, in multiples of the middle one: one dear technique must not make all others look alike. */
const SCALE = 3;
const PICTURE_WIDTH = 640;

/** Every technique in every environment; a click looks at the run under it. */
export function compareView({ host, store, theme, look }: ViewContext): View {
  const status = element("span", { class: "hint", "aria-live": "polite" });
  const groups = element("div", { class: "rows" });
  const table = tableToggle(() =>
    dataTable(
      t("Techniques by overhead, in cycles"),
      [t("Environment"), t("Technique"), t("Cycles"), t("From"), t("To"), t("Overhead")],
      store.state.comparison.map((cell) =>
        cell.available
          ? [
              cell.environment,
              cell.technique,
              ...[cell.overhead.cycles, cell.overhead.low, cell.overhead.high].map(integer),
              percent(cell.overheadPercent),
            ]
          : [cell.environment, cell.technique, t("not here"), "", "", ""],
      ),
    ),
  );
  const root = element(
    "section",
    { class: "tab-view", "aria-label": t("Techniques") },
    element(
      "div",
      { class: "view-header" },
      status,
      element("div", { class: "actions" }, table.root, exportButton(host, "compare")),
    ),
    groups,
    table.slot,
  );

  function show({ comparison, perspective }: State): void {
    const available = comparison.filter((cell) => cell.available);
    status.textContent =
      available.length === 0
        ? t("Comparing all techniques…")
        : t("Cycles that the program waits for checkpoints. Click a technique to see the run under it.");
    table.refresh();
    const scale = scaleOf(available);
    const best = available.reduce<ComparisonCell | undefined>(
      (least, cell) => (least?.available !== true || cell.overhead.cycles < least.overhead.cycles ? cell : least),
      undefined,
    );
    const environments = [...new Set(comparison.map(({ environment }) => environment))];
    groups.replaceChildren(
      ...environments.map((environment) => {
        const cells = comparison.filter((cell) => cell.environment === environment);
        const rows = sorted(cells.filter((cell) => cell.available)).map((cell) => {
          const { machine } = perspective ?? {};
          const isShown = machine?.technique === cell.technique && machine.environment === environment;
          const row = element(
            "button",
            { type: "button", class: isShown ? "row shown" : "row", "aria-pressed": String(isShown) },
            element("span", { class: "row-name" }, cell.technique, cell === best ? mark(t("cheapest")) : undefined),
            costBar(cell.overhead.cycles, cell.overhead.low, cell.overhead.high, scale),
            element(
              "span",
              { class: "number", title: t("{0} to {1}", cycles(cell.overhead.low), cycles(cell.overhead.high)) },
              cycles(cell.overhead.cycles),
            ),
            element("span", { class: "number dim" }, percent(cell.overheadPercent)),
          );
          row.addEventListener("click", () => look({ machine: cell.machine }));
          return row;
        });
        const refused = cells.filter((cell) => !cell.available);
        return element(
          "div",
          { class: "group" },
          element("h3", {}, environment),
          ...rows,
          refused.length === 0 ? undefined : refusedList(refused),
        );
      }),
    );
  }

  function picture(): Picture | undefined {
    const { comparison, perspective } = store.state;
    const available = comparison.filter((cell) => cell.available);
    if (available.length === 0) return undefined;
    const colors = theme();
    const rows = [...new Set(available.map(({ environment }) => environment))].flatMap((environment): BarRow[] => [
      { heading: environment },
      ...sorted(available.filter((cell) => cell.environment === environment)).map((cell) => ({
        name: cell.technique,
        value: cell.overhead.cycles,
        low: cell.overhead.low,
        high: cell.overhead.high,
        color: colors.bar,
        texts: [cycles(cell.overhead.cycles), percent(cell.overheadPercent)],
        shown: perspective?.machine.technique === cell.technique && perspective.machine.environment === environment,
      })),
    ]);
    return {
      title: t("Techniques by overhead, in cycles"),
      width: PICTURE_WIDTH,
      height: rows.length * BAR_ROW_HEIGHT,
      draw: (surface) => drawBarRows(surface, rows, PICTURE_WIDTH, scaleOf(available), colors),
    };
  }

  return {
    root,
    picture,
    update(state, before) {
      if (state.tab !== "compare") return;
      const isOpened = before.tab !== "compare";
      if (isOpened || state.comparison !== before.comparison || state.perspective !== before.perspective) show(state);
    },
  };
}

type Available = Extract<ComparisonCell, { readonly available: true }>;

function sorted(cells: readonly Available[]): Available[] {
  return [...cells].sort((a, b) => a.overhead.cycles - b.overhead.cycles);
}

function scaleOf(cells: readonly Available[]): number {
  const costs = sorted(cells).map((cell) => cell.overhead.cycles);
  return Math.max(1, Math.min((costs[costs.length >> 1] ?? 0) * SCALE, (costs.at(-1) ?? 0) * 1.05));
}

function refusedList(cells: readonly ComparisonCell[]): HTMLElement {
  const names = cells.map(({ technique }) => technique).join(", ");
  return element(
    "details",
    { class: "refused" },
    element("summary", {}, t("Not here: {0}", names)),
    element("ul", {}, ...cells.map((cell) => element("li", {}, cell.available ? cell.technique : cell.reason))),
  );
}

function mark(text: string): HTMLElement {
  return element("span", { class: "badge" }, text);
}
