import * as vscode from "vscode";
import { takesCheckpoints } from "../editor/program-files.ts";
import type { Run } from "../editor/runs.ts";
import { overhead } from "../editor/wording.ts";
import type { ComparisonCell } from "../session/figures.ts";
import { type App, tell } from "./app.ts";
import { choose } from "./perspective.ts";
import { pickOne } from "./pick-one.ts";
import type { ProgramRunner } from "./run-program.ts";

type Available = Extract<ComparisonCell, { readonly available: true }>;

/** Takes the shown run, or one of the program in front, through every technique everywhere, and lets the user look at it under one of them. */
export async function compareTechniques(app: App, runner: ProgramRunner): Promise<void> {
  const { t } = vscode.l10n;
  const run = await runToCompare(app, runner);
  if (run === undefined) return;
  try {
    await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: t("Checkpoint Lens: comparing techniques"),
        cancellable: true,
      },
      (progress, token) => {
        let before = 0;
        return app.runs.compare(
          run,
          "all",
          (done, total) => {
            progress.report({ increment: (100 * (done - before)) / total, message: t("{0} of {1}", done, total) });
            before = done;
          },
          token,
        );
      },
    );
  } catch (error) {
    await tell(app, error);
    return;
  }
  const { machine } = run.perspective;
  const cells = run.comparison
    .filter((cell): cell is Available => cell.available)
    .sort((a, b) => a.overheadPercent - b.overheadPercent);
  const chosen = await pickOne(
    cells.map((cell) => ({
      label: `${isNow(cell) ? "$(check) " : ""}${cell.technique}`,
      description: cell.environment,
      detail: t("{0} of the program's own time", overhead(cell.overheadPercent)),
      cell,
    })),
    {
      title: t("{0}: the cheapest first", run.summary.program.path),
      placeHolder: t("Look at the run under another technique"),
      matchOnDescription: true,
    },
  );
  if (chosen !== undefined) {
    await choose(app, { environment: chosen.cell.environment, technique: chosen.cell.technique }, run);
  }

  function isNow(cell: Available): boolean {
    return cell.technique === machine.technique && cell.environment === machine.environment;
  }
}

/** The shown run, which is that of the program in front unless that has none yet. */
async function runToCompare({ runs }: App, runner: ProgramRunner): Promise<Run | undefined> {
  const front = vscode.window.activeTextEditor?.document;
  if (front !== undefined && takesCheckpoints(front) && !runs.knows(front.uri)) return runner.run(front.uri);
  return runs.current ?? runner.run(undefined);
}
