import { isDeepStrictEqual } from "node:util";
import * as vscode from "vscode";
import { machineSettings, priceSetting } from "../editor/machine-settings.ts";
import type { Run, Runs } from "../editor/runs.ts";
import { SECTION } from "../editor/settings.ts";
import { chosenMachine } from "../run/chosen-machine.ts";
import { DEFAULT_MACHINE } from "../run/machine.ts";
import type { Perspective } from "../session/figures.ts";
import { choiceBetween, chosenPerspective } from "../session/model/perspective.ts";
import type { App } from "./app.ts";

/** How runs are looked at according to the settings. */
export function perspectiveOf(scope: vscode.Uri | undefined): Perspective {
  return { machine: chosenMachine(DEFAULT_MACHINE, machineSettings(scope)), prices: { profile: priceSetting(scope) } };
}

/**
 * How a program that is run is looked at: as its run before, but for what the settings say otherwise since then.
 * @returns `settings`: what the settings alone say
 */
export function perspectiveFor(
  runs: Runs,
  program: vscode.Uri,
): { readonly perspective: Perspective; readonly settings: Perspective } {
  const settings = perspectiveOf(program);
  const before = runs.all.find(({ uri }) => uri.toString() === program.toString());
  return { perspective: before === undefined ? settings : followed(before, settings), settings };
}

/** Has the shown run looked at by what the settings say otherwise than when they were last followed. */
export function followSettingsNow(runs: Runs): void {
  const run = runs.current;
  if (run === undefined) return;
  const settings = perspectiveOf(run.uri);
  const perspective = followed(run, settings);
  const isSame = isDeepStrictEqual(perspective, run.perspective);
  runs.followed(run, settings);
  if (!isSame) lookAt(runs, run, perspective);
}

function followed({ perspective, settings: before }: Run, settings: Perspective): Perspective {
  return chosenPerspective(perspective, choiceBetween(before, settings));
}

/** A choice of the user, as the settings keep it. */
interface MachineChoice extends Pick<Partial<Perspective["machine"]>, "technique" | "environment"> {
  /** Name of a price profile, or the absolute path of one's file. */
  readonly prices?: string;
}

/**
 * Looks at a run so, whatever else was chosen for it, and keeps the choice for the programs that are run next.
 * @param run the shown one unless given
 */
export async function choose(
  { runs }: App,
  { prices, ...machine }: MachineChoice,
  run: Run | undefined = runs.current,
): Promise<void> {
  const choice = { machine, ...(prices === undefined ? {} : { profile: prices }) };
  // It may be what the settings say already, and not what is shown.
  if (run !== undefined) lookAt(runs, run, chosenPerspective(run.perspective, choice));
  await setMachine({ ...machine, ...(prices === undefined ? {} : { prices }) });
}

function lookAt(runs: Runs, run: Run, perspective: Perspective): void {
  runs.look(run, perspective);
  const isCompared = run.comparison.some(({ environment }) => environment === perspective.machine.environment);
  if (!isCompared) runs.compare(run, "own").catch(() => {}); // Why it cannot be had is told by onDidFail.
}

/** Writes settings of the machine where they are set already, or else for the user. */
async function setMachine(
  values: Readonly<Partial<Record<"technique" | "environment" | "prices", string>>>,
): Promise<void> {
  const settings = vscode.workspace.getConfiguration(SECTION);
  for (const [name, value] of Object.entries(values)) {
    const key = `machine.${name}`;
    const isWorkspaces = settings.inspect(key)?.workspaceValue !== undefined;
    if (settings.get(key) !== value) await settings.update(key, value, !isWorkspaces);
  }
}
