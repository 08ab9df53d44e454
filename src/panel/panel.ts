import * as vscode from "vscode";
import type { RunId } from "../session/figures.ts";
import type { PickedOutside, PictureName } from "./messages/messages.ts";
import { pageOptions } from "./page.ts";
import { besides, type PanelContext, PanelView } from "./panel-view.ts";

const VIEW_TYPE = "checkpointLens.panel";
/** Nobody waits longer for a page to be painted. */
const LONGEST_PAINT_MS = 5000;

/** A run, and something of it that was picked in the editor. */
export interface Picked {
  readonly run: RunId;
  readonly picked?: PickedOutside;
}

/** The panel beside the source: one, which shows the editor's current run. */
export class Panel implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #context: PanelContext;
  readonly #restore: () => Promise<void>;
  readonly #serializer: vscode.Disposable;
  #shown: { readonly panel: vscode.WebviewPanel; readonly view: PanelView } | undefined;
  /** What runs now, or ran last. */
  #followed: Promise<unknown> | undefined;
  /** The user wants to do without it, until it is asked for. */
  #closed = false;

  /** @param restore brings the last run back after the window was loaded again */
  constructor(context: PanelContext, restore: () => Promise<void>) {
    this.#context = context;
    this.#restore = restore;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this);
  }

  /**
   * Opens it for a run that begins, unless the user has closed it: its page loads while the program runs. What is in front
   * of it stays there.
   */
  follow(running: Promise<unknown>): void {
    if (this.#shown === undefined && !this.#closed) this.show();
    this.#shown?.view.showReason(vscode.l10n.t("The program is being compiled and run…"));
    this.#followed = running;
    // What another program took the place of ends, too, and says nothing of that one.
    const settle = () => {
      if (this.#followed === running) this.#shown?.view.showReason(undefined);
    };
    running.then(settle, settle);
  }

  /** Resolves when the first figures of a run that has just come are in sight; at once where nobody sees the panel. */
  async painted(run: RunId): Promise<void> {
    const shown = this.#shown;
    if (shown?.panel.visible !== true) return;
    const { panel, view } = shown;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        for (const subscription of subscriptions) subscription.dispose();
        resolve();
      };
      const timer = setTimeout(end, LONGEST_PAINT_MS);
      const subscriptions = [
        view.onDidPaint((painted) => {
          if (painted === run) end();
        }),
        panel.onDidDispose(end),
        panel.onDidChangeViewState(() => {
          if (!panel.visible) end();
        }),
        this.#context.runs.onDidChange(() => {
          if (this.#context.runs.current?.id !== run) end();
        }),
      ];
    });
  }

  /** Opens or reveals it; the keyboard stays where it is. */
  show(picked?: Picked): void {
    this.#closed = false;
    const run = picked === undefined ? undefined : this.#context.runs.byId(picked.run);
    if (run !== undefined) this.#context.runs.show(run);
    if (this.#shown === undefined) {
      const column = { viewColumn: columnBesideSource(), preserveFocus: true };
      this.#attach(
        vscode.window.createWebviewPanel(
          VIEW_TYPE,
          vscode.l10n.t("Checkpoint Lens"),
          column,
          pageOptions(this.#context.extension),
        ),
      );
    } else this.#shown.panel.reveal(undefined, true);
    if (picked?.picked !== undefined) this.#shown?.view.pick(picked.run, picked.picked);
  }

  /** Where something else opens, so that the panel stays in sight. */
  get columnForOthers(): vscode.ViewColumn {
    const panel = this.#shown?.panel;
    return panel?.active === true ? besides(panel) : vscode.ViewColumn.Active;
  }

  /** Saves a view of the panel, which opens if it is not there. */
  async exportView(view: PictureName): Promise<void> {
    this.show();
    await this.#shown?.view.exportView(view);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.#shown?.panel.dispose();
    this.#closed = false;
    const view = this.#attach(panel);
    view.showReason(vscode.l10n.t("The last run is being opened."));
    try {
      await this.#restore();
    } finally {
      view.showReason(undefined);
    }
  }

  dispose(): void {
    this.#serializer.dispose();
    this.#shown?.panel.dispose();
  }

  #attach(panel: vscode.WebviewPanel): PanelView {
    panel.iconPath = vscode.Uri.joinPath(this.#context.extension, "media", "icon.png");
    const view = new PanelView(this.#context, panel, () => this.#context.runs.current);
    this.#shown = { panel, view };
    panel.onDidDispose(() => {
      if (this.#shown?.panel !== panel) return;
      this.#shown = undefined;
      this.#closed = true;
    });
    return view;
  }
}

/** Beside the source, also where something else beside it has the keyboard, such as a walkthrough. */
function columnBesideSource(): vscode.ViewColumn {
  const { activeTextEditor, visibleTextEditors } = vscode.window;
  const other = activeTextEditor === undefined ? visibleTextEditors.find(({ viewColumn }) => viewColumn) : undefined;
  return other?.viewColumn === undefined ? vscode.ViewColumn.Beside : other.viewColumn + 1;
}
