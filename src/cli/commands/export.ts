import { type Command, Option } from "commander";
import { ENVIRONMENTS, type Environment } from "../../checkpoint/technique.ts";
import { TECHNIQUE_IDS, type TechniqueId } from "../../checkpoint/techniques.ts";
import { BadInputError } from "../../program/program.ts";
import { exportRun } from "../../session/exports/export-run.ts";
import { exportedRunOf } from "../../session/exports/exported-run.ts";
import {
  EXPORT_FORMATS,
  EXPORT_TABLES,
  type ExportFormat,
  type ExportTableName,
} from "../../session/exports/formats.ts";
import { readRunFile } from "../../worker/run-files.ts";
import { checkFolderOf, writeWhole } from "../../worker/write-whole.ts";
import { addPriceOptions, type PriceFlags, profileOf } from "../options.ts";
import { print } from "../output.ts";
import { refuseUnused } from "../unused-options.ts";

interface ExportOptions extends PriceFlags {
  readonly format: ExportFormat;
  readonly table?: ExportTableName;
  readonly technique?: TechniqueId;
  readonly environment?: Environment;
  readonly out?: string;
}

export function addExportCommand(program: Command): void {
  const command = program
    .command("export")
    .description("a kept run for other tools: Perfetto (ui.perfetto.dev), spreadsheets, data frames")
    .argument("<run file>", "what run --out kept")
    .addOption(new Option("--format <name>", "what to write").choices([...EXPORT_FORMATS]).makeOptionMandatory())
    .addOption(
      new Option(
        "--table <name>",
        "with csv and arrow: costs by primitive, phase, checkpoint, line and region; events in time; checkpoints; lines (default: costs)",
      ).choices([...EXPORT_TABLES]),
    )
    .addOption(
      new Option("--technique <id>", "as if checkpoints were taken so (default: as the run was)").choices([
        ...TECHNIQUE_IDS,
      ]),
    )
    .addOption(
      new Option("--environment <id>", "as if the guest were hosted so (default: as the run was)").choices([
        ...ENVIRONMENTS,
      ]),
    )
    .option("--out <file>", "where to write (default: standard output)");
  addPriceOptions(command);
  command.action(async (path: string, options: ExportOptions) => {
    const { format, table, technique, environment, out } = options;
    if (format === "perfetto" && table !== undefined) {
      throw new BadInputError(
        `--table ${table}: a Perfetto trace holds no table; leave it out, or choose csv or arrow`,
      );
    }
    if (out === undefined && format !== "csv" && process.stdout.isTTY) {
      throw new BadInputError(`--format ${format} is not for a terminal: name a file with --out`);
    }
    if (out !== undefined) checkFolderOf(out);
    const profile = profileOf(options);
    const run = readRunFile(path);
    const machine = {
      ...run.options,
      ...(technique === undefined ? {} : { technique }),
      ...(environment === undefined ? {} : { environment }),
    };
    refuseUnused(command, machine);
    const bytes = exportRun(exportedRunOf(run, machine, profile), format, table);
    if (out === undefined) await print(bytes);
    else writeWhole(out, "the export", bytes);
  });
}
