import * as vscode from "vscode";
import type { LineMarks } from "../session/figures.ts";
import { type Heat, heatOf, lineText, markedLines, shareOf } from "./line-text.ts";
import type { Runs } from "./runs.ts";
import { inlineSettings, SECTION } from "./settings.ts";

/** Length of the bar of a line that is all of the overhead, in widths of the editor's digits. */
const WHOLE_BAR_CH = 12;
const SHORTEST_BAR_CH = 0.25;
/** How long after an edit it is looked whether the text is again what was run. */
const AFTER_EDIT_MS = 150;

const COLORS: Readonly<Record<Heat, vscode.ThemeColor>> = {
  high: new vscode.ThemeColor("checkpointLens.costHigh"),
  medium: new vscode.ThemeColor("checkpointLens.costMedium"),
  low: new vscode.ThemeColor("checkpointLens.costLow"),
};

/** What an editor shows of which marks: others may come to the same. */
interface Shown {
  readonly marks: LineMarks;
  readonly version: number;
  /** The decorations themselves. */
  readonly texts: Readonly<Record<Heat, string>>;
}

/**
 * Marks what lines cost behind their ends, where no code moves. Marks are there only while a document's text is what was
 * run: they go at the first edit, and come back when it is undone.
 */
export class InlineCosts implements vscode.Disposable {
  readonly #runs: Runs;
  readonly #types: Readonly<Record<Heat, vscode.TextEditorDecorationType>>;
  readonly #subscriptions: vscode.Disposable[] = [];
  /** What each editor shows, so that nothing is set again that stands already. */
  readonly #shown = new WeakMap<vscode.TextEditor, Shown>();
  readonly #edited = new Map<vscode.TextDocument, NodeJS.Timeout>();

  constructor(runs: Runs) {
    this.#runs = runs;
    this.#types = { high: decorationType("high"), medium: decorationType("medium"), low: decorationType("low") };
    this.#subscriptions.push(
      runs.onDidChange(() => this.#updateAll()),
      vscode.window.onDidChangeVisibleTextEditors(() => this.#updateAll()),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0) this.#documentEdited(document);
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (!event.affectsConfiguration(SECTION)) return;
        for (const editor of vscode.window.visibleTextEditors) this.#clear(editor);
        this.#updateAll();
      }),
    );
    this.#updateAll();
  }

  dispose(): void {
    for (const timer of this.#edited.values()) clearTimeout(timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const type of Object.values(this.#types)) type.dispose();
  }

  #documentEdited(document: vscode.TextDocument): void {
    if (!this.#runs.knows(document.uri)) return;
    for (const editor of editorsOf(document)) this.#clear(editor);
    clearTimeout(this.#edited.get(document));
    const timer = setTimeout(() => {
      this.#edited.delete(document);
      for (const editor of editorsOf(document)) this.#update(editor);
    }, AFTER_EDIT_MS);
    this.#edited.set(document, timer);
  }

  #updateAll(): void {
    for (const editor of vscode.window.visibleTextEditors) this.#update(editor);
  }

  #update(editor: vscode.TextEditor): void {
    const { document } = editor;
    const settings = inlineSettings(document.uri);
    const found = settings.enabled ? this.#runs.forDocument(document) : undefined;
    const marks = found?.run.marks;
    if (found === undefined || marks === undefined) {
      this.#clear(editor);
      return;
    }
    const { version } = document;
    const shown = this.#shown.get(editor);
    if (shown?.marks === marks && shown.version === version) return;
    const options: Record<Heat, vscode.DecorationOptions[]> = { high: [], medium: [], low: [] };
    const { lines, ghz } = marks;
    const marked = [...markedLines(lines, found.file, settings.threshold)];
    for (const [line, parts] of marked.sort(([a], [b]) => a - b)) {
      if (line > document.lineCount) continue;
      const lineShare = shareOf(parts);
      const heat = heatOf(lineShare);
      const text = lineText(parts, settings.items, ghz, vscode.l10n.t);
      options[heat].push(decoration(document.lineAt(line - 1).range.end, lineShare, heat, text));
    }
    const texts = { high: "", medium: "", low: "" };
    for (const heat of ["high", "medium", "low"] as const) {
      texts[heat] = JSON.stringify(options[heat]);
      // The window would go through its styles again.
      const isThere = shown?.version === version && shown.texts[heat] === texts[heat];
      if (!isThere) editor.setDecorations(this.#types[heat], options[heat]);
    }
    this.#shown.set(editor, { marks, version, texts });
  }

  #clear(editor: vscode.TextEditor): void {
    if (!this.#shown.delete(editor)) return;
    for (const type of Object.values(this.#types)) editor.setDecorations(type, []);
  }
}

function editorsOf(document: vscode.TextDocument): readonly vscode.TextEditor[] {
  return vscode.window.visibleTextEditors.filter((editor) => editor.document === document);
}

function decorationType(heat: Heat): vscode.TextEditorDecorationType {
  return vscode.window.createTextEditorDecorationType({
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    overviewRulerColor: COLORS[heat],
    overviewRulerLane: vscode.OverviewRulerLane.Right,
  });
}

function decoration(end: vscode.Position, lineShare: number, heat: Heat, text: string): vscode.DecorationOptions {
  const width = Math.max(SHORTEST_BAR_CH, lineShare * WHOLE_BAR_CH);
  return {
    range: new vscode.Range(end, end),
    renderOptions: {
      before: {
        contentText: "",
        // A tenth is less than a dot: lines whose cost hardly changes keep their mark as it is.
        width: `${width.toFixed(1)}ch`,
        height: "0.6em",
        backgroundColor: COLORS[heat],
        margin: "0 1ch 0 3ch",
      },
      after: { contentText: text, color: new vscode.ThemeColor("checkpointLens.lineCostForeground") },
    },
  };
}
