import { relative, resolve } from "node:path";
import * as vscode from "vscode";
import { endText } from "../editor/problems.ts";
import { isProgramFile, takesCheckpoints, workingDirectoryOf } from "../editor/program-files.ts";
import { programOf, type Run } from "../editor/runs.ts";
import { programSettings } from "../editor/settings.ts";
import type { MachineOptions } from "../run/machine.ts";
import type { Call } from "../session/client.ts";
import type { RunId, RunSummary } from "../session/figures.ts";
import { SessionFailure } from "../session/messages.ts";
import type { CompileParams, RunParams, RunProgress } from "../session/methods.ts";
import { type App, isTrusted, tell } from "./app.ts";
import type { LastRun } from "./last-run.ts";
import { programInFront } from "./program-in-front.ts";
import { showProgress } from "./run-progress.ts";

/** Compilers that nobody used for two minutes are let go: who types on wants them again. */
const LOAD_AGAIN_MS = 60_000;

/** So long it is said that a run did not take place. */
const REPEATED_MS = 5000;
/** Until the marks of a run stand behind their lines. */
const MARKS_MS = 200;

/** `asked`: somebody waits for it. `saved`: it happens by itself, and keeps quiet. */
type Reason = "asked" | "saved";

/** The panel that shows runs. */
export interface PanelOfRuns {
  /** Is told of each run that somebody waits for, as it begins. */
  follow(running: Promise<Run>): void;
  /** Resolves when the first figures of a run that has just come are in sight, or nobody looks. */
  painted(run: RunId): Promise<void>;
}

/** Runs programs, one at a time: a second one takes the place of the first. */
export class ProgramRunner {
  readonly #app: App;
  readonly #lastRun: LastRun;
  readonly #panel: PanelOfRuns;
  #running: Call<RunSummary> | undefined;
  /** Grows with each program that begins. */
  #turn = 0;
  /** The last that came to its end. */
  #newest: Run | undefined;
  /** Programs that were made ready, as they were then. */
  readonly #prepared = new Set<string>();
  /** What runs, or ran last, without anybody having asked for it. */
  #ahead: Call<null> | undefined;
  /** When it was last seen to that their compilers are loaded, by the documents that change. */
  readonly #loaded = new Map<string, number>();

  constructor(app: App, lastRun: LastRun, panel: PanelOfRuns) {
    this.#app = app;
    this.#lastRun = lastRun;
    this.#panel = panel;
  }

