import * as vscode from "vscode";
import { suggestedFile } from "../editor/program-files.ts";
import type { Run } from "../editor/runs.ts";
import { PICTURES, type PictureFormat, type PictureName } from "../panel/messages/messages.ts";
import { type App, tell } from "./app.ts";
import { pickOne } from "./pick-one.ts";

/** Lets the user choose a view of the panel. */
export async function chooseView(): Promise<PictureName | undefined> {
  const { t } = vscode.l10n;
  const items = PICTURES.map((view) => ({ view, label: viewName(view) }));
  const chosen = await pickOne(items, {
    title: t("Export a View"),
    placeHolder: t("What to save as PNG or SVG, as the panel shows it now"),
  });
  return chosen?.view;
}

/** Saves a view of the panel where the user says; the name's end says as what. */
export async function saveView(
  app: App,
  run: Run,
  view: PictureName,
  draw: (format: PictureFormat) => Promise<Uint8Array>,
): Promise<void> {
  const { t } = vscode.l10n;
  const target = await vscode.window.showSaveDialog({
    defaultUri: suggestedFile(run.uri, run.summary.program.path, `-${view}.png`),
    filters: { [t("PNG picture")]: ["png"], [t("SVG drawing")]: ["svg"] },
    saveLabel: t("Export View"),
  });
  if (target === undefined) return;
  try {
    await vscode.workspace.fs.writeFile(target, await draw(/\.svg$/i.test(target.path) ? "svg" : "png"));
  } catch (error) {
    await tell(app, error);
    return;
  }
  const open = t("Open");
  const saved = target.path.slice(target.path.lastIndexOf("/") + 1);
  const chosen = await vscode.window.showInformationMessage(t("{0} was saved.", saved), open);
  if (chosen === open) await vscode.commands.executeCommand("vscode.open", target);
}

function viewName(view: PictureName): string {
  const { t } = vscode.l10n;
  switch (view) {
    case "timeline":
      return t("Timeline");
    case "map":
      return t("Map of dirty pages");
    case "breakdown":
      return t("Cost breakdown");
    case "compare":
      return t("Techniques");
  }
}
