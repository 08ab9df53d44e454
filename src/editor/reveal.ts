import * as vscode from "vscode";
import { type Run, sourceOf } from "./runs.ts";

/**
 * Shows a line of a run's source, in the editor that has it open or else in a column of the caller's; of a file that nobody knows
 * nothing.
 * @param line from 1
 * @param focus whether the keyboard goes there, too
 */
export async function revealLine(
  run: Run,
  { file, line }: { readonly file: string; readonly line: number },
  column: vscode.ViewColumn,
  focus: boolean,
): Promise<void> {
  const source = sourceOf(run, file);
  if (source === undefined) return;
  const uri = run.uri.with({ path: vscode.Uri.file(source.path).path });
  const shown = vscode.window.visibleTextEditors.find(({ document }) => document.uri.fsPath === uri.fsPath);
  try {
    const document = shown?.document ?? (await vscode.workspace.openTextDocument(uri));
    const at = Math.min(Math.max(0, line - 1), document.lineCount - 1);
    const range = document.lineAt(at).range;
    const editor = await vscode.window.showTextDocument(document, {
      viewColumn: shown?.viewColumn ?? column,
      preserveFocus: !focus,
      selection: new vscode.Range(range.start, range.start),
    });
    editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  } catch {
    void vscode.window.showWarningMessage(vscode.l10n.t("{0} cannot be opened any more.", source.path));
  }
}
