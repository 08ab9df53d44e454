import * as vscode from "vscode";
import { suggestedFile } from "../editor/program-files.ts";
import type { Run } from "../editor/runs.ts";
import { EXPORT_EXTENSIONS, type ExportFormat, type ExportTableName } from "../session/exports/formats.ts";
import { type App, tell } from "./app.ts";
import { pickOne } from "./pick-one.ts";

/** What a run can be saved as; the end of the file's name says which of its formats. */
interface Export extends vscode.QuickPickItem {
  /** Put behind the program's name. */
  readonly suffix: string;
  /** Ends of file names without the dot, the usual one first, each under the name of its format. */
  readonly formats: Readonly<Record<string, string>>;
  write(app: App, run: Run, target: vscode.Uri): Promise<void>;
}

/** Writes the shown run where the user says: all of it, its figures, or its tables for other tools. */
export async function exportRun(app: App): Promise<void> {
  const { t } = vscode.l10n;
  const run = app.runs.current;
  if (run === undefined) return;
  const chosen = await pickOne(exports(), {
    title: t("Export Run"),
    placeHolder: t("What to save of the run, as the panel shows it now"),
    matchOnDetail: true,
  });
  if (chosen === undefined) return;
  const [first] = Object.values(chosen.formats);
  const target = await vscode.window.showSaveDialog({
    defaultUri: suggestedFile(run.uri, run.summary.program.path, `${chosen.suffix}.${first}`),
    filters: Object.fromEntries(Object.entries(chosen.formats).map(([format, extension]) => [format, [extension]])),
    saveLabel: t("Export Run"),
  });
  if (target === undefined) return;
  try {
    await chosen.write(app, run, target);
    vscode.window.setStatusBarMessage(t("{0} was saved.", target.path.slice(target.path.lastIndexOf("/") + 1)), 5000);
  } catch (error) {
    await tell(app, error);
  }
}

function exports(): readonly Export[] {
  const { t } = vscode.l10n;
  return [
    {
      label: t("Run file"),
      detail: t("Everything: it opens again here and in the command line, and under other techniques and prices."),
      suffix: "",
      formats: { [t("Runs of Checkpoint Lens")]: "cklens" },
      write: async ({ session }, run, target) =>
        void (await session.client.ask("saveRunFile", { run: run.id, path: target.fsPath })),
    },
    {
      label: t("Figures as JSON"),
      detail: t("What the command line's run --json prints."),
      suffix: "",
      formats: { [t("Figures as JSON")]: "json" },
      async write({ session }, run, target) {
        const { headline: _, ...report } = await session.client.ask("report", {
          run: run.id,
          perspective: run.perspective,
        });
        const text = `${JSON.stringify({ program: run.summary.program, ...report }, null, 2)}\n`;
        await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(text));
      },
    },
    {
      label: t("Perfetto trace"),
      detail: t("Checkpoints, phases and traps in time, for ui.perfetto.dev."),
      suffix: "",
      formats: { [t("Perfetto trace")]: extensionOf("perfetto") },
      write: (app, run, target) => save(app, run, target, "perfetto"),
    },
    table("costs", t("Costs"), t("Counts and cycles by primitive, phase, checkpoint, line and region.")),
    table("events", t("Events"), t("Each thing that cost something, in time.")),
    table("checkpoints", t("Checkpoints"), t("What each saved, and what it cost.")),
    table("lines", t("Lines"), t("What each line of the source cost.")),
  ];
}

function table(name: ExportTableName, label: string, detail: string): Export {
  const { t } = vscode.l10n;
  return {
    ...{ label, detail },
    description: "CSV, Arrow",
    suffix: `-${name}`,
    formats: { [t("Comma-separated values")]: extensionOf("csv"), [t("Apache Arrow")]: extensionOf("arrow") },
    write: (app, run, target) => save(app, run, target, /\.arrow$/i.test(target.path) ? "arrow" : "csv", name),
  };
}

async function save(
  { session }: App,
  { id, perspective }: Run,
  target: vscode.Uri,
  format: ExportFormat,
  tableName?: ExportTableName,
): Promise<void> {
  const params = { run: id, perspective, format, ...(tableName === undefined ? {} : { table: tableName }) };
  await vscode.workspace.fs.writeFile(target, await session.client.ask("export", params));
}

function extensionOf(format: ExportFormat): string {
  return EXPORT_EXTENSIONS[format].slice(1);
}
