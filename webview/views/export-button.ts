import type { PictureName } from "../../src/panel/messages/messages.ts";
import type { EditorHost } from "../host.ts";
import { t } from "../text.ts";
import { button } from "../ui/controls.ts";

/** Saves a view as a picture, where the user says. */
export function exportButton(host: EditorHost, view: PictureName): HTMLElement {
  const made = button(t("Export…"), () => host.post({ type: "exportView", view }));
  made.title = t("Save this view as PNG or SVG");
  return made;
}
