import { PRIMITIVE_COUNT } from "../machine/primitives.ts";
import type { KernelBuildName } from "./kernel-build.ts";

/** Instructions of each step, by primitive number, in one kernel build and environment. */
export function pathLengths(_build: KernelBuildName, _environment: "native" | "xen-pv"): Float64Array {
  return new Float64Array(PRIMITIVE_COUNT);
}
