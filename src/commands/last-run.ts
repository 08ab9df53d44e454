import { isDeepStrictEqual } from "node:util";
import * as vscode from "vscode";
import type { Run } from "../editor/runs.ts";
import type { Perspective, RunId } from "../session/figures.ts";
import type { App } from "./app.ts";

const KEY = "checkpointLens.lastRun";
const FILE = "last-run.cklens";

interface Kept {
  readonly program: string;
  readonly directory: string;
  readonly perspective: Perspective;
  readonly settings: Perspective;
}

/** The last run of a workspace, kept so that it is there again when the window is loaded again. */
export class LastRun {
  readonly #app: App;
  #restoring: Promise<void> | undefined;
  /** What is kept, and of which run. */
  #kept: { readonly run: RunId; readonly kept: Kept } | undefined;

  constructor(app: App) {
    this.#app = app;
    app.extension.subscriptions.push(app.runs.onDidSettle(() => void this.#keepPerspective()));
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
        ...lookOf(run),
      };
      this.#kept = { run: run.id, kept };
      await extension.workspaceState.update(KEY, kept);
    } catch (error) {
      output.warn(`the last run is not kept: ${String(error)}`);
    }
  }

  /** The user wants it no more. */
  async forget(): Promise<void> {
    this.#kept = undefined;
    await this.#app.extension.workspaceState.update(KEY, undefined);
    try {
      await vscode.workspace.fs.delete(this.#file);
    } catch {
      // None was kept.
    }
  }

  /** The user has closed a run: the kept one is wanted no more. */
  async closed({ id }: Run): Promise<void> {
    if (this.#kept?.run === id) await this.forget();
  }

  /** Brings it back when nothing has been run since; what cannot be read is forgotten. */
  restore(): Promise<void> {
    this.#restoring ??= this.#restore();
    return this.#restoring;
  }

  /** The kept run comes back as it was looked at last. */
  async #keepPerspective(): Promise<void> {
    const { extension, runs, output } = this.#app;
    const run = this.#kept && runs.byId(this.#kept.run);
    if (this.#kept === undefined || run === undefined || isDeepStrictEqual(lookOf(run), lookOf(this.#kept.kept)))
      return;
    const kept = { ...this.#kept.kept, ...lookOf(run) };
    this.#kept = { run: run.id, kept };
    try {
      await extension.workspaceState.update(KEY, kept);
    } catch (error) {
      output.warn(`how the last run is looked at is not kept: ${String(error)}`);
    }
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
      // An earlier version kept no settings.
      const { perspective, settings = perspective } = kept;
      const run = runs.add(summary, vscode.Uri.parse(kept.program), perspective, settings);
      this.#kept = { run: run.id, kept };
      runs.compare(run, "own").catch(() => {}); // The status bar goes without; a run that begins ends it.
    } catch (error) {
      output.info(`the last run is not there any more: ${String(error)}`);
      await extension.workspaceState.update(KEY, undefined);
    }
  }
}

function lookOf({
  perspective,
  settings,
}: Pick<Kept, "perspective" | "settings">): Pick<Kept, "perspective" | "settings"> {
  return { perspective, settings };
}
