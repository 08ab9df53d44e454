import { ImageStore } from "../checkpoint/images.ts";
import { optionsIn } from "../checkpoint/refusal.ts";
import type { PriceProfile } from "../machine/prices.ts";
import { instrument } from "../program/instrument/instrument.ts";
import { BadInputError } from "../program/program.ts";
import { loadSymbols } from "../program/symbols/load-symbols.ts";
import { auditRestarts } from "../run/audit/audit.ts";
import { type AuditDocument, auditDocument } from "../run/audit/document.ts";
import type { DeadFinding } from "../run/audit/findings.ts";
import { placesInBuild } from "../run/audit/other-build.ts";
import { type Saving, SavingsModel } from "../run/audit/savings.ts";
import { runLive } from "../run/live.ts";
import { createMachine, DEFAULT_MACHINE, type MachineOptions } from "../run/machine.ts";
import type { CampaignInput } from "../run/restart/reference.ts";
import { openCampaign } from "./campaign.ts";
import type { ProgramInput, RunResult } from "./session.ts";

export interface AuditRequest extends ProgramInput {
  readonly machine: MachineOptions;
  readonly profile: PriceProfile;
  onProgress?(text: string): void;
  /** Comes before each run of the program. */
  onRun?(done: number, total: number, what: string): void;
}

export interface AuditResult {
  readonly about: RunResult["input"];
  readonly document: AuditDocument;
}

/**
 * The whole of `audit`: builds the program so that every variable has a name and a place, restarts it from each of its
 * checkpoints, and prices what it protects for nothing by a recording of the program as it is otherwise built.
 * @throws BadInputError, CompileError
 */
export async function auditProgram(request: AuditRequest): Promise<AuditResult> {
  // Refuses what cannot be; what finds dirty pages makes no difference to what a restart lives on.
  createMachine(request.machine, { startPages: 1, residentPages: [] });
  const { environment } = request.machine;
  const machine = optionsIn<MachineOptions>(environment, { ...DEFAULT_MACHINE, environment, technique: "full-copy" });
  const { input, about } = await openCampaign({ ...request, machine, audited: true });
  const audit = auditRestarts(input, {
    symbols: loadSymbols(input.program),
    ...(request.onRun === undefined ? {} : { onProgress: request.onRun }),
  });
  const { ending } = audit.audited.reference.run;
  if (ending.kind !== "exit") {
    throw new BadInputError(endlessText(about.path, ending.message));
  }
  const { unprotected, dead } = audit;
  if (unprotected.length + dead.length === 0) return { about, document: auditDocument(audit, [], input.program, []) };
  // The program as it is run: what parts of regions cost there, and where its variables lie.
  const { input: released } = await openCampaign(request);
  const savings = dead.length === 0 ? [] : savingsOf(released, request, dead);
  const stale = placesInBuild(released.program, audit, () => watched(released, machine));
  return { about, document: auditDocument(audit, savings, input.program, stale) };
}

/** The same program and input, told of all that it does. */
function watched(input: CampaignInput, machine: MachineOptions): CampaignInput {
  const { maxMemoryPages } = input.instrumented.layout;
  return {
    ...input,
    instrumented: instrument(input.program.wasm, { mode: "watch", maxMemoryPages }),
    options: machine,
  };
}

/** Why a program cannot be restarted and looked at. */
export function endlessText(path: string, message: string): string {
  return `${path} does not end by itself, so there is nothing to hold restarts against: ${message}`;
}

function savingsOf(input: CampaignInput, request: AuditRequest, dead: readonly DeadFinding[]): Saving[][] {
  const { recording } = runLive({ ...input, images: new ImageStore() });
  const model = new SavingsModel(recording, request.machine, request.profile);
  return dead.map(({ region: id, group, ranges }) => model.without([{ id, group, bytes: ranges }]));
}
