/** Apart from the other settings: what there is to choose from is the whole simulator, which is not loaded to show text. */
import * as vscode from "vscode";
import { COMMITS, COPIERS, ENVIRONMENTS } from "../checkpoint/technique.ts";
import { TECHNIQUE_IDS } from "../checkpoint/techniques.ts";
import type { MachineOptions } from "../run/machine.ts";
import { oneOf, SECTION } from "./settings.ts";

/** The part of a machine that settings say; the rest is as on the command line. */
export function machineSettings(scope: vscode.Uri | undefined): Partial<MachineOptions> {
  const settings = vscode.workspace.getConfiguration(SECTION, scope);
  return {
    technique: oneOf(TECHNIQUE_IDS, settings.get("machine.technique"), "hv-protect"),
    environment: oneOf(ENVIRONMENTS, settings.get("machine.environment"), "xen-pv"),
    copy: oneOf(COPIERS, settings.get("machine.copy"), "guest"),
    commit: oneOf(COMMITS, settings.get("machine.commit"), "sync"),
  };
}

/** Name of a price profile, or the absolute path of one's file. */
export function priceSetting(scope: vscode.Uri | undefined): string {
  const prices: unknown = vscode.workspace.getConfiguration(SECTION, scope).get("machine.prices");
  return typeof prices === "string" && prices !== "" ? prices : "era";
}
