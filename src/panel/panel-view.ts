import { isDeepStrictEqual } from "node:util";
import * as vscode from "vscode";
import { isProgramFile } from "../editor/program-files.ts";
import type { Restarts } from "../editor/restarts.ts";
import { revealLine } from "../editor/reveal.ts";
import { changedSources, type Run, type Runs } from "../editor/runs.ts";
import type { SessionHost } from "../editor/session-host.ts";
import type { RunId } from "../session/figures.ts";
import { SessionFailure } from "../session/messages.ts";
import type { BytesPlace, FromPage, PickedOutside, PictureFormat, PictureName, ToPage } from "./messages/messages.ts";
import { Outbox } from "./messages/outbox.ts";
import { pageHtml, pageOptions } from "./page.ts";
import { messagesFrom } from "./page-message.ts";
import { Relay } from "./relay.ts";

/** What all panels of the editor work with. */
export interface PanelContext {
  readonly extension: vscode.Uri;
  readonly runs: Runs;
  readonly restarts: Restarts;
  readonly session: SessionHost;
  /** Keeps a what-if profile where the user says. */
  saveProfile(profile: unknown): Promise<void>;
  runAgain(run: Run): Promise<void>;
  openSample(column: vscode.ViewColumn): Promise<void>;
  /** Finds out what the run's program lacks when it restarts. */
  audit(run: Run): Promise<void>;
  /** @param column where they open, so that the panel stays in sight */
  showBytes(run: Run, place: BytesPlace, column: vscode.ViewColumn): void;
  /** Saves a view where the user says. @param draw makes its file; rejects with a sentence */
  saveView(run: Run, view: PictureName, draw: (format: PictureFormat) => Promise<Uint8Array>): Promise<void>;
}

/** A page that is hidden before it has drawn draws when it is seen again: nobody waits longer for that. */
const DRAW_MILLISECONDS = 15_000;
/** Between two words on how far something is: each has the page drawn. */
const PROGRESS_MILLISECONDS = 100;

/** A picture that a page is asked for. */
interface Drawing {
  readonly message: ToPage & { readonly type: "draw" };
  finish(result: Uint8Array | string): void;
}

/** One page, and what it shows: the editor's current run, or one of its own. */
export class PanelView implements vscode.Disposable {
  readonly #context: PanelContext;
  readonly #panel: vscode.WebviewPanel;
  readonly #shownRun: () => Run | undefined;
  readonly #outbox: Outbox<ToPage>;
  readonly #relay: Relay;
  readonly #subscriptions: vscode.Disposable[] = [];
  /** The page listens: it is gone while nobody sees the panel, and begins anew then. */
  #ready = false;
  #sent: Pick<Run, "id" | "perspective" | "settings"> | undefined;
  /** Names of files, as the page knows them. */
  #changedSources: readonly string[] = [];
  #nothing: { readonly reason: string; readonly offersSample: boolean };
  /** Pictures that are not drawn yet, by number. */
  readonly #drawings = new Map<number, Drawing>();
  #drawingCount = 0;
  #picked: { readonly run: RunId; readonly picked: PickedOutside } | undefined;
  readonly #painted = new vscode.EventEmitter<RunId>();
  /** The first figures of a run are in sight. */
  readonly onDidPaint = this.#painted.event;

