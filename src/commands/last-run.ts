import * as vscode from "vscode";
import type { Run } from "../editor/runs.ts";
import type { Perspective } from "../session/figures.ts";
import type { App } from "./app.ts";

const KEY = "checkpointLens.lastRun";
const FILE = "last-run.cklens";

interface Kept {
  readonly program: string;
  readonly directory: string;
  readonly perspective: Perspective;
}

/** The last run of a workspace, kept so that it is there again when the window is loaded again. */
export class LastRun {
  readonly #app: App;
  #restoring: Promise<void> | undefined;

  constructor(app: App) {
    this.#app = app;
  }

  /** One that cannot be kept is only gone with the window. */
  async keep(run: Run, directory: vscode.Uri): Promise<void> {
    const { extension, session, runs, output } = this.#app;
    try {
      await vscode.workspace.fs.createDirectory(this.#folder);
      await session.client.ask("saveRunFile", { run: run.id, path: this.#file.fsPath });
      if (runs.byId(run.id) === undefined) {
        await this.forget();
        return;
      }
      const kept: Kept = {
        program: run.uri.toString(),
        directory: directory.toString(),
        perspective: run.perspective,
      };
      await extension.workspaceState.update(KEY, kept);
    } catch (error) {
      output.warn(`the last run is not kept: ${String(error)}`);
    }
  }

  /** The user wants it no more. */
  async forget(): Promise<void> {
    await this.#app.extension.workspaceState.update(KEY, undefined);
    try {
      await vscode.workspace.fs.delete(this.#file);
    } catch {
      // None was kept.
    }
  }

  /** Brings it back when nothing has been run since; what cannot be read is forgotten. */
  restore(): Promise<void> {
    this.#restoring ??= this.#restore();
    return this.#restoring;
  }

  get #folder(): vscode.Uri {
    return this.#app.extension.storageUri ?? this.#app.extension.globalStorageUri;
  }

  get #file(): vscode.Uri {
    return vscode.Uri.joinPath(this.#folder, FILE);
  }

  async #restore(): Promise<void> {
    const { extension, session, runs, output } = this.#app;
    const kept = extension.workspaceState.get<Kept>(KEY);
    if (kept === undefined || runs.current !== undefined) return;
    try {
      const directory = vscode.Uri.parse(kept.directory);
      const params = { path: this.#file.fsPath, workingDirectory: directory.fsPath };
      const summary = await session.client.ask("openRunFile", params);
      if (runs.current !== undefined || extension.workspaceState.get(KEY) === undefined) {
        await session.client.ask("close", { run: summary.run });
        return;
      }
      const run = runs.add(summary, vscode.Uri.parse(kept.program), kept.perspective);
      runs.compare(run, "own").catch(() => {}); // The status bar goes without; a run that begins ends it.
    } catch (error) {
      output.info(`the last run is not there any more: ${String(error)}`);
      await extension.workspaceState.update(KEY, undefined);
    }
  }
}
