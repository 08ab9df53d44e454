import * as vscode from "vscode";
import { isSameProgram, type Run, type Runs } from "../editor/runs.ts";
import type { SessionHost } from "../editor/session-host.ts";
import type { RunId } from "../session/figures.ts";
import { keptBytes, namedPlace, placeIn } from "./messages/bytes-place.ts";
import type { BytesPlace, FromPage, ToPage } from "./messages/messages.ts";
import { pageHtml, pageOptions } from "./page.ts";
import { messagesFrom } from "./page-message.ts";
import { Relay } from "./relay.ts";

const VIEW_TYPE = "checkpointLens.bytes";

/** What the page of bytes works with. */
export interface BytesContext {
  readonly extension: vscode.Uri;
  readonly runs: Runs;
  readonly session: SessionHost;
  /** Shows a page of the guest's memory in the panel. */
  showPage(run: RunId, page: number): void;
}

/** The bytes of a region as a checkpoint saved it: one page, which shows what was asked for last. */
export class BytesPanel implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #context: BytesContext;
  readonly #restore: () => Promise<void>;
  readonly #serializer: vscode.Disposable;
  #shown: BytesView | undefined;

  /** @param restore brings the last run back after the window was loaded again */
  constructor(context: BytesContext, restore: () => Promise<void>) {
    this.#context = context;
    this.#restore = restore;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this);
  }

  /** Opens or reveals it, with the keyboard in it. @param column where it opens */
  show(run: Run, place: BytesPlace, column: vscode.ViewColumn): void {
    if (this.#shown === undefined) {
      const options = pageOptions(this.#context.extension);
      const panel = vscode.window.createWebviewPanel(VIEW_TYPE, titleOf(run, place), column, options);
      this.#shown = this.#attach(panel);
    }
    this.#shown.panel.reveal(undefined, false);
    this.#shown.show(run, place, true);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    this.#shown?.panel.dispose();
    panel.webview.options = pageOptions(this.#context.extension);
    const view = this.#attach(panel);
    this.#shown = view;
    await this.#restore();
    const run = this.#context.runs.current;
    const place = run === undefined ? undefined : keptBytes(state, run.summary)?.place;
    if (run === undefined || place === undefined) panel.dispose();
    else view.show(run, place, false);
  }

  dispose(): void {
    this.#serializer.dispose();
    this.#shown?.panel.dispose();
  }

  #attach(panel: vscode.WebviewPanel): BytesView {
    const view = new BytesView(this.#context, panel);
    panel.onDidDispose(() => {
      if (this.#shown === view) this.#shown = undefined;
      view.dispose();
    });
    return view;
  }
}

class BytesView implements vscode.Disposable {
  readonly panel: vscode.WebviewPanel;
  readonly #context: BytesContext;
  readonly #relay: Relay;
  readonly #subscriptions: vscode.Disposable[] = [];
  #ready = false;
  /** What is shown, or was until it was closed. */
  #run: Run | undefined;
  #isClosed = false;
  /** Somebody asked for the place, and the page does not show it yet. */
  #isAsked = false;
  #reasonForNothing = vscode.l10n.t("The last run is being opened.");
  #place: BytesPlace = { image: 0, region: { id: 0, group: "" }, offset: 0 };

  constructor(context: BytesContext, panel: vscode.WebviewPanel) {
    this.#context = context;
    this.panel = panel;
    this.#relay = new Relay(
      () => context.session.client,
      (message) => this.#post(message),
    );
    panel.iconPath = vscode.Uri.joinPath(context.extension, "media", "icon.png");
    this.#subscriptions.push(
      panel.webview.onDidReceiveMessage((data: unknown) => {
        for (const message of messagesFrom(data)) this.#received(message);
      }),
      context.runs.onDidChange(() => this.#follow()),
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.#leave();
      }),
    );
    panel.webview.html = pageHtml(panel.webview, context.extension, "bytes");
  }

  /** @param asked whether somebody asked for the place; else the page may show what it has kept of it */
  show(run: Run, place: BytesPlace, asked: boolean): void {
    this.#run = run;
    this.#isClosed = false;
    this.#place = place;
    this.#isAsked = asked;
    this.panel.title = titleOf(run, place);
    this.#send();
  }

  dispose(): void {
    this.#leave();
    for (const subscription of this.#subscriptions.splice(0)) subscription.dispose();
  }

  /** There is no page any more: it begins anew when somebody sees it again. */
  #leave(): void {
    this.#ready = false;
    this.#relay.cancelAll();
  }

  #post(message: ToPage): void {
    void this.panel.webview.postMessage(message);
  }

  #send(): void {
    if (!this.#ready) return;
    if (this.#run === undefined || this.#isClosed) {
      this.#post({ type: "empty", reason: this.#reasonForNothing, offersSample: false });
      return;
    }
    this.#post({ type: "bytes", run: this.#run.summary, place: this.#place, asked: this.#isAsked });
    this.#isAsked = false;
  }

  /** A run that is gone gives way to one of the same program and text, by which it was run again. */
  #follow(): void {
    const run = this.#run;
    if (run === undefined || this.#context.runs.byId(run.id) === run) return;
    const again = this.#context.runs.all.find((other) => isSameProgram(other, run));
    const named = namedPlace(run.summary, this.#place);
    const place = again && named && placeIn(again.summary, named);
    if (again !== undefined && place !== undefined) {
      this.show(again, place, false);
      return;
    }
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reasonForNothing = vscode.l10n.t("This run was closed.");
    this.#send();
  }

  #received(message: FromPage): void {
    switch (message.type) {
      case "ready":
        this.#relay.cancelAll();
        this.#ready = true;
        this.#post({ type: "hello", language: vscode.env.language, strings: vscode.l10n.bundle ?? {} });
        this.#send();
        return;
      case "request":
        this.#relay.request(message.id, message.method, message.params);
        return;
      case "cancel":
        this.#relay.cancel(message.id);
        return;
      case "bytesShown":
        if (this.#run?.id !== message.run) return;
        this.#place = message.place;
        this.panel.title = titleOf(this.#run, message.place);
        return;
      case "showPage":
        this.#context.showPage(message.run, message.page);
        return;
    }
  }
}

function titleOf({ summary }: Run, { image, region }: BytesPlace): string {
  const saved = summary.images[image];
  const part = saved?.regions.find(({ id, group }) => id === region.id && group === region.group);
  const name = part === undefined || part.name === "" ? vscode.l10n.t("region {0}", region.id) : part.name;
  return saved === undefined ? name : `${name} · ${saved.name} ${saved.version}`;
}
