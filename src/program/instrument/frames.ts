/**
 * A frame in the tables, of a function that can get to the checkpoint interface: three words that say whose it is and whether
 * the host changed a variable; a slot of eight bytes for each parameter and local variable, in which its value is while an import
 * runs; a byte for each, non-zero if it is watched. Frames lie one behind the other, the outermost first.
 */
export const FrameField = {
  /** In the original module. */
  functionIndex: 0,
  localCount: 4,
  /** Non-zero: the slots hold what the variables shall be. */
  isChanged: 8,
} as const;

const HEADER_BYTES = 16;
const SLOT_BYTES = 8;

export function slotOffset(local: number): number {
  return HEADER_BYTES + local * SLOT_BYTES;
}

export function flagOffset(localCount: number, local: number): number {
  return slotOffset(localCount) + local;
}

export function frameSize(localCount: number): number {
  return Math.ceil(flagOffset(localCount, localCount) / 16) * 16;
}
