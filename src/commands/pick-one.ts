import * as vscode from "vscode";

/** Within this after it is shown nobody has looked at it. */
const UNSEEN_MS = 500;

/**
 * Asks for one of some items. The palette that a command was chosen in gives the keyboard back to the panel when it closes, at
 * times so late that it hides what is shown by then: that is asked once more.
 */
export async function pickOne<T extends vscode.QuickPickItem>(
  items: readonly T[],
  options: vscode.QuickPickOptions,
): Promise<T | undefined> {
  const ask = () => vscode.window.showQuickPick(items, options);
  const shown = Date.now();
  const chosen = await ask();
  return chosen === undefined && Date.now() - shown < UNSEEN_MS ? ask() : chosen;
}
