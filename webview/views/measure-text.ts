import { bytes, integer } from "../../src/run/units.ts";
import type { State } from "../store.ts";
import { t } from "../text.ts";

/** What the map is coloured by. */
export type Measure = State["measure"];

export function measureText(measure: Measure): string {
  switch (measure) {
    case "epochs":
      return t("Epochs written in");
    case "stores":
      return t("Stores");
    case "traps":
      return t("Traps");
    case "dirtyBytes":
      return t("Bytes written");
    case "staleBytes":
      return t("Missed after a restart");
    case "deadBytes":
      return t("Protected for nothing");
    case "liveBytes":
      return t("Read after a restart");
  }
}

/** What a page has of it. */
export function valueText(measure: Measure, value: number): string {
  switch (measure) {
    case "epochs":
      return value === 1 ? t("1 epoch") : t("{0} epochs", integer(value));
    case "stores":
      return value === 1 ? t("1 store") : t("{0} stores", integer(value));
    case "traps":
      return value === 1 ? t("1 trap") : t("{0} traps", integer(value));
    case "dirtyBytes":
    case "staleBytes":
    case "deadBytes":
    case "liveBytes":
      return bytes(value);
  }
}
