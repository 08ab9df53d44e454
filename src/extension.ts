import * as vscode from "vscode";
import type { App } from "./commands/app.ts";
import { LastRun } from "./commands/last-run.ts";
import { openRunFile, readRunFile, saveProfile } from "./commands/run-files.ts";
import { ProgramRunner, tellNowhere } from "./commands/run-program.ts";
import type { BytesOfRun } from "./commands/show-bytes.ts";
import { followEditors, followSettings, toggleInlineCosts } from "./commands/workbench.ts";
import { CodeLenses } from "./editor/code-lenses.ts";
import { CostHovers } from "./editor/hovers.ts";
import { InlineCosts } from "./editor/inline-costs.ts";
import { Problems } from "./editor/problems.ts";
import { RestartProblems } from "./editor/restart-problems.ts";
import { Restarts } from "./editor/restarts.ts";
import { programOf, type Run, Runs } from "./editor/runs.ts";
import { type RunNode, RunsView } from "./editor/runs-view.ts";
import { SessionHost } from "./editor/session-host.ts";
import { StatusBar } from "./editor/status-bar.ts";
import { BytesPanel } from "./panel/bytes-panel.ts";
import type { BytesPlace, PictureFormat, PictureName } from "./panel/messages/messages.ts";
import { Panel, type Picked } from "./panel/panel.ts";
import { RUN_FILE_EDITOR, RunFileEditor } from "./panel/run-file-editor.ts";

/** Wires commands, views and providers to what does their work; what needs the whole simulator is loaded when it is used. */
export function activate(context: vscode.ExtensionContext): void {
  const session = new SessionHost(vscode.Uri.joinPath(context.extensionUri, "dist", "session.js").fsPath);
  const runs = new Runs(session);
  const problems = new Problems();
  const restarts = new Restarts();
  const restartProblems = new RestartProblems(restarts);
  const output = vscode.window.createOutputChannel("Checkpoint Lens", { log: true });
  const app: App = { extension: context, session, runs, problems, restarts, output };
  const lastRun = new LastRun(app);
  const runner = new ProgramRunner(app, lastRun, {
    follow: (running) => panel.follow(running),
    painted: (run) => panel.painted(run),
  });
  const panelContext = {
    extension: context.extensionUri,
    runs,
    restarts,
    session,
    audit: async (run: Run) => {
      const program = programOf(run);
      if (program === undefined) tellNowhere(run);
      else await restart(true, program);
    },
    saveProfile: (profile: unknown) => saveProfile(app, profile),
    runAgain: (run: Run) => runner.runAgain(run),
    openSample: async (column: vscode.ViewColumn) =>
      (await import("./commands/open-sample.ts")).openSample(context, column),
    showBytes: (run: Run, place: BytesPlace, column: vscode.ViewColumn) => bytesPanel.show(run, place, column),
    saveView: async (run: Run, view: PictureName, draw: (format: PictureFormat) => Promise<Uint8Array>) =>
      (await import("./commands/export-view.ts")).saveView(app, run, view, draw),
  };
  const restart = async (audited: boolean, uri?: vscode.Uri): Promise<void> => {
    const { restartProgram } = await import("./commands/restarts.ts");
    const show = (run: Run) => panel.show({ run: run.id, picked: { tab: "restarts" } });
    await restartProgram(app, runner, audited, show, uri);
  };
  const panel = new Panel(panelContext, () => lastRun.restore());
  const bytesPanel = new BytesPanel(
    {
      extension: context.extensionUri,
      runs,
      session,
      showPage: (run, page) => panel.show({ run, picked: { page } }),
    },
    () => lastRun.restore(),
  );
  const codeLenses = new CodeLenses(runs);
  const runsView = new RunsView(runs);
  const files = { scheme: "file" };
  const command = (name: string, run: (...args: never[]) => unknown): vscode.Disposable =>
    vscode.commands.registerCommand(`checkpointLens.${name}`, run);

  context.subscriptions.push(
    ...[
      session,
      runs,
      problems,
      restarts,
      restartProblems,
      output,
      panel,
      bytesPanel,
      codeLenses,
      runsView,
      new InlineCosts(runs),
      new StatusBar(runs),
    ],
    vscode.languages.registerCodeLensProvider(files, codeLenses),
    vscode.languages.registerHoverProvider(files, new CostHovers(runs)),
    vscode.languages.registerCodeActionsProvider(files, restartProblems, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
    vscode.window.registerTreeDataProvider("checkpointLens.runs", runsView),
    vscode.window.registerCustomEditorProvider(
      RUN_FILE_EDITOR,
      new RunFileEditor(panelContext, (uri) => readRunFile(app, uri)),
    ),
    ...followEditors(app, runner, lastRun),
    ...followSettings(app),
    command("run", (uri?: vscode.Uri) => runner.run(uri)),
    command("audit", (uri?: vscode.Uri) => restart(true, uri)),
    command("crash", (uri?: vscode.Uri) => restart(false, uri)),
    command("stop", () => runner.stop()),
    command("compare", async () => (await import("./commands/compare.ts")).compareTechniques(app, runner)),
    command("chooseTechnique", async () => (await import("./commands/choose.ts")).chooseTechnique(app)),
    command("chooseEnvironment", async () => (await import("./commands/choose.ts")).chooseEnvironment(app)),
    command("choosePrices", async () => (await import("./commands/choose.ts")).choosePrices(app)),
    command("calibrate", async () => (await import("./commands/calibrate.ts")).calibrate(app)),
    command("showPanel", (picked?: Picked) => panel.show(picked)),
    command("showCostliestLine", async () =>
      (await import("./commands/costliest-line.ts")).showCostliestLine(app, runner, panel.columnForOthers),
    ),
    command("showBytes", async (given?: BytesOfRun) =>
      (await import("./commands/show-bytes.ts")).showBytes(app, given, (run, place) =>
        bytesPanel.show(run, place, panel.columnForOthers),
      ),
    ),
    command("toggleInlineCosts", () => toggleInlineCosts()),
    command("clear", () => {
      runs.clear();
      problems.clear();
      restarts.clear();
      return lastRun.forget();
    }),
    command("closeRun", (node: RunNode) => {
      runs.close(node.run);
      return lastRun.closed(node.run);
    }),
    command("openRunFile", () => openRunFile()),
    command("exportRun", async () => (await import("./commands/export-run.ts")).exportRun(app)),
    command("exportView", async () => {
      const view = await (await import("./commands/export-view.ts")).chooseView();
      if (view !== undefined) await panel.exportView(view);
    }),
    command("openSample", async () => (await import("./commands/open-sample.ts")).openSample(context)),
  );
}
