import * as vscode from "vscode";

/** Files that can be run. */
const PROGRAM = /\.(?:c|cc|cpp|cxx|ts|wasm|wat)$/i;
/** What a program that takes checkpoints includes or imports. */
const USES_VELOC = /^\s*#\s*include\s*[<"](?:include\/)?veloc\.h[>"]|\bfrom\s*["']veloc["']/m;
/** No source that a person wrote is longer; beyond it nothing is looked for. */
const MAX_SOURCE_LENGTH = 4_000_000;

export function isProgramFile(uri: vscode.Uri): boolean {
  return PROGRAM.test(uri.path);
}

/** Whether a document is a program that takes checkpoints, so that it is worth offering to run it. */
export function takesCheckpoints(document: vscode.TextDocument): boolean {
  if (!isProgramFile(document.uri)) return false;
  const text = document.getText();
  return text.length <= MAX_SOURCE_LENGTH && USES_VELOC.test(text);
}

/** What file names in figures count from: the workspace's folder, or else where the program lies. */
export function workingDirectoryOf(program: vscode.Uri): vscode.Uri {
  return vscode.workspace.getWorkspaceFolder(program)?.uri ?? vscode.Uri.joinPath(program, "..");
}

/** What a file that is made of a program's run is called at first: as the program, with another end, where the program was run. */
export function suggestedFile(program: vscode.Uri, path: string, end: string): vscode.Uri {
  const name = path.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "");
  return vscode.Uri.joinPath(workingDirectoryOf(program), `${name}${end}`);
}
