import * as vscode from "vscode";
import type { Run, Runs } from "../editor/runs.ts";
import { type PanelContext, PanelView } from "./panel-view.ts";

export const RUN_FILE_EDITOR = "checkpointLens.runFile";

class RunFile implements vscode.CustomDocument {
  readonly uri: vscode.Uri;
  readonly #runs: Runs;
  /** Comes with the run, or with the sentence that says why there is none; never rejects. */
  readonly opened: Promise<Run | string>;

  constructor(uri: vscode.Uri, runs: Runs, opening: Promise<Run>) {
    this.uri = uri;
    this.#runs = runs;
    this.opened = opening.catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  }

  dispose(): void {
    void this.opened.then((run) => {
      if (typeof run !== "string") this.#runs.close(run);
    });
  }
}

/** Shows a run file in the same page as the panel; nothing of it is run, and nothing of it changes. */
export class RunFileEditor implements vscode.CustomReadonlyEditorProvider<RunFile> {
  readonly #context: PanelContext;
  readonly #open: (uri: vscode.Uri) => Promise<Run>;

  /** @param open rejects with a sentence that says what is wrong with the file */
  constructor(context: PanelContext, open: (uri: vscode.Uri) => Promise<Run>) {
    this.#context = context;
    this.#open = open;
  }

  /** Does not wait for the run: the page loads while the session reads it. */
  openCustomDocument(uri: vscode.Uri): RunFile {
    return new RunFile(uri, this.#context.runs, this.#open(uri));
  }

  resolveCustomEditor({ opened }: RunFile, panel: vscode.WebviewPanel): void {
    const { runs } = this.#context;
    let own: Run | undefined;
    const view = new PanelView(this.#context, panel, () => own && runs.byId(own.id));
    view.showReason(vscode.l10n.t("The run is being opened."));
    void opened.then((run) => {
      if (typeof run === "string") {
        view.showReason(run);
        return;
      }
      own = run;
      view.showReason(vscode.l10n.t("This run was closed. Open its file again."));
      panel.onDidChangeViewState(() => {
        if (panel.active) runs.show(run);
      });
    });
  }
}
