import * as vscode from "vscode";
import { optionsIn, refusalOf } from "../checkpoint/refusal.ts";
import { ENVIRONMENTS, type Environment } from "../checkpoint/technique.ts";
import { TECHNIQUES } from "../checkpoint/techniques.ts";
import { overhead } from "../editor/wording.ts";
import type { MachineOptions } from "../run/machine.ts";
import type { ComparisonCell } from "../session/figures.ts";
import { refusedText } from "../session/refused-text.ts";
import { type App, tell } from "./app.ts";
import { calibratedProfile } from "./calibrate.ts";
import { perspectiveOf, setMachine } from "./perspective.ts";

/** How a technique finds written pages, in a line. */
function techniqueDetail(id: string): string {
  const { t } = vscode.l10n;
  const details: Readonly<Record<string, string>> = {
    "full-copy": t("Finds nothing: everything is copied each time."),
    mprotect: t("Pages are read-only; the first write raises SIGSEGV, whose handler opens the page."),
    "soft-dirty": t("Linux closes all pages; the first write faults in the kernel, which sets a bit."),
    "uffd-wp": t("userfaultfd protects pages; the first write becomes an event for a thread."),
    "uffd-wp-sigbus": t("userfaultfd protects pages; the first write becomes a signal."),
    hash: t("No write is noticed; each page is hashed at a checkpoint."),
    "hv-protect": t("Xen write-protects pages; the first write traps to Xen, which sets a bit in a shared bitmap."),
    "hv-emulate": t("Pages stay protected; Xen emulates each write and logs its bytes."),
    "hv-hybrid": t("Xen emulates the first writes of a page and logs them, then opens it."),
    "hv-scan": t("Xen clears the dirty bits of page tables, and reads them at a checkpoint."),
    spml: t("The processor logs written pages; Xen drains the log."),
    epml: t("The processor logs written pages; the guest drains the log."),
    remus: t("Xen tracks the whole guest, which pauses while it is copied."),
  };
  return details[id] ?? "";
}

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
  const machine = optionsIn(environment, { ...machineNow(app), environment });
  const offered: Choice[] = [];
  const refused: Choice[] = [];
  for (const technique of TECHNIQUES) {
    const refusal = refusalOf(technique, machine);
    const isNow = technique.id === machineNow(app).technique;
    const common = { id: technique.id, label: `${isNow ? "$(check) " : ""}${technique.id}` };
    if (refusal === undefined) {
      const cost = costOf(app, environment, technique.id);
      offered.push({
        ...common,
        description: [technique.title, cost, technique.hypothetical ? t("no processor has it") : undefined]
          .filter((part) => part !== undefined)
          .join("  ·  "),
        detail: techniqueDetail(technique.id),
      });
    } else {
      const reason = refusedText(refusal, t);
      refused.push({ ...common, description: technique.title, detail: reason, refusal: reason });
    }
  }
  const chosen = await pickOne(
    [...offered, ...(refused.length === 0 ? [] : [separator(t("Not offered on {0}", environment))]), ...refused],
    t("How dirty pages are found on {0}", environment),
  );
  if (chosen === undefined) return;
  if (chosen.refusal !== undefined) {
    void vscode.window.showWarningMessage(chosen.refusal);
    return;
  }
  await setMachine({ environment, technique: chosen.id });
}

/** Lets the user choose how the guest is hosted. */
export async function chooseEnvironment(app: App): Promise<void> {
  const { t } = vscode.l10n;
  const now = machineNow(app);
  const technique = TECHNIQUES.find(({ id }) => id === now.technique) ?? TECHNIQUES[0];
  const choices = ENVIRONMENTS.map((id): Choice => {
    const refusal = refusalOf(technique, optionsIn(id, { ...now, environment: id }));
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
  const chosen = await pickOne(choices, t("How the guest is hosted"));
  if (chosen === undefined) return;
  const environment = ENVIRONMENTS.find((id) => id === chosen.id) ?? now.environment;
  if (chosen.refusal === undefined) await setMachine({ environment });
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
    const choices = profiles.map(({ profile, builtIn }): Choice => {
      const id = builtIn ? profile.name : (calibrated?.fsPath ?? profile.name);
      return {
        id,
        label: `${id === now ? "$(check) " : ""}${profile.name}`,
        description: `${profile.machine}, ${profile.year}, ${profile.ghz} GHz`,
        detail: profile.title,
      };
    });
    const file: Choice = { id: "", label: `$(folder-opened) ${t("From a file...")}` };
    const chosen = await pickOne([...choices, separator(""), file], t("The machine whose prices count"));
    if (chosen === undefined) return;
    const prices = chosen.id === "" ? await pickFile() : chosen.id;
    if (prices !== undefined) await setMachine({ prices });
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

/** Within this after it is shown nobody has looked at it. */
const UNSEEN_MS = 500;

/**
 * Asks for one of some choices. The palette that a command was chosen in gives the keyboard back to the panel when it closes, at
 * times so late that it hides what is shown by then: that is asked once more.
 */
async function pickOne(choices: readonly Choice[], title: string): Promise<Choice | undefined> {
  const ask = () => vscode.window.showQuickPick(choices, { title, matchOnDescription: true, matchOnDetail: true });
  const shown = Date.now();
  const chosen = await ask();
  return chosen === undefined && Date.now() - shown < UNSEEN_MS ? ask() : chosen;
}
