import { machineRefusal } from "../src/run/chosen-machine.ts";
import type { MachineOptions } from "../src/run/machine.ts";
import { refusedText } from "../src/session/refused-text.ts";
import { t } from "./text.ts";

/** Why there is no such machine, in words; undefined when there is. */
export function whyNot(machine: MachineOptions): string | undefined {
  const refusal = machineRefusal(machine);
  return refusal && refusedText(refusal, t);
}
