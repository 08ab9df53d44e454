import * as vscode from "vscode";
import { costliestLine } from "../editor/line-text.ts";
import { revealLine } from "../editor/reveal.ts";
import { sourceOf } from "../editor/runs.ts";
import { type App, tell } from "./app.ts";
import type { ProgramRunner } from "./run-program.ts";

/** Shows the line of which the shown run's checkpoints cost most, or of a run of the program in front. @param column where its file opens */
export async function showCostliestLine(app: App, runner: ProgramRunner, column: vscode.ViewColumn): Promise<void> {
  const run = app.runs.current ?? (await runner.run(undefined));
  if (run === undefined) return;
  try {
    const { lines } = await app.runs.linesIn(run, run.perspective);
    const place = costliestLine(lines.filter(({ file }) => sourceOf(run, file) !== undefined));
    if (place !== undefined) await revealLine(run, place, column, true);
    else
      void vscode.window.showInformationMessage(
        vscode.l10n.t("No line of {0} costs anything.", run.summary.program.path),
      );
  } catch (error) {
    await tell(app, error);
  }
}
