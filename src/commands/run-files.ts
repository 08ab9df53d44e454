import * as vscode from "vscode";
import { workingDirectoryOf } from "../editor/program-files.ts";
import type { Run } from "../editor/runs.ts";
import { RUN_FILE_EDITOR } from "../panel/run-file-editor.ts";
import { type App, tell } from "./app.ts";

/** Lets the user choose a run file, and opens it. */
export async function openRunFile(): Promise<void> {
  const [file] = (await vscode.window.showOpenDialog({ openLabel: vscode.l10n.t("Open Run") })) ?? [];
  if (file !== undefined) await vscode.commands.executeCommand("vscode.openWith", file, RUN_FILE_EDITOR);
}

/** Reads a run file. @throws SessionFailure with a sentence that says what is wrong with it */
export async function readRunFile(app: App, uri: vscode.Uri): Promise<Run> {
  const summary = await app.session.client.ask("openRunFile", {
    path: uri.fsPath,
    workingDirectory: workingDirectoryOf(uri).fsPath,
  });
  const { perspectiveOf } = await import("./perspective.ts");
  const settings = perspectiveOf(uri);
  const run = app.runs.add(summary, uri, { machine: summary.machine, prices: settings.prices }, settings);
  app.runs.compare(run, "own").catch(() => {}); // The status bar goes without.
  return run;
}

/** Keeps a what-if profile where the user says, and offers to count with it. */
export async function saveProfile(app: App, profile: unknown): Promise<void> {
  const target = await vscode.window.showSaveDialog({
    filters: { [vscode.l10n.t("Price profiles")]: ["json"] },
    saveLabel: vscode.l10n.t("Save Profile"),
  });
  if (target === undefined) return;
  try {
    // The session checks the profile before it writes.
    await app.session.client.ask("saveProfile", { path: target.fsPath, profile: profile as never });
  } catch (error) {
    await tell(app, error);
    return;
  }
  const { t } = vscode.l10n;
  const { choose } = await import("./perspective.ts");
  const { recount } = await import("./profile-files.ts");
  recount(app, target.fsPath);
  const [use, open] = [t("Use It"), t("Open")];
  const saved = target.path.slice(target.path.lastIndexOf("/") + 1);
  const chosen = await vscode.window.showInformationMessage(t("{0} was saved.", saved), use, open);
  if (chosen === use) await choose(app, { prices: target.fsPath });
  else if (chosen === open) await vscode.commands.executeCommand("vscode.open", target);
}
