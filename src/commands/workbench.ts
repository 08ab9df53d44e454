import * as vscode from "vscode";
import { isProgramFile, takesCheckpoints } from "../editor/program-files.ts";
import { programSettings, SECTION } from "../editor/settings.ts";
import type { App } from "./app.ts";
import type { LastRun } from "./last-run.ts";
import type { ProgramRunner } from "./run-program.ts";

/** How long settings that change together take. */
const SETTLE_MS = 60;
/** Long enough for the window to be there first. */
const WARM_UP_AFTER_MS = 500;

/**
 * Tells the window what can be run, makes what may be run next ready while it is open, changed and saved, and runs programs
 * again when they are saved, where the settings say so.
 */
export function followEditors(app: App, runner: ProgramRunner, lastRun: LastRun): readonly vscode.Disposable[] {
  let warmUp: NodeJS.Timeout | undefined;
  const look = (editor: vscode.TextEditor | undefined): void => {
    if (editor !== undefined) app.runs.showFor(editor.document);
    const isProgram = editor !== undefined && takesCheckpoints(editor.document);
    void vscode.commands.executeCommand("setContext", "checkpointLens.takesCheckpoints", isProgram);
    if (!isProgram) return;
    warmUp ??= setTimeout(() => void lastRun.restore(), WARM_UP_AFTER_MS);
    runner.prepare(editor.document);
  };
  let hasRun = false;
  const tellRuns = (): void => {
    if (hasRun === (app.runs.current !== undefined)) return;
    hasRun = !hasRun;
    void vscode.commands.executeCommand("setContext", "checkpointLens.hasRun", hasRun);
  };
  look(vscode.window.activeTextEditor);
  return [
    { dispose: () => clearTimeout(warmUp) },
    vscode.window.onDidChangeActiveTextEditor(look),
    app.runs.onDidChange(tellRuns),
    app.runs.onDidFail((error) => void vscode.window.showErrorMessage(error.message)),
    app.session.onDidEnd((reason) => {
      app.output.error(reason);
      void vscode.window.showErrorMessage(
        vscode.l10n.t("The session ended, and its runs with it. Run the program again. ({0})", reason),
      );
    }),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0) runner.loadCompilerAhead(document);
    }),
    vscode.workspace.onDidSaveTextDocument((document) => {
      const { uri } = document;
      const { activeTextEditor } = vscode.window;
      // It may take checkpoints now.
      if (activeTextEditor?.document === document) look(activeTextEditor);
      else if (takesCheckpoints(document)) runner.prepare(document);
      if (!isProgramFile(uri) || !vscode.workspace.isTrusted) return;
      if (programSettings(uri).rerun !== "onSave") return;
      const run = app.runs.all.find(({ summary }) => summary.sources.some(({ path }) => path === uri.fsPath));
      if (run !== undefined && isProgramFile(run.uri)) void runner.run(run.uri, "saved");
    }),
  ];
}

/** Looks at the shown run as settings say that change. */
export function followSettings({ runs }: App): readonly vscode.Disposable[] {
  let timer: NodeJS.Timeout | undefined;
  const follow = async (): Promise<void> => {
    if (runs.current !== undefined) (await import("./perspective.ts")).followSettingsNow(runs);
  };
  return [
    { dispose: () => clearTimeout(timer) },
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration(`${SECTION}.machine`)) return;
      // A choice may change several settings, one after the other.
      clearTimeout(timer);
      timer = setTimeout(() => void follow(), SETTLE_MS);
    }),
  ];
}

/** Shows or hides the costs behind lines, for the user. */
export async function toggleInlineCosts(): Promise<void> {
  const settings = vscode.workspace.getConfiguration(SECTION);
  const isWorkspaces = settings.inspect("inlineCosts.enabled")?.workspaceValue !== undefined;
  await settings.update("inlineCosts.enabled", settings.get("inlineCosts.enabled") === false, !isWorkspaces);
}
