import { SingleBar } from "cli-progress";
import type { Command } from "commander";
import { auditProgram } from "../../worker/audit.ts";
import {
  addKernelOption,
  addMachineOptions,
  addPathOptions,
  addPriceOptions,
  addProgramOptions,
  type MachineFlags,
  machineOptionsOf,
  optionsDocument,
  type PriceFlags,
  type ProgramOptions,
  profileOf,
} from "../options.ts";
import { print, printJson, status } from "../output.ts";
import { programInputOf } from "../program-input.ts";
import { refuseUnused } from "../unused-options.ts";
import { auditText } from "./audit-text.ts";

interface AuditOptions extends ProgramOptions, Omit<MachineFlags, "commit" | "hybridWrites">, PriceFlags {
  readonly strict?: boolean;
  readonly json?: boolean;
}

export function addAuditCommand(program: Command): void {
  const command = program
    .command("audit")
    .description("find what a program forgot to protect, and what it protects for nothing, by restarting it")
    .argument("<program>", ".c .cc .cpp .ts .wasm or .wat")
    .argument("[args...]", "what the program gets as its arguments (after --)")
    .option("--strict", "exit with 1 if anything is unprotected that changes a restarted program")
    .option("--json", "print one JSON document");
  addPriceOptions(addKernelOption(addPathOptions(addMachineOptions(addProgramOptions(command)))));
  command.action(async (path: string, args: string[], options: AuditOptions) => {
    refuseUnused(command, options);
    const profile = profileOf(options);
    const machine = machineOptionsOf({ ...options, commit: "sync", hybridWrites: 0 });
    const bar = new SingleBar({
      format: "{bar} {value}/{total} {what}",
      stream: process.stderr,
      noTTYOutput: false,
      clearOnComplete: true,
    });
    const { about, document } = await auditProgram({
      ...programInputOf(path, args, options),
      ...{ machine, profile, onProgress: status },
      onRun(done, total, what) {
        if (!process.stderr.isTTY) return;
        if (done === 0) {
          status("");
          bar.start(total, 0, { what });
        }
        bar.setTotal(total);
        bar.update(done, { what });
      },
    });
    bar.stop();
    status("");
    if (options.json === true) {
      // What maps show is in the findings, too.
      const { layers: _layers, ...told } = document;
      await printJson({
        program: about,
        environment: machine.environment,
        prices: { name: profile.name, ghz: profile.ghz },
        options: optionsDocument(machine, options),
        ...told,
      });
    } else await print(auditText(path, document));
    const isUnprotected = document.findings.some(({ kind }) => kind === "unprotected");
    process.exitCode = options.strict === true && isUnprotected ? 1 : 0;
  });
}
