import { optionsIn, type Refusal, refusalOf } from "../checkpoint/refusal.ts";
import { techniqueOf } from "../checkpoint/techniques.ts";
import type { MachineOptions } from "./machine.ts";

/** A machine of which something else was chosen, with the other options as its environment can have them. */
export function chosenMachine(machine: MachineOptions, choice: Partial<MachineOptions>): MachineOptions {
  const chosen = { ...machine, ...choice };
  return optionsIn(chosen.environment, chosen);
}

/** Why there is no such machine, and what can be chosen instead; undefined when there is. */
export function machineRefusal(machine: MachineOptions): Refusal | undefined {
  return refusalOf(techniqueOf(machine.technique), machine);
}
