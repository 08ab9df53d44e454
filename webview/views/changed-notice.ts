import { baseName, t } from "../text.ts";
import { button } from "../ui/controls.ts";
import { element } from "../ui/dom.ts";
import type { View, ViewContext } from "./view.ts";

/** Says that the run's lines are those of a text that has changed since, and offers to run the new one. */
export function changedNotice({ host, store }: ViewContext): View {
  const text = element("span", {});
  const again = button(t("Run again"), () => {
    const { run } = store.state;
    if (run !== undefined) host.post({ type: "runAgain", run: run.run });
  });
  const root = element("div", { class: "notice", role: "status" }, text, again);
  return {
    root,
    update({ changedSources }) {
      root.hidden = changedSources.length === 0;
      const names = changedSources.map(baseName).join(", ");
      text.textContent =
        changedSources.length === 1
          ? t("{0} has changed since this run: its lines are shown as they were then.", names)
          : t("{0} have changed since this run: their lines are shown as they were then.", names);
    },
  };
}
