import * as vscode from "vscode";
import type { Run, Runs } from "../editor/runs.ts";
import { type PanelContext, PanelView } from "./panel-view.ts";

export const RUN_FILE_EDITOR = "checkpointLens.runFile";

class RunFile implements vscode.CustomDocument {
  readonly uri: vscode.Uri;
  readonly #runs: Runs;
  /** Or the sentence that says why there is none. */
  readonly run: Run | string;

  constructor(uri: vscode.Uri, runs: Runs, run: Run | string) {
    this.uri = uri;
    this.#runs = runs;
    this.run = run;
  }

  dispose(): void {
    if (typeof this.run !== "string") this.#runs.close(this.run);
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

  async openCustomDocument(uri: vscode.Uri): Promise<RunFile> {
    const { runs } = this.#context;
    try {
      return new RunFile(uri, runs, await this.#open(uri));
    } catch (error) {
      return new RunFile(uri, runs, error instanceof Error ? error.message : String(error));
    }
  }

  resolveCustomEditor({ run }: RunFile, panel: vscode.WebviewPanel): void {
    const { runs } = this.#context;
    const own = typeof run === "string" ? undefined : run;
    const view = new PanelView(this.#context, panel, () => own && runs.byId(own.id));
    view.showReason(typeof run === "string" ? run : vscode.l10n.t("This run was closed. Open its file again."));
    if (own === undefined) return;
    panel.onDidChangeViewState(() => {
      if (panel.active) runs.show(own);
    });
  }
}
