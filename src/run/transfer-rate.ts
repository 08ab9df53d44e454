import { type CheckpointOptions, DEFAULT_OPTIONS } from "../checkpoint/technique.ts";
import type { Devices } from "../machine/what-if.ts";
import { GUEST_CYCLES_PER_NANOSECOND } from "./machine.ts";

/**
 * How fast bytes cross to where images go while the program runs on: the program's own clock, and no price, says so.
 * @param devices those that are supposed
 * @returns bytes for each virtual cycle; the default where no rate is supposed for the target
 */
export function transferBytesPerCycle(
  target: CheckpointOptions["target"],
  { wireBytesPerSecond, diskBytesPerSecond }: Devices,
): number {
  const device = target === "disk" ? diskBytesPerSecond : wireBytesPerSecond;
  return device === undefined ? DEFAULT_OPTIONS.transferBytesPerCycle : device / (GUEST_CYCLES_PER_NANOSECOND * 1e9);
}
