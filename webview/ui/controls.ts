/**
 * The page's controls: the only importer of @vscode/webview-ui-toolkit (1.4.0, MIT; the client's choice, whose maintainers
 * retired it in January 2025). @vscode-elements/elements has the same tag names, so that it could take its place here.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodePanels,
  vsCodePanelTab,
  vsCodePanelView,
  vsCodeTextField,
} from "@vscode/webview-ui-toolkit";
import { t } from "../text.ts";
import { element } from "./dom.ts";

provideVSCodeDesignSystem().register(
  vsCodeButton(),
  vsCodeCheckbox(),
  vsCodeDropdown(),
  vsCodeOption(),
  vsCodePanels(),
  vsCodePanelTab(),
  vsCodePanelView(),
  vsCodeTextField(),
);

export interface Choice<T extends string> {
  readonly value: T;
  readonly text: string;
  /** Why it cannot be chosen. */
  readonly refused?: string;
  readonly title?: string;
}

export interface Dropdown<T extends string> {
  readonly root: HTMLElement;
  update(choices: readonly Choice<T>[], chosen: T): void;
}

/**
 * A labelled list of which one is chosen. What is refused can be picked, too, to hear the reason, and is not chosen: the
 * toolkit's list runs into endless recursion over disabled options.
 */
export function dropdown<T extends string>(
  label: string,
  onChoose: (value: T) => void,
  onRefused: (reason: string) => void = () => {},
): Dropdown<T> {
  const list = document.createElement("vscode-dropdown") as HTMLElement & { value: string };
  list.setAttribute("aria-label", label);
  list.title = label;
  let shown = "";
  let known: readonly Choice<T>[] = [];
  let chosen: T | undefined;
  list.addEventListener("change", () => {
    const choice = known.find(({ value }) => value === list.value);
    if (choice === undefined || choice.value === chosen) return;
    if (choice.refused !== undefined) {
      list.value = chosen ?? "";
      onRefused(choice.refused);
      return;
    }
    chosen = choice.value;
    onChoose(choice.value);
  });
  return {
    root: list,
    update(choices, value) {
      const key = JSON.stringify(choices);
      if (key !== shown) {
        shown = key;
        known = choices;
        list.replaceChildren(
          ...choices.map((choice) => {
            const option = document.createElement("vscode-option") as HTMLElement & { value: string };
            option.textContent = choice.text;
            option.setAttribute("value", choice.value);
            const title = choice.refused ?? choice.title;
            if (title !== undefined) option.title = title;
            if (choice.refused !== undefined) option.classList.add("refused-option");
            return option;
          }),
        );
      }
      chosen = value;
      // A list takes a value only when its options are there, which is at the end of this turn.
      queueMicrotask(() => {
        if (chosen === value) list.value = value;
      });
    },
  };
}

export function button(
  text: string,
  onClick: () => void,
  kind: "primary" | "secondary" | "icon" = "secondary",
): HTMLElement {
  const made = document.createElement("vscode-button");
  made.setAttribute("appearance", kind);
  made.textContent = text;
  made.addEventListener("click", onClick);
  return made;
}

/** A button with a picture, whose text is shown when it is pointed at. @param path strokes in a square of 16 */
export function iconButton(text: string, path: string, onClick: () => void): HTMLElement {
  const made = button("", onClick, "icon");
  made.setAttribute("aria-label", text);
  made.title = text;
  const icon = svgElement("svg", { viewBox: "0 0 16 16", width: "16", height: "16", "aria-hidden": "true" });
  icon.append(svgElement("path", { d: path, fill: "none", stroke: "currentColor", "stroke-width": "1.5" }));
  made.append(icon);
  return made;
}

function svgElement(name: "svg" | "path", attributes: Readonly<Record<string, string>>): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export interface Checkbox {
  readonly root: HTMLElement;
  update(checked: boolean): void;
}

