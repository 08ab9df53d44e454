import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import type { App } from "./app.ts";
import { isTrusted } from "./app.ts";
import { choose } from "./perspective.ts";
import { recount } from "./profile-files.ts";

/** The profile that `calibrate` wrote, if it has. */
export async function calibratedProfile(extension: vscode.ExtensionContext): Promise<vscode.Uri | undefined> {
  const file = vscode.Uri.joinPath(extension.globalStorageUri, "this-machine.json");
  return existsSync(file.fsPath) ? file : undefined;
}

/** Measures the machine with the command line's `calibrate`, and counts with its prices from then on. */
export async function calibrate(app: App): Promise<void> {
  const { extension, output } = app;
  const { t } = vscode.l10n;
  if (!isTrusted()) return;
  await vscode.workspace.fs.createDirectory(extension.globalStorageUri);
  const file = vscode.Uri.joinPath(extension.globalStorageUri, "this-machine.json").fsPath;
  const cli = vscode.Uri.joinPath(extension.extensionUri, "dist", "cli.js").fsPath;
  const ending = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: t("Checkpoint Lens: measuring this machine"),
      cancellable: true,
    },
    (_progress, token) =>
      new Promise<Ending>((resolve) => {
        const child = spawn(process.execPath, [cli, "calibrate", "--out", file], {
          env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
          stdio: ["ignore", "pipe", "pipe"],
        });
        let errors = "";
        child.stdout.setEncoding("utf8").on("data", (text: string) => output.append(text));
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          errors += text;
        });
        token.onCancellationRequested(() => child.kill());
        child.on("error", ({ message }) => resolve({ kind: "failed", message }));
        child.on("close", (code, signal) => {
          if (code === 0) resolve({ kind: "measured" });
          else resolve(signal === null ? { kind: "failed", message: errors.trim() } : { kind: "cancelled" });
        });
      }),
  );
  if (ending.kind === "failed") void vscode.window.showErrorMessage(ending.message);
  if (ending.kind !== "measured") return;
  recount(app, file);
  await choose(app, { prices: file });
  const open = t("Open");
  const told = t("This machine was measured. Checkpoints are counted with its prices now.");
  const chosen = await vscode.window.showInformationMessage(told, open);
  if (chosen === open) await vscode.commands.executeCommand("vscode.open", vscode.Uri.file(file));
}

type Ending = { readonly kind: "measured" | "cancelled" } | { readonly kind: "failed"; readonly message: string };
