import { t } from "../text.ts";
import { button } from "./controls.ts";
import { element } from "./dom.ts";

/** The data behind a picture, for readers of screens and for copying. */
export function dataTable(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  return element(
    "div",
    { class: "table-scroll", tabindex: "0", role: "region", "aria-label": caption },
    element(
      "table",
      {},
      element("caption", {}, caption),
      element("thead", {}, element("tr", {}, ...head.map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, ...rows.map((cells) => element("tr", {}, ...cells.map((text) => element("td", {}, text))))),
    ),
  );
}

export interface TableToggle {
  /** The button. */
  readonly root: HTMLElement;
  /** Where the table comes to stand. */
  readonly slot: HTMLElement;
  /** The data have changed. */
  refresh(): void;
}

/** A button that shows the table behind a picture. @param make undefined while there is nothing */
export function tableToggle(make: () => HTMLElement | undefined): TableToggle {
  const slot = element("div");
  let shown = false;
  const refresh = () => {
    root.setAttribute("aria-pressed", String(shown));
    const table = shown ? make() : undefined;
    slot.replaceChildren(...(table === undefined ? [] : [table]));
  };
  const root = button(t("As table"), () => {
    shown = !shown;
    refresh();
  });
  return { root, slot, refresh };
}