  constructor(context: PanelContext, panel: vscode.WebviewPanel, shownRun: () => Run | undefined) {
    this.#context = context;
    this.#panel = panel;
    this.#shownRun = shownRun;
    this.#nothing = nothingYet();
    // A page that is gone or hidden does not take it, and asks again when it is there.
    // Of a panel that is closed nobody may ask for its page.
    const { webview } = panel;
    this.#outbox = new Outbox(
      (message) => void webview.postMessage(message),
      setImmediate,
      (flush) => setTimeout(flush, PROGRESS_MILLISECONDS),
    );
    this.#relay = new Relay(
      () => context.session.client,
      (message) => this.#post(message),
      (message) => this.#outbox.postLater(message),
    );
    panel.webview.options = pageOptions(context.extension);
    this.#subscriptions.push(
      panel.webview.onDidReceiveMessage((data: unknown) => {
        for (const message of messagesFrom(data)) this.#received(message);
      }),
      context.runs.onDidChange(() => this.#sendRun()),
      context.restarts.onDidChange(() => this.#sendRestarts()),
      vscode.workspace.onDidChangeTextDocument(() => this.#sendChangedSources()),
      vscode.workspace.onDidOpenTextDocument(() => this.#sendChangedSources()),
      vscode.workspace.onDidCloseTextDocument(() => this.#sendChangedSources()),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.#sendCursor(textEditor)),
      vscode.window.onDidChangeActiveTextEditor((editor) => editor && this.#sendCursor(editor)),
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.#leave();
      }),
      panel.onDidDispose(() => this.dispose()),
    );
    panel.webview.html = pageHtml(panel.webview, context.extension, "main");
  }

  /** What the page says while there is no run: the reason, or else what to do. */
  showReason(reason: string | undefined): void {
    this.#nothing = reason === undefined ? nothingYet() : { reason, offersSample: false };
    this.#sendRun();
  }

  /** Shows something that was picked in the editor, as soon as the page listens and has its run. */
  pick(run: RunId, picked: PickedOutside): void {
    this.#picked = { run, picked };
    this.#sendPicked();
  }

  /** Saves one of the page's views as a picture, where the user says. */
  async exportView(view: PictureName): Promise<void> {
    const run = this.#shownRun();
    if (run !== undefined) await this.#context.saveView(run, view, (format) => this.#draw(view, format));
  }

  dispose(): void {
    this.#leave();
    for (const subscription of this.#subscriptions.splice(0)) subscription.dispose();
    this.#painted.dispose();
  }

  /** There is no page any more that would take a message or wait for an answer. */
  #leave(): void {
    this.#ready = false;
    this.#sent = undefined;
    this.#relay.cancelAll();
  }

  #draw(view: PictureName, format: PictureFormat): Promise<Uint8Array> {
    const id = ++this.#drawingCount;
    return new Promise((resolve, reject) => {
      const finish = (result: Uint8Array | string) => {
        clearTimeout(timer);
        this.#drawings.delete(id);
        if (typeof result === "string") reject(new SessionFailure({ kind: "badInput", message: result }));
        else resolve(result);
      };
      const late = vscode.l10n.t("The panel did not draw the picture: it has to be in sight.");
      const timer = setTimeout(() => finish(late), DRAW_MILLISECONDS);
      const drawing: Drawing = { message: { type: "draw", id, view, format }, finish };
      this.#drawings.set(id, drawing);
      // A page that is not seen is not there: it begins anew, and is asked when it has its run.
      if (this.#sent !== undefined) this.#post(drawing.message);
      else if (!this.#panel.visible) this.#panel.reveal(undefined, true);
    });
  }

  #post(message: ToPage): void {
    this.#outbox.post(message);
  }

  #received(message: FromPage): void {
    switch (message.type) {
      case "ready":
        this.#leave();
        this.#ready = true;
        this.#post({ type: "hello", language: vscode.env.language, strings: vscode.l10n.bundle ?? {} });
        this.#sendRun();
        return;
      case "request":
        this.#relay.request(message.id, message.method, message.params);
        return;
      case "cancel":
        this.#relay.cancel(message.id);
        return;
      case "painted":
        this.#painted.fire(message.run);
        return;
      case "reveal": {
        const run = this.#context.runs.byId(message.run);
        if (run !== undefined) void revealLine(run, message.place, besides(this.#panel), message.focus);
        return;
      }
      case "perspective": {
        const run = this.#context.runs.byId(message.run);
        if (run === undefined) return;
        // The page shows it already.
        if (this.#sent?.id === run.id) this.#sent = { ...this.#sent, perspective: message.perspective };
        this.#context.runs.look(run, message.perspective);
        return;
      }
      case "saveProfile":
        void this.#context.saveProfile(message.profile);
        return;
      case "runAgain": {
        const run = this.#context.runs.byId(message.run);
        if (run !== undefined) void this.#context.runAgain(run);
        return;
      }
      case "openSample":
        void this.#context.openSample(besides(this.#panel));
        return;
      case "audit": {
        const run = this.#context.runs.byId(message.run);
        if (run !== undefined) void this.#context.audit(run);
        return;
      }
      case "exportView":
        void this.exportView(message.view);
        return;
      case "drawn":
        this.#drawings.get(message.id)?.finish(message.result);
        return;
      case "showBytes": {
        const run = this.#context.runs.byId(message.run);
        if (run !== undefined) this.#context.showBytes(run, message.place, besides(this.#panel));
        return;
      }
    }
  }

  #sendRun(): void {
    if (!this.#ready) return;
    const run = this.#shownRun();
    if (run === undefined) {
      this.#sent = undefined;
      this.#post({ type: "empty", ...this.#nothing });
      return;
    }
    const { id, perspective, settings, summary } = run;
    const sent = this.#sent;
    if (sent?.id === id && sent.perspective === perspective && sent.settings === settings) return;
    if (sent?.id !== id) this.#changedSources = [];
    this.#sent = { id, perspective, settings };
    // Of a file nothing is run: its own machine is the one that it was made on.
    const own = isProgramFile(run.uri) ? settings.machine : summary.machine;
    this.#post({ type: "run", run: summary, perspective, settings: own });
    this.#sendRestarts();
    this.#sendChangedSources();
    if (vscode.window.activeTextEditor !== undefined) this.#sendCursor(vscode.window.activeTextEditor);
    this.#sendPicked();
    if (sent === undefined) for (const { message } of this.#drawings.values()) this.#post(message);
  }

  #sendRestarts(): void {
    const run = this.#shownRun();
    if (!this.#ready || run === undefined) return;
    this.#post({ type: "restarts", run: run.id, restarts: this.#context.restarts.of(run.uri)?.reply });
  }

  #sendChangedSources(): void {
    const run = this.#shownRun();
    if (run === undefined || this.#sent?.id !== run.id) return;
    const files = changedSources(run);
    if (isDeepStrictEqual(files, this.#changedSources)) return;
    this.#changedSources = files;
    this.#post({ type: "changedSources", run: run.id, files });
  }

  #sendCursor({ document, selection }: vscode.TextEditor): void {
    if (!this.#ready) return;
    const run = this.#shownRun();
    const found = this.#context.runs.forDocument(document);
    const isOfRun = run !== undefined && found?.run === run;
    this.#post({
      type: "cursor",
      place: isOfRun ? { file: found.file, line: selection.active.line + 1 } : undefined,
    });
  }

  #sendPicked(): void {
    if (this.#picked === undefined || this.#sent?.id !== this.#picked.run) return;
    this.#post({ type: "picked", ...this.#picked });
    this.#picked = undefined;
  }
}

function nothingYet() {
  return { reason: vscode.l10n.t("Run a program to see what its checkpoints cost."), offersSample: true };
}

/** A column that is not the panel's own. */
export function besides(panel: vscode.WebviewPanel): vscode.ViewColumn {
  return panel.viewColumn === vscode.ViewColumn.One ? vscode.ViewColumn.Two : vscode.ViewColumn.One;
}
