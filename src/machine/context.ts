/** Who does the work that a charge stands for. */
export const LAYERS = ["program", "checkpointLibrary", "guestKernel", "hypervisor", "wire", "disk"] as const;
export type Layer = (typeof LAYERS)[number];

/**
 * Why it is done. `run` is the program's own need (its first touches, its system calls): it would be paid without any
 * checkpoint. All other phases are overhead: `track` while the program runs between checkpoints, `collect`, `copy`,
 * `arm` and `commit` inside a checkpoint, `restart` when state comes back, `register` when regions are declared. `background` is work on another
 * processor that the program does not wait for: no overhead of its own, and reported apart.
 */
export const PHASES = [
  "run",
  "register",
  "track",
  "collect",
  "copy",
  "arm",
  "commit",
  "restart",
  "background",
] as const;
export type Phase = (typeof PHASES)[number];
export const PHASE_NUMBER: Readonly<Record<Phase, number>> = Object.freeze(
  Object.fromEntries(PHASES.map((phase, index) => [phase, index])) as Record<Phase, number>,
);

/** A store site or call site of the program that no instruction stands for. */
export const NO_SITE = -1;
/** Work that no protected region caused. */
export const NO_REGION = -1;
