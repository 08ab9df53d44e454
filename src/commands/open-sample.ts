import * as vscode from "vscode";
import { pickOne } from "./pick-one.ts";

/** What a sample teaches, by its file's name. */
const SAMPLES: readonly { readonly file: string; readonly what: string }[] = [
  { file: "kv.ts", what: vscode.l10n.t("Key-value store in AssemblyScript: single entries all over a large table") },
  { file: "order-book.ts", what: vscode.l10n.t("Order book in AssemblyScript: a few hot levels, and a growing log") },
  { file: "heat.c", what: vscode.l10n.t("Heat stencil in C: every page, front to back, each step") },
  { file: "btree.c", what: vscode.l10n.t("B-tree in C: a path of nodes for each insert") },
  { file: "lru.c", what: vscode.l10n.t("LRU cache in C: a few bytes on very many pages") },
];

/** Lets the user choose a sample, and opens a copy of it that may be changed. @param viewColumn where; the active one unless given */
export async function openSample(
  context: vscode.ExtensionContext,
  viewColumn: vscode.ViewColumn = vscode.ViewColumn.Active,
): Promise<void> {
  const folder = {
    label: vscode.l10n.t("Copy all samples to a folder..."),
    iconPath: new vscode.ThemeIcon("folder-opened"),
    file: undefined,
  };
  const chosen = await pickOne(
    [
      ...SAMPLES.map(({ file, what }) => ({ label: file, detail: what, file })),
      { label: "", kind: vscode.QuickPickItemKind.Separator, file: undefined },
      folder,
    ],
    {
      title: vscode.l10n.t("Open a sample"),
      placeHolder: vscode.l10n.t("A program that takes checkpoints"),
      matchOnDetail: true,
    },
  );
  if (chosen === undefined) return;
  if (chosen.file !== undefined) {
    const directory = vscode.Uri.joinPath(context.globalStorageUri, "samples");
    await copySamples(context.extensionUri, directory);
    await vscode.window.showTextDocument(vscode.Uri.joinPath(directory, chosen.file), { preview: false, viewColumn });
    return;
  }
  const [parent] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      openLabel: vscode.l10n.t("Copy Samples Here"),
    })) ?? [];
  if (parent === undefined) return;
  const directory = vscode.Uri.joinPath(parent, "checkpoint-lens-samples");
  await copySamples(context.extensionUri, directory);
  await vscode.commands.executeCommand("vscode.openFolder", directory);
}

/** Copies the folder of samples, with what they include and import; keeps what is there. */
async function copySamples(extension: vscode.Uri, to: vscode.Uri): Promise<void> {
  const from = vscode.Uri.joinPath(extension, "dist", "samples");
  await vscode.workspace.fs.createDirectory(to);
  for (const [name] of await vscode.workspace.fs.readDirectory(from)) {
    const copy = vscode.Uri.joinPath(to, name);
    if (!(await exists(copy))) await vscode.workspace.fs.copy(vscode.Uri.joinPath(from, name), copy);
  }
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}
