import { Command, CommanderError } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { BadInputError, CompileError } from "../program/program.ts";
import { addAuditCommand } from "./commands/audit.ts";
import { addCalibrateCommand } from "./commands/calibrate.ts";
import { addCompareCommand } from "./commands/compare.ts";
import { addCrashCommand } from "./commands/crash.ts";
import { addExportCommand } from "./commands/export.ts";
import { addPricesCommand } from "./commands/prices.ts";
import { addPrimitivesCommand } from "./commands/primitives.ts";
import { addRunCommand } from "./commands/run.ts";
import { addValidateCommand } from "./commands/validate.ts";
import { status } from "./output.ts";

/** @returns the exit code: 0 done, 1 the program failed or a check found something, 2 bad input or usage */
export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("checkpoint-lens")
    .description("what checkpoints of a program cost inside a simulated Xen guest, and whether it restarts from them")
    .version(manifest.version)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  addRunCommand(program);
  addCompareCommand(program);
  addCrashCommand(program);
  addAuditCommand(program);
  addPrimitivesCommand(program);
  addValidateCommand(program);
  addPricesCommand(program);
  addCalibrateCommand(program);
  addExportCommand(program);
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
  try {
    await program.parseAsync([...argv]);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    status("");
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      process.stderr.write(`${usageText(error, program)}\n`);
      return 2;
    }
    if (error instanceof BadInputError || error instanceof CompileError) {
      process.stderr.write(`${error.message.trimEnd()}\n`);
      return 2;
    }
    throw error;
  }
}

function usageText(error: CommanderError, program: Command): string {
  if (error.code === "commander.help") {
    return `a command is wanted: ${program.commands.map((command) => command.name()).join(", ")}; --help says more`;
  }
  return error.message.replace(/^error: /, "");
}
