import * as vscode from "vscode";
import { ENVIRONMENTS, type Environment } from "../checkpoint/technique.ts";
import { TECHNIQUE_IDS, TECHNIQUES } from "../checkpoint/techniques.ts";
import { overhead } from "../editor/wording.ts";
import { chosenMachine, machineRefusal } from "../run/chosen-machine.ts";
import type { MachineOptions } from "../run/machine.ts";
import type { ComparisonCell } from "../session/figures.ts";
import { profileId } from "../session/model/prices.ts";
import { refusedText } from "../session/refused-text.ts";
import { type App, tell } from "./app.ts";
import { calibratedProfile } from "./calibrate.ts";
import { choose, perspectiveOf } from "./perspective.ts";
import { pickOne } from "./pick-one.ts";

function environmentDetail(id: Environment): string {
  const { t } = vscode.l10n;
  switch (id) {
    case "native":
      return t("Linux on the machine itself, without a hypervisor.");
    case "xen-pv":
      return t("A 64-bit paravirtual guest: faults, system calls and page-table changes go through Xen.");
    case "xen-shadow":
      return t("A hardware-virtualised guest with shadow page tables: Xen follows each page-table change.");
    case "xen-hap":
      return t("A hardware-virtualised guest with nested paging: its faults stay in the guest.");
  }
}

/** The machine that choices are about: of the shown run, or of the settings. */
function machineNow({ runs }: App): MachineOptions {
  return runs.current?.perspective.machine ?? perspectiveOf(undefined).machine;
}

function costOf({ runs }: App, environment: string, technique: string): string | undefined {
  const cell = runs.current?.comparison.find(
    (one: ComparisonCell) => one.environment === environment && one.technique === technique,
  );
  return cell?.available ? overhead(cell.overheadPercent) : undefined;
}

interface Choice extends vscode.QuickPickItem {
  readonly id: string;
  readonly refusal?: string | undefined;
}

/** Lets the user choose how dirty pages are found; what is not offered says why. */
export async function chooseTechnique(app: App, environment = machineNow(app).environment): Promise<void> {
  const { t } = vscode.l10n;
  const machine = chosenMachine(machineNow(app), { environment });
  const offered: Choice[] = [];
  const refused: Choice[] = [];
  for (const technique of TECHNIQUES) {
    const refusal = machineRefusal({ ...machine, technique: technique.id });
    const isNow = technique.id === machineNow(app).technique;
    const common = { id: technique.id, label: `${isNow ? "$(check) " : ""}${technique.id}` };
    if (refusal === undefined) {
      const cost = costOf(app, environment, technique.id);
      offered.push({
        ...common,
        description: [technique.title, cost, technique.hypothetical ? t("no processor has it") : undefined]
          .filter((part) => part !== undefined)
          .join("  ·  "),
        detail: t(technique.summary),
      });
    } else {
      const reason = refusedText(refusal, t);
      refused.push({ ...common, description: technique.title, detail: reason, refusal: reason });
    }
  }
  const chosen = await ask(
    [...offered, ...(refused.length === 0 ? [] : [separator(t("Not offered on {0}", environment))]), ...refused],
    t("How dirty pages are found on {0}", environment),
  );
  if (chosen === undefined) return;
  if (chosen.refusal !== undefined) {
    void vscode.window.showWarningMessage(chosen.refusal);
    return;
  }
  const technique = TECHNIQUE_IDS.find((id) => id === chosen.id);
  if (technique !== undefined) await choose(app, { environment, technique });
}

/** Lets the user choose how the guest is hosted. */
export async function chooseEnvironment(app: App): Promise<void> {
  const { t } = vscode.l10n;
  const now = machineNow(app);
  const choices = ENVIRONMENTS.map((id): Choice => {
    const refusal = machineRefusal(chosenMachine(now, { environment: id }));
    const cost = costOf(app, id, now.technique);
    return {
      id,
      label: `${id === now.environment ? "$(check) " : ""}${id}`,
      description:
        refusal === undefined ? (cost ?? "") : t("{0} is not offered there: choose another one", now.technique),
      detail: environmentDetail(id),
      refusal: refusal && refusedText(refusal, t),
    };
  });
  const chosen = await ask(choices, t("How the guest is hosted"));
  if (chosen === undefined) return;
  const environment = ENVIRONMENTS.find((id) => id === chosen.id) ?? now.environment;
  if (chosen.refusal === undefined) await choose(app, { environment });
  else await chooseTechnique(app, environment);
}

/** Lets the user choose the machine whose prices count. */
export async function choosePrices(app: App): Promise<void> {
  const { t } = vscode.l10n;
  const calibrated = await calibratedProfile(app.extension);
  try {
    const files = calibrated === undefined ? {} : { files: [calibrated.fsPath] };
    const { profiles } = await app.session.client.ask("profiles", files);
    const now = runProfile(app);
    const choices = profiles.map((entry): Choice => {
      const { profile } = entry;
      const id = profileId(entry);
      return {
        id,
        label: `${id === now ? "$(check) " : ""}${profile.name}`,
        description: `${profile.machine}, ${profile.year}, ${profile.ghz} GHz`,
        detail: profile.title,
      };
    });
    const file: Choice = { id: "", label: `$(folder-opened) ${t("From a file...")}` };
    const chosen = await ask([...choices, separator(""), file], t("The machine whose prices count"));
    if (chosen === undefined) return;
    const prices = chosen.id === "" ? await pickFile() : chosen.id;
    if (prices !== undefined) await choose(app, { prices });
  } catch (error) {
    await tell(app, error);
  }
}

function runProfile({ runs }: App): string {
  const { profile } = (runs.current?.perspective ?? perspectiveOf(undefined)).prices;
  return typeof profile === "string" ? profile : profile.name;
}

async function pickFile(): Promise<string | undefined> {
  const [file] =
    (await vscode.window.showOpenDialog({
      filters: { [vscode.l10n.t("Price profiles")]: ["json"] },
      openLabel: vscode.l10n.t("Use These Prices"),
    })) ?? [];
  return file?.fsPath;
}

function separator(label: string): Choice {
  return { id: "", label, kind: vscode.QuickPickItemKind.Separator };
}

function ask(choices: readonly Choice[], title: string): Promise<Choice | undefined> {
  return pickOne(choices, { title, matchOnDescription: true, matchOnDetail: true });
}
