import * as vscode from "vscode";
import type { Problems } from "../editor/problems.ts";
import type { Restarts } from "../editor/restarts.ts";
import type { Runs } from "../editor/runs.ts";
import type { SessionHost } from "../editor/session-host.ts";
import { SessionFailure } from "../session/messages.ts";

/** What commands work with. */
export interface App {
  readonly extension: vscode.ExtensionContext;
  readonly session: SessionHost;
  readonly runs: Runs;
  readonly problems: Problems;
  readonly restarts: Restarts;
  /** What programs print, and what went wrong inside. */
  readonly output: vscode.LogOutputChannel;
}

/** Tells the user why something did not work; that it was cancelled is no news. */
export async function tell({ output }: App, error: unknown): Promise<void> {
  if (error instanceof SessionFailure && error.error.kind === "cancelled") return;
  const isInternal = !(error instanceof SessionFailure) || error.error.kind === "internal";
  const message = error instanceof Error ? error.message : String(error);
  if (!isInternal) {
    void vscode.window.showErrorMessage(message);
    return;
  }
  output.error(error instanceof SessionFailure && "stack" in error.error ? error.error.stack : (error as Error));
  const show = vscode.l10n.t("Show Log");
  const chosen = await vscode.window.showErrorMessage(
    vscode.l10n.t("Checkpoint Lens made a mistake: {0}", message),
    show,
  );
  if (chosen === show) output.show();
}

/** @returns whether programs may be compiled and run here; if not, the user has been told */
export function isTrusted(): boolean {
  if (vscode.workspace.isTrusted) return true;
  const manage = vscode.l10n.t("Manage Workspace Trust");
  void vscode.window
    .showErrorMessage(
      vscode.l10n.t(
        "This workspace is not trusted: its programs are neither compiled nor run. Saved runs can be opened.",
      ),
      manage,
    )
    .then((chosen) => {
      if (chosen === manage) void vscode.commands.executeCommand("workbench.trust.manage");
    });
  return false;
}
