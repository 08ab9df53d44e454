import { DEFAULT_MACHINE, type MachineOptions } from "../../../src/run/machine.ts";

export function machine(
  technique: MachineOptions["technique"],
  environment: MachineOptions["environment"],
  more: Partial<MachineOptions> = {},
): MachineOptions {
  return { ...DEFAULT_MACHINE, technique, environment, ...more };
}

/** Every technique wherever it is offered. */
export const GUEST_WAYS: readonly MachineOptions[] = [
  machine("full-copy", "native"),
  machine("mprotect", "native"),
  machine("mprotect", "xen-pv"),
  machine("soft-dirty", "native"),
  machine("soft-dirty", "xen-pv"),
  machine("uffd-wp", "native"),
  machine("uffd-wp", "xen-pv"),
  machine("uffd-wp-sigbus", "native"),
  machine("uffd-wp-sigbus", "xen-pv"),
  machine("hash", "native"),
  machine("hash", "xen-pv"),
  machine("hv-protect", "xen-pv"),
];

export function describeWay({ technique, environment, kernel, copy, gate, commit, target }: MachineOptions): string {
  return `${technique} in ${environment} (Linux ${kernel}, copy ${copy}, gate ${gate}, commit ${commit}, target ${target})`;
}
