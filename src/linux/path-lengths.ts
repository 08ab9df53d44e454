import { P, PRIMITIVE_COUNT } from "../machine/primitives.ts";
import { XEN_STEPS } from "../xen/xen-steps.ts";
import type { GuestEnvironment } from "./hosts.ts";
import { KERNEL_BUILDS, type KernelBuildName } from "./kernel-build.ts";
import { LINUX_STEPS } from "./linux-steps.ts";

/** Steps of user mode; of the measured program where it has them, else estimates of a few instructions. */
const USER_STEPS: readonly (readonly [step: number, length: number])[] = [
  [P.program_instruction, 1],
  [P.user_call, 60],
  [P.user_handler, 28], // the measured handler: arithmetic on the address, list, mprotect through the C library
  [P.user_list_entry, 6],
  [P.user_shared_page, 14],
  [P.user_bitmap_word, 6],
  [P.user_pagemap_entry, 6],
  [P.user_touch, 8],
  [P.user_ring_entry, 18],
  [P.user_reverse_search, 4], // load, compare, count, branch
  [P.user_hash_entry, 8],
  [P.user_memcpy_call, 18], // 530 instructions for a page, 512 of which move
  [P.image_header, 80],
];

/**
 * Instructions of each step, by primitive number, in one kernel build and environment; 0 for what is no step. In a
 * hardware-assisted guest Linux runs the code that it runs on bare hardware.
 */
export function pathLengths(build: KernelBuildName, environment: GuestEnvironment): Float64Array {
  const lengths = new Float64Array(PRIMITIVE_COUNT);
  const number = KERNEL_BUILDS.indexOf(build);
  for (const [step, length] of USER_STEPS) lengths[step] = length;
  for (const step of LINUX_STEPS) lengths[step.step] = step.lengths[number * 2 + (environment === "xen-pv" ? 1 : 0)];
  if (environment !== "native") for (const step of XEN_STEPS) lengths[step.step] = step.lengths[number];
  return lengths;
}