  /** Runs a file, or the program in front. */
  async run(uri: vscode.Uri | undefined, reason: Reason = "asked"): Promise<Run | undefined> {
    const program = uri ?? programInFront(this.#app.runs.current);
    if (program === undefined || !isProgramFile(program)) {
      void vscode.window.showInformationMessage(
        vscode.l10n.t("Open a program first: a file .c, .cc, .cpp, .cxx, .ts (AssemblyScript), .wasm or .wat."),
      );
      return undefined;
    }
    if (!isTrusted()) return undefined;
    if (program.scheme === "untitled") {
      void vscode.window.showInformationMessage(vscode.l10n.t("Save the program first: a compiler reads files."));
      return undefined;
    }
    const directory = workingDirectoryOf(program);
    await saveSources(directory);
    this.stop();
    this.#turn++;
    this.#app.runs.cancelComparisons();
    try {
      const running = this.#runNow(program, directory, reason);
      if (reason === "asked") this.#panel.follow(running);
      return await running;
    } catch (error) {
      await this.#explain(error, program, directory, reason);
      return undefined;
    }
  }

  /**
   * Compiles what may be run next, makes it ready, and runs it where the settings allow that, so that its figures are there when
   * they are asked for: once for each text, in the background. What is wrong with it is told when it is run.
   */
  prepare(document: vscode.TextDocument): void {
    const { uri, isDirty, version } = document;
    const key = `${uri} ${version}`;
    if (isDirty || !vscode.workspace.isTrusted || this.#prepared.has(key)) return;
    this.#prepared.add(key);
    this.#prepareNow(uri).catch(() => {});
  }

  async #prepareNow(program: vscode.Uri): Promise<void> {
    const { runs, session } = this.#app;
    const directory = workingDirectoryOf(program);
    const turn = this.#turn;
    // Of a text that is no more, or of what is in front no more.
    this.#ahead?.cancel();
    await session.client.ask("compile", compileParamsOf(program, directory));
    if (programSettings(program).rerun === "off") return;
    // It says how the program will be looked at.
    await this.#lastRun.restore();
    const { perspectiveFor } = await import("./perspective.ts");
    if (turn !== this.#turn) return;
    const params = paramsOf(program, directory, perspectiveFor(runs, program).perspective.machine);
    this.#ahead = session.client.call("runAhead", params);
    await this.#ahead.result;
  }

  /** Has the compiler of a program that is being changed loaded by the time that it is saved. */
  loadCompilerAhead(document: vscode.TextDocument): void {
    const { uri } = document;
    const now = Date.now();
    // Comes with every key.
    if (!vscode.workspace.isTrusted || now - (this.#loaded.get(`${uri}`) ?? 0) < LOAD_AGAIN_MS) return;
    this.#loaded.set(`${uri}`, now);
    if (!takesCheckpoints(document)) return;
    this.#app.session.client.ask("loadCompiler", compileParamsOf(uri, workingDirectoryOf(uri))).catch(() => {});
  }

  async runAgain(run: Run): Promise<void> {
    const program = programOf(run);
    if (program === undefined) tellNowhere(run);
    else await this.run(program);
  }

  /** The run of a program's text as it is now: one that is known, or a new one. */
  async upToDate(program: vscode.Uri): Promise<Run | undefined> {
    await saveSources(workingDirectoryOf(program));
    const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === program.toString());
    const known = document === undefined ? undefined : this.#app.runs.forDocument(document)?.run;
    return known?.uri.toString() === program.toString() ? known : this.run(program);
  }

  /** What the session needs for a program, by the settings. */
  paramsOf(program: vscode.Uri, machine: MachineOptions): RunParams {
    return paramsOf(program, workingDirectoryOf(program), machine);
  }

  /** Ends what runs now. */
  stop(): void {
    if (this.#running === undefined) return;
    this.#running.cancel();
    this.#nowRunning(undefined);
  }

  #nowRunning(call: Call<RunSummary> | undefined): void {
    this.#running = call;
    void vscode.commands.executeCommand("setContext", "checkpointLens.running", call !== undefined);
  }

  async #runNow(program: vscode.Uri, directory: vscode.Uri, reason: Reason): Promise<Run> {
    const { runs, session, problems } = this.#app;
    const { perspectiveFor } = await import("./perspective.ts");
    const params = paramsOf(program, directory, perspectiveFor(runs, program).perspective.machine);
    const title = vscode.l10n.t("Checkpoint Lens: {0}", params.paths[0]);
    let call: Call<RunSummary> | undefined;
    let run: Run;
    try {
      const summary = await showProgress(title, reason === "asked", (report) => {
        call = session.client.call("run", params, (step) => report(stepText(step)));
        this.#nowRunning(call);
        return call;
      });
      // The run before may have been looked at otherwise meanwhile.
      const { perspective, settings } = perspectiveFor(runs, program);
      run = runs.add(summary, program, perspective, settings);
      this.#newest = run;
    } finally {
      if (this.#running === call) this.#nowRunning(undefined);
    }
    const { summary } = run;
    problems.showRun(program, directory, summary);
    this.#report(summary, reason);
    void this.#afterwards(run, directory);
    return run;
  }

  /**
   * What nobody waits for: the other techniques, and a copy that outlives the window. It begins when the run's figures are in
   * sight, from which it would take the processors, and gives way to the next run.
   */
  async #afterwards(run: Run, directory: vscode.Uri): Promise<void> {
    const { runs } = this.#app;
    const turn = this.#turn;
    await Promise.all([this.#panel.painted(run.id), new Promise((resolve) => setTimeout(resolve, MARKS_MS))]);
    try {
      if (this.#turn === turn) await runs.compareOnce(run);
    } catch (error) {
      if (!(error instanceof SessionFailure)) await tell(this.#app, error);
    }
    if (this.#newest === run && runs.byId(run.id) === run) await this.#lastRun.keep(run, directory);
  }

  #report(summary: RunSummary, reason: Reason): void {
    const { output } = this.#app;
    const { program, isRepeated, ending, stdout, stderr } = summary;
    output.info(`${program.path} ${program.args.join(" ")}`.trim());
    if (isRepeated) {
      const why = vscode.l10n.t("Nothing has changed since {0} ran: it would do the same again.", program.path);
      output.info(why);
      if (reason === "asked") vscode.window.setStatusBarMessage(why, REPEATED_MS);
    }
    for (const bytes of [stdout, stderr]) {
      const text = new TextDecoder().decode(bytes).trimEnd();
      if (text !== "") output.append(`${text}\n`);
    }
    if (ending.kind === "exit" && ending.code === 0) return;
    const why =
      ending.kind === "exit"
        ? vscode.l10n.t("{0} ended with exit code {1}.", program.path, ending.code)
        : `${program.path}: ${endText(ending)}`;
    output.warn(why);
    if (reason === "saved") return;
    const show = vscode.l10n.t("Show Output");
    void vscode.window.showWarningMessage(why, show).then((chosen) => {
      if (chosen === show) output.show();
    });
  }

  async #explain(error: unknown, program: vscode.Uri, directory: vscode.Uri, reason: Reason): Promise<void> {
    if (!(error instanceof SessionFailure) || error.error.kind !== "compileError") {
      await tell(this.#app, error);
      return;
    }
    const { diagnostics, message } = error.error;
    this.#app.output.info(message);
    this.#app.problems.showCompileErrors(program, directory, diagnostics);
    if (reason === "saved") return;
    const show = vscode.l10n.t("Show Problems");
    const name = relative(directory.fsPath, program.fsPath);
    const chosen = await vscode.window.showErrorMessage(vscode.l10n.t("{0} does not compile.", name), show);
    if (chosen === show) await vscode.commands.executeCommand("workbench.actions.view.problems");
  }
}

/** Tells the user that nobody knows where a run's program is. */
export function tellNowhere({ summary }: Run): void {
  void vscode.window.showInformationMessage(
    vscode.l10n.t("The program of this run, {0}, is not in this folder.", summary.program.path),
  );
}

/** A compiler reads what is on disk. */
async function saveSources(directory: vscode.Uri): Promise<void> {
  const below = directory.path.endsWith("/") ? directory.path : `${directory.path}/`;
  for (const document of vscode.workspace.textDocuments) {
    const { uri, isDirty, languageId } = document;
    const isSource = isProgramFile(uri) || ["c", "cpp", "typescript"].includes(languageId);
    if (isDirty && isSource && uri.scheme === directory.scheme && uri.path.startsWith(below)) await document.save();
  }
}

function paramsOf(program: vscode.Uri, directory: vscode.Uri, machine: MachineOptions): RunParams {
  const settings = programSettings(program);
  return {
    ...compileParamsOf(program, directory),
    args: settings.arguments,
    machine,
  };
}

function compileParamsOf(program: vscode.Uri, directory: vscode.Uri): CompileParams {
  const settings = programSettings(program);
  const sources = settings.sources.map((path) => resolve(directory.fsPath, path));
  const paths = sources.includes(program.fsPath) ? sources : [program.fsPath];
  return {
    workingDirectory: directory.fsPath,
    paths: paths.map((path) => relative(directory.fsPath, path)),
    includeDirectories: settings.includeDirectories.map((path) => resolve(directory.fsPath, path)),
    compilerArguments: settings.compilerArguments,
    maxMemoryMiB: settings.maxMemoryMiB,
  };
}

function stepText(step: RunProgress): string {
  const { t } = vscode.l10n;
  switch (step.stage) {
    case "compiling":
      return t("compiling");
    case "starting":
      return t("running");
    case "running":
      return step.checkpoints === 0 ? t("running") : t("running, checkpoint {0}", step.checkpoints);
    case "keeping":
      return t("reading the figures");
  }
}
