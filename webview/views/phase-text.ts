import { t } from "../text.ts";

export function phaseText(phase: string): string {
  switch (phase) {
    case "run":
      return t("Program");
    case "track":
      return t("Track");
    case "collect":
      return t("Collect");
    case "copy":
      return t("Copy");
    case "arm":
      return t("Arm");
    case "commit":
      return t("Commit");
    case "restart":
      return t("Restart");
    case "register":
      return t("Register");
    case "background":
      return t("Background");
    default:
      return phase;
  }
}
