import { cycles, percent } from "../../src/run/units.ts";
import type { ComparisonCell } from "../../src/session/figures.ts";
import type { State } from "../store.ts";
import { t } from "../text.ts";
import { costBar } from "../ui/bars.ts";
import { element } from "../ui/dom.ts";
import type { View, ViewContext } from "./view.ts";

/** Bars end here, in multiples of the middle one: one dear technique must not make all others look alike. */
const SCALE = 3;

/** Every technique in every environment; a click looks at the run under it. */
export function compareView({ look }: ViewContext): View {
  const status = element("span", { class: "hint", "aria-live": "polite" });
  const groups = element("div", { class: "rows" });
  const root = element(
    "section",
    { class: "tab-view", "aria-label": t("Techniques") },
    element("div", { class: "view-header" }, status),
    groups,
  );

  function show({ comparison, perspective }: State): void {
    const available = comparison.filter((cell) => cell.available);
    status.textContent =
      available.length === 0
        ? t("Comparing all techniques…")
        : t("Cycles that the program waits for its checkpoints; a click looks at the run under that technique.");
    const costs = available.map((cell) => cell.overhead.cycles).sort((a, b) => a - b);
    const scale = Math.max(1, Math.min((costs[costs.length >> 1] ?? 0) * SCALE, (costs.at(-1) ?? 0) * 1.05));
    const best = available.reduce<ComparisonCell | undefined>(
      (least, cell) => (least?.available !== true || cell.overhead.cycles < least.overhead.cycles ? cell : least),
      undefined,
    );
    const environments = [...new Set(comparison.map(({ environment }) => environment))];
    groups.replaceChildren(
      ...environments.map((environment) => {
        const cells = comparison.filter((cell) => cell.environment === environment);
        const rows = cells
          .filter((cell) => cell.available)
          .sort((a, b) => a.overhead.cycles - b.overhead.cycles)
          .map((cell) => {
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
            row.addEventListener("click", () => look({ machine: { technique: cell.technique, environment } }));
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

  return {
    root,
    update(state, before) {
      if (state.comparison !== before.comparison || state.perspective !== before.perspective) show(state);
    },
  };
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
