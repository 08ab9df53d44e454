/** What the colours of the map of pages mean, beside it and in its picture. */
import type { LegendEntry } from "../export/picture.ts";
import type { State } from "../store.ts";
import { baseName, t } from "../text.ts";
import type { Theme } from "../theme.ts";
import { element } from "../ui/dom.ts";
import { valueText } from "./measure-text.ts";

/** What is seen in a map. */
export interface SeenInMap {
  readonly state: State;
  /** The largest value of a page. */
  readonly max: number;
  /** Whether pages of the selected line, or of the cursor's, are lit. */
  readonly isLit: boolean;
}

export function legendItems(seen: SeenInMap): readonly HTMLElement[] {
  const { state, max } = seen;
  const { measure } = state;
  const item = (...parts: (HTMLElement | string)[]) => element("span", { class: "legend-item" }, ...parts);
  const items = [item(element("span", { class: "swatch empty" }), t("untouched"))];
  if (max === 1) items.push(item(element("span", { class: "swatch full" }), valueText(measure, 1)));
  else if (max > 1) {
    const gradient = element("span", { class: "gradient", "aria-hidden": "true" });
    const least = valueText(measure, measure === "dirtyBytes" ? 64 : 1);
    items.push(item(least, gradient, valueText(measure, max)));
  }
  const written = litText(seen);
  if (written !== undefined) items.push(item(element("span", { class: "swatch lit" }), written));
  if (state.page !== undefined) items.push(item(element("span", { class: "swatch selected" }), t("selected page")));
  return items;
}

export function legendEntries(seen: SeenInMap, { cells, selection }: Theme): readonly LegendEntry[] {
  const { state, max } = seen;
  const { measure } = state;
  const written = litText(seen);
  return [
    { color: cssColor(cells.plain[0]), text: t("untouched") },
    ...(max <= 1 ? [] : [{ color: cssColor(cells.plain[1]), text: valueText(measure, 1) }]),
    { color: cssColor(cells.plain[255]), text: valueText(measure, max) },
    ...(written === undefined ? [] : [{ color: cells.corner, text: written }]),
    ...(state.page === undefined ? [] : [{ color: selection, text: t("selected page") }]),
  ];
}

/** What the lit pages are of; undefined while there are none. */
function litText({ state, isLit }: SeenInMap): string | undefined {
  const place = state.line ?? state.cursor;
  if (!isLit || place === undefined) return undefined;
  return t("written by {0}", `${baseName(place.file)}:${place.line}`);
}

/** Of bytes in memory: red, green, blue, alpha. */
function cssColor(packed: number): string {
  return `rgb(${packed & 255}, ${(packed >> 8) & 255}, ${(packed >> 16) & 255})`;
}
