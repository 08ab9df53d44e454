import * as vscode from "vscode";
import type { CheckpointSiteFigures, FunctionFigures } from "../session/figures.ts";
import { definitionLine } from "./function-lines.ts";
import type { Figures, Run, Runs } from "./runs.ts";
import { inlineSettings, SECTION } from "./settings.ts";
import { pages, share, time, traps } from "./wording.ts";

/** One above each function that costs something, and one above each line that takes checkpoints. */
export class CodeLenses implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #runs: Runs;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor(runs: Runs) {
    this.#runs = runs;
    this.#subscriptions = [
      this.#changed,
      runs.onDidSettle(() => this.#changed.fire()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(SECTION)) this.#changed.fire();
      }),
    ];
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!inlineSettings(document.uri).codeLens) return [];
    const found = this.#runs.forDocument(document);
    const figures = found?.run.figures;
    if (found === undefined || figures === undefined) return [];
    const { run, file } = found;
    const textAt = (line: number) => document.lineAt(line - 1).text;
    const lenses: vscode.CodeLens[] = [];
    for (const one of figures.lines.functions) {
      if (one.file !== file || one.line < 1 || one.line > document.lineCount || one.share < 0.001) continue;
      const line = definitionLine(one.function, one.line, document.lineCount, textAt);
      if (line !== undefined) lenses.push(lens(line, functionText(one, figures), run, file, one.line));
    }
    for (const site of figures.lines.checkpointSites) {
      if (site.file !== file || site.line < 1 || site.line > document.lineCount) continue;
      lenses.push(lens(site.line, siteText(site, figures), run, file, site.line));
    }
    return lenses;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}

function lens(line: number, title: string, run: Run, file: string, target: number): vscode.CodeLens {
  return new vscode.CodeLens(new vscode.Range(line - 1, 0, line - 1, 0), {
    title,
    tooltip: vscode.l10n.t("Show in the panel of Checkpoint Lens"),
    command: "checkpointLens.showPanel",
    arguments: [{ run: run.id, picked: { line: { file, line: target } } }],
  });
}

function functionText(one: FunctionFigures, { report }: Figures): string {
  const { t } = vscode.l10n;
  const parts = [t("{0} of the overhead", share(one.share)), time(one.cycles, report.prices.ghz)];
  if (one.traps > 0) parts.push(traps(one.traps, t));
  if (one.dirtyPages > 0) parts.push(pages(one.dirtyPages, t));
  return parts.join(" · ");
}

function siteText(site: CheckpointSiteFigures, { report }: Figures): string {
  const { t } = vscode.l10n;
  const count = site.checkpoints === 1 ? t("1 checkpoint") : t("{0} checkpoints", site.checkpoints);
  const mean = (sum: number) => sum / Math.max(1, site.checkpoints);
  const saved = t("{0} saved each", pages(Math.round(mean(site.dirtyPages)), t));
  return [count, saved, t("{0} each", time(mean(site.cost.cycles), report.prices.ghz))].join(" · ");
}
