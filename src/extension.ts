import * as vscode from "vscode";
import { openSample } from "./commands/open-sample.ts";

/** Wires commands to what does them. */
export function activate(context: vscode.ExtensionContext): void {
  context.subscriptions.push(vscode.commands.registerCommand("checkpointLens.openSample", () => openSample(context)));
}
