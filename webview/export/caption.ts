import { shownProfile } from "../prices.ts";
import type { State } from "../store.ts";
import { baseName, t } from "../text.ts";
import { epochsText } from "../views/timeline.ts";

/** What a picture is of, for who sees it without the page. */
export function captionOf(state: State): readonly string[] {
  const { run, perspective, epochs, region, line } = state;
  if (run === undefined || perspective === undefined) return [];
  const { machine, prices } = perspective;
  const { primitives = {}, cyclesPerInstruction = {} } = prices;
  const changed = Object.keys(primitives).length + Object.keys(cyclesPerInstruction).length;
  const profile = shownProfile(state)?.name ?? baseName(String(prices.profile));
  const options = t("copied by the {0}, {1}, to {2}", machine.copy, machine.commit, machine.target);
  const selectedRegion = run.regions.find(({ number }) => number === region);
  const selected = [
    epochs === undefined ? undefined : epochsText(state, epochs),
    selectedRegion === undefined ? undefined : selectedRegion.name || t("Region {0}", selectedRegion.id),
    line === undefined ? undefined : `${baseName(line.file)}:${line.line}`,
  ].filter((part) => part !== undefined);
  const program = [baseName(run.program.path), ...run.program.args].join(" ");
  return [
    `${program} · ${t("{0} on {1}", machine.technique, machine.environment)} · ${options} · ${
      changed === 0 ? t("prices {0}", profile) : t("prices {0}, {1} of them changed", profile, changed)
    }`,
    `${selected.length === 0 ? t("whole run") : selected.join(", ")} · Checkpoint Lens`,
  ];
}
