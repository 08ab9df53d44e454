import * as vscode from "vscode";
import type { ComparisonCell } from "../session/figures.ts";
import { type Run, type Runs, shownMachine } from "./runs.ts";
import { overhead } from "./wording.ts";

/** Overheads that are nearer to each other are taken for equal. */
const NOTICEABLE = 0.98;

/** Technique and overhead of the shown run, and what would do better. */
export class StatusBar implements vscode.Disposable {
  readonly #item: vscode.StatusBarItem;
  readonly #runs: Runs;
  readonly #subscription: vscode.Disposable;
  /** Techniques that can be had; loaded, with the simulator that they are part of, when there is something to compare. */
  #real: ReadonlySet<string> | undefined;
  /** Text and tooltip, while it is shown. */
  #shown: string | undefined;

  constructor(runs: Runs) {
    this.#runs = runs;
    this.#item = vscode.window.createStatusBarItem("checkpointLens.summary", vscode.StatusBarAlignment.Left, 0);
    this.#item.name = vscode.l10n.t("Checkpoint Lens: cost of checkpoints");
    this.#item.command = "checkpointLens.chooseTechnique";
    this.#subscription = runs.onDidChange(() => this.#update());
    this.#update();
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#item.dispose();
  }

  async #loadTechniques(): Promise<void> {
    const { TECHNIQUES } = await import("../checkpoint/techniques.ts");
    this.#real = new Set(TECHNIQUES.filter(({ hypothetical }) => hypothetical !== true).map(({ id }) => id));
    this.#update();
  }

  /** The window draws it anew whenever it is told something, the same thing too. */
  #show(text: string, tooltip: string | vscode.MarkdownString): void {
    const shown = `${text}\n${typeof tooltip === "string" ? tooltip : tooltip.value}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#item.text = text;
    this.#item.tooltip = tooltip;
    this.#item.show();
  }

  #update(): void {
    const run = this.#runs.current;
    if (run === undefined) {
      this.#shown = undefined;
      this.#item.hide();
      return;
    }
    const { technique, environment } = shownMachine(run);
    const { t } = vscode.l10n;
    if (run.failure !== undefined) {
      this.#show(`$(pulse) ${technique}: $(warning)`, run.failure);
    } else if (run.figures === undefined) {
      this.#show(`$(pulse) ${technique} ...`, t("The figures of this technique are being worked out."));
    } else {
      const own = overheadPercent(run.figures.report.totals);
      if (run.comparison.length > 0 && this.#real === undefined) void this.#loadTechniques();
      const best = bestAlternative(run, own, this.#real ?? new Set());
      const better = best === undefined ? "" : t("; best: {0} {1}", best.technique, overhead(best.overheadPercent));
      this.#show(`$(pulse) ${technique} ${overhead(own)}${better}`, tooltip(run, environment, own, best));
    }
  }
}

export function overheadPercent(totals: { readonly overheadCycles: number; readonly programCycles: number }): number {
  return totals.programCycles === 0 ? 0 : (100 * totals.overheadCycles) / totals.programCycles;
}

type Available = Extract<ComparisonCell, { readonly available: true }>;

/**
 * The cheapest technique in the same environment, where it is cheaper than this one.
 * @param own overhead of this one, in percent
 * @param real techniques that can be had
 */
function bestAlternative(run: Run, own: number, real: ReadonlySet<string>): Available | undefined {
  const { technique, environment } = shownMachine(run);
  let best: Available | undefined;
  for (const cell of run.comparison) {
    if (!cell.available || cell.environment !== environment || cell.technique === technique) continue;
    if (!real.has(cell.technique)) continue;
    if (best === undefined || cell.overheadPercent < best.overheadPercent) best = cell;
  }
  return best !== undefined && best.overheadPercent < own * NOTICEABLE ? best : undefined;
}

function tooltip(run: Run, environment: string, own: number, best: Available | undefined): vscode.MarkdownString {
  const { t } = vscode.l10n;
  const { technique } = shownMachine(run);
  const lines = [
    `**${run.summary.program.path}**`,
    t("{0} on {1} takes {2} of the program's own time.", technique, environment, overhead(own)),
    best === undefined
      ? run.comparison.length === 0
        ? ""
        : t("No other technique there is cheaper.")
      : t("{0} would take {1}.", best.technique, overhead(best.overheadPercent)),
    t("Click to choose a technique."),
  ];
  return new vscode.MarkdownString(lines.filter((line) => line !== "").join("\n\n"));
}
