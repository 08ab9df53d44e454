import * as vscode from "vscode";
import { isProgramFile, workingDirectoryOf } from "../editor/program-files.ts";
import { programOf, type Run } from "../editor/runs.ts";
import type { Perspective, RestartsReply } from "../session/figures.ts";
import type { RestartsProgress } from "../session/methods.ts";
import { type App, isTrusted, tell } from "./app.ts";
import { programInFront } from "./program-in-front.ts";
import type { ProgramRunner } from "./run-program.ts";

/** Where what was found is shown. */
type ShowRun = (run: Run) => void;

/**
 * Restarts a program from each of its checkpoints, and shows how that ends.
 * @param audited whether it is also found out what restarts lack
 * @param uri the program; the one in front unless given
 */
export async function restartProgram(
  app: App,
  runner: ProgramRunner,
  audited: boolean,
  show: ShowRun,
  uri?: vscode.Uri,
): Promise<void> {
  const program = uri ?? programInFront(app.runs.current);
  if (program === undefined || !isProgramFile(program)) {
    void vscode.window.showInformationMessage(vscode.l10n.t("Open the program that is to be restarted first."));
    return;
  }
  if (!isTrusted()) return;
  const looked = app.runs.current;
  // The panel shows restarts beside the run that they belong to.
  const run = await runner.upToDate(program);
  if (run === undefined) return;
  show(run);
  try {
    const isSaved = looked !== undefined && !isProgramFile(looked.uri) && programOf(looked)?.path === program.path;
    const { perspective } = isSaved ? looked : run;
    const reply = await ask(app, runner, program, perspective, audited);
    if (app.restarts.add({ program, directory: workingDirectoryOf(program), reply })) {
      show(run);
      report(app, reply);
    } else {
      void vscode.window.showWarningMessage(
        vscode.l10n.t(
          "A file of {0} has changed since it was compiled: what was found holds for it no more.",
          reply.path,
        ),
      );
    }
  } catch (error) {
    await tell(app, error);
  }
}

/** On the machine and at the prices that the program's run, or a saved one, is looked at by; an audit follows synchronous commits only. */
function ask(
  app: App,
  runner: ProgramRunner,
  program: vscode.Uri,
  { machine, prices }: Perspective,
  audited: boolean,
): Promise<RestartsReply> {
  const params = {
    ...runner.paramsOf(program, audited ? { ...machine, commit: "sync" } : machine),
    ...{ prices, audited },
  };
  const title = vscode.l10n.t("Checkpoint Lens: restarting {0}", params.paths[0]);
  return Promise.resolve(
    vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      (progress, token) => {
        let before = 0;
        const call = app.session.client.call("restarts", params, (step) => {
          const share = shareOf(step, audited);
          progress.report({ message: stepText(step), increment: Math.max(0, 100 * (share - before)) });
          before = Math.max(before, share);
        });
        token.onCancellationRequested(() => call.cancel());
        return call.result;
      },
    ),
  );
}

function report({ output }: App, { path, restarts, audit }: RestartsReply): void {
  const { t } = vscode.l10n;
  const lost = restarts.filter(({ survived }) => !survived).length;
  const checkpoints = restarts.filter(({ at }) => at !== "call").length;
  const missed = audit?.findings.filter(({ kind }) => kind === "unprotected").length ?? 0;
  const dead = audit?.findings.filter(({ kind }) => kind === "dead").length ?? 0;
  const verdict =
    restarts.length === 0
      ? t("{0} takes no checkpoint: there is nothing to restart from.", path)
      : lost === 0
        ? t("{0} survives a crash after each of its {1} checkpoints.", path, checkpoints)
        : t("{0} does not survive: {1} of {2} restarts end otherwise.", path, lost, restarts.length);
  output.info(verdict);
  for (const { name, version, difference } of restarts)
    if (difference !== undefined) output.info(`${name} ${version}: ${difference}`);
  const details = [
    ...(missed === 0 ? [] : [missed === 1 ? t("1 thing is missed.") : t("{0} things are missed.", missed)]),
    ...(dead === 0 ? [] : [dead === 1 ? t("1 is protected for nothing.") : t("{0} are protected for nothing.", dead)]),
  ];
  const showProblems = t("Show Problems");
  const tellUser = lost > 0 || missed > 0 ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  const actions = missed + dead > 0 ? [showProblems] : [];
  void tellUser([verdict, ...details].join(" "), ...actions).then((chosen) => {
    if (chosen === showProblems) void vscode.commands.executeCommand("workbench.actions.view.problems");
  });
}

/** From 0 to 1. */
function shareOf(step: RestartsProgress, audited: boolean): number {
  if (step.stage === "compiling") return 0;
  const part = step.done / Math.max(1, step.total);
  if (!audited) return part;
  return step.stage === "restarting" ? part / 3 : (1 + 2 * part) / 3;
}

function stepText(step: RestartsProgress): string {
  const { t } = vscode.l10n;
  switch (step.stage) {
    case "compiling":
      return t("compiling");
    case "restarting":
      return t("restart {0} of {1}", step.done, Math.max(0, step.total - 1));
    case "auditing":
      return t("following restart {0} of {1}", step.done, Math.max(0, step.total - 1));
  }
}