export function checkbox(text: string, onChange: (checked: boolean) => void): Checkbox {
  const box = document.createElement("vscode-checkbox") as HTMLElement & { checked: boolean };
  box.textContent = text;
  box.addEventListener("change", () => onChange(box.checked));
  return {
    root: box,
    update(checked) {
      if (box.checked !== checked) box.checked = checked;
    },
  };
}

export interface NumberField {
  readonly root: HTMLElement;
  update(value: number): void;
}

/** Numbers that a field takes. */
export interface Wanted {
  accepts(value: number): boolean;
  /** What is wanted, in one sentence. */
  readonly sentence: string;
}

export function notNegative(): Wanted {
  return { accepts: (value) => value >= 0, sentence: t("A number is wanted that is not negative.") };
}

export function aboveZero(): Wanted {
  return { accepts: (value) => value > 0, sentence: t("A number above 0 is wanted.") };
}

export function wholeUpTo(most: number): Wanted {
  return {
    accepts: (value) => Number.isInteger(value) && value >= 0 && value <= most,
    sentence: t("A whole number from 0 to {0} is wanted.", most),
  };
}

/** A field for a number; what is none that is wanted is put back, and the field says so until another one comes. */
export function numberField(label: string, onChange: (value: number) => void, wanted: Wanted): NumberField {
  const field = document.createElement("vscode-text-field") as HTMLElement & { value: string };
  const problem = element("span", { class: "field-problem", role: "alert" });
  let shown: number | undefined;
  const textOf = (value: number | undefined) => (value === undefined ? "" : String(Number(value.toPrecision(4))));
  field.addEventListener("change", () => {
    const value = Number(field.value);
    const isWanted = field.value.trim() !== "" && Number.isFinite(value) && wanted.accepts(value);
    // What it shows is rounded.
    if (isWanted && field.value !== textOf(shown)) onChange(value);
    problem.textContent = isWanted ? "" : wanted.sentence;
    if (!isWanted) field.value = textOf(shown);
  });
  return {
    root: element("span", { class: "number-field" }, field, problem),
    update(value) {
      // The toolkit's field names itself when it comes into the page.
      if (field.getAttribute("aria-label") !== label) field.setAttribute("aria-label", label);
      if (value !== shown) problem.textContent = "";
      shown = value;
      const text = textOf(value);
      if (field.value !== text && document.activeElement !== field) field.value = text;
    },
  };
}

export interface TextField {
  readonly root: HTMLElement;
  focus(): void;
}

/** A field for a text, which counts when Enter is pressed. */
export function textField(label: string, placeholder: string, onEnter: (text: string) => void): TextField {
  const field = document.createElement("vscode-text-field") as HTMLElement & { value: string };
  field.setAttribute("aria-label", label);
  field.setAttribute("placeholder", placeholder);
  field.title = label;
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") onEnter(field.value);
  });
  return { root: field, focus: () => field.focus() };
}

export interface Tabs<T extends string> {
  readonly root: HTMLElement;
  update(active: T): void;
}

/** Views of which one is seen. */
export function tabs<T extends string>(
  label: string,
  views: readonly { readonly id: T; readonly text: string; readonly view: HTMLElement }[],
  onChange: (id: T) => void,
): Tabs<T> {
  const root = document.createElement("vscode-panels") as HTMLElement & { activeid: string };
  root.setAttribute("aria-label", label);
  for (const { id, text } of views) {
    const tab = element("vscode-panel-tab" as "div", { id: `tab-${id}` }, text);
    root.append(tab);
  }
  for (const { id, view } of views) root.append(element("vscode-panel-view" as "div", { id: `view-${id}` }, view));
  root.addEventListener("change", (event) => {
    if (event.target !== root) return;
    const active = views.find(({ id }) => root.activeid === `tab-${id}`);
    if (active !== undefined) onChange(active.id);
  });
  return {
    root,
    update(active) {
      if (root.activeid !== `tab-${active}`) root.activeid = `tab-${active}`;
    },
  };
}
