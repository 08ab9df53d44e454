import * as vscode from "vscode";
import { isProgramFile, takesCheckpoints } from "../editor/program-files.ts";
import { programOf, type Run } from "../editor/runs.ts";

/**
 * The program that a command is about when it is told nothing else: the one in front; where none is, as while the panel or a
 * walkthrough has the keyboard, one in sight, that of the shown run, or the last that was opened and takes checkpoints: in a
 * narrow window a walkthrough has its sample behind it.
 */
export function programInFront(shown: Run | undefined): vscode.Uri | undefined {
  const { activeTextEditor, visibleTextEditors, tabGroups } = vscode.window;
  const input = tabGroups.activeTabGroup.activeTab?.input;
  const ofTab = input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom ? input.uri : undefined;
  const inSight = visibleTextEditors.map(({ document }) => document.uri).filter(({ scheme }) => scheme === "file");
  const inFront = [activeTextEditor?.document.uri, ofTab, ...inSight, shown && programOf(shown)].find(
    (uri) => uri !== undefined && isProgramFile(uri),
  );
  return inFront ?? vscode.workspace.textDocuments.findLast(isOpenProgram)?.uri;
}

function isOpenProgram(document: vscode.TextDocument): boolean {
  return document.uri.scheme === "file" && takesCheckpoints(document);
}
