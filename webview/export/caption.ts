import { supposedCounts } from "../../src/session/model/perspective.ts";
import { shownProfile } from "../prices.ts";
import type { State } from "../store.ts";
import { baseName, t } from "../text.ts";
import { epochsText } from "../views/timeline.ts";
import { differingOptions } from "../views/what-if.ts";

/** What a picture is of, for who sees it without the page. */
export function captionOf(state: State): readonly string[] {
  const { run, perspective, settings, epochs, region, line } = state;
  if (run === undefined || perspective === undefined) return [];
  const { machine, prices } = perspective;
  const supposed = supposedCounts(perspective, settings);
  const profile = shownProfile(state)?.name ?? baseName(String(prices.profile));
  const options = t("copied by the {0}, {1}, to {2}", machine.copy, machine.commit, machine.target);
  const selectedRegion = run.regions.find(({ number }) => number === region);
  const selected = [
    epochs === undefined ? undefined : epochsText(state, epochs),
    selectedRegion === undefined ? undefined : selectedRegion.name || t("Region {0}", selectedRegion.id),
    line === undefined ? undefined : `${baseName(line.file)}:${line.line}`,
  ].filter((part) => part !== undefined);
  const program = [baseName(run.program.path), ...run.program.args].join(" ");
  const priced =
    supposed.prices === 0 ? t("prices {0}", profile) : t("prices {0}, {1} of them changed", profile, supposed.prices);
  const machineText = t("{0} on {1}", machine.technique, machine.environment);
  return [
    [program, machineText, options, ...differingOptions(supposed.options), priced].join(" · "),
    `${selected.length === 0 ? t("whole run") : selected.join(", ")} · Checkpoint Lens`,
  ];
}
