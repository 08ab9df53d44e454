import * as vscode from "vscode";
import { optionsIn } from "../checkpoint/refusal.ts";
import { machineSettings, priceSetting } from "../editor/machine-settings.ts";
import { SECTION } from "../editor/settings.ts";
import { DEFAULT_MACHINE } from "../run/machine.ts";
import type { Perspective } from "../session/figures.ts";

/** How runs are looked at according to the settings. */
export function perspectiveOf(scope: vscode.Uri | undefined): Perspective {
  const machine = { ...DEFAULT_MACHINE, ...machineSettings(scope) };
  return { machine: optionsIn(machine.environment, machine), prices: { profile: priceSetting(scope) } };
}

/** Writes settings of the machine where they are set already, or else for the user. */
export async function setMachine(
  values: Readonly<Partial<Record<"technique" | "environment" | "prices", string>>>,
): Promise<void> {
  const settings = vscode.workspace.getConfiguration(SECTION);
  for (const [name, value] of Object.entries(values)) {
    const key = `machine.${name}`;
    const isWorkspaces = settings.inspect(key)?.workspaceValue !== undefined;
    if (settings.get(key) !== value) await settings.update(key, value, !isWorkspaces);
  }
}
