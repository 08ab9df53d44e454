/**
 * A Linux kernel as it was built and booted, with the Xen under it: what differs between releases in the steps that a
 * checkpoint takes, and which path lengths apply.
 *
 * `5.10-lean`: Linux 5.10.262, mitigations=off, init_on_alloc=0, Xen 4.17 without speculation control and XPTI: nearest
 * to an old kernel. `6.1-default`: Linux 6.1.192 with a distribution's defaults on a processor without PTI.
 * `6.1-pti`: the same where the kernel isolates its page tables and Xen hides itself (XPTI).
 */
export const KERNEL_BUILDS = ["5.10-lean", "6.1-default", "6.1-pti"] as const;
export type KernelBuildName = (typeof KERNEL_BUILDS)[number];
export type KernelVersion = "5.10" | "6.1";

export interface KernelBuild {
  readonly name: KernelBuildName;
  readonly version: KernelVersion;
  /** mprotect makes private, exclusive PTEs writable at once; before, the first store faults once more (since 6.1). */
  readonly upgradesPtes: boolean;
  /** mprotect gathers the ranges of all VMAs and flushes once, and only PTEs whose rights changed (since 6.1). */
  readonly gathersFlushes: boolean;
  /** VMAs are in a maple tree; before, in a red-black tree and a list. */
  readonly mapleTree: boolean;
  /** Random numbers are hashed with SIMD code, which the kernel saves the FPU's registers for (6.1, and SSSE3). */
  readonly hashesWithSimd: boolean;
  /** Page-table isolation: of the kernel on bare hardware, of Xen under PV. */
  readonly isolatesPageTables: boolean;
}

export const DEFAULT_BUILD: Readonly<Record<KernelVersion, KernelBuildName>> = {
  "5.10": "5.10-lean",
  "6.1": "6.1-default",
};

const LINUX_5_10 = { version: "5.10", upgradesPtes: false, gathersFlushes: false, mapleTree: false } as const;
const LINUX_6_1 = { version: "6.1", upgradesPtes: true, gathersFlushes: true, mapleTree: true } as const;

export function kernelBuild(name: KernelBuildName): KernelBuild {
  switch (name) {
    case "5.10-lean":
      return { name, ...LINUX_5_10, hashesWithSimd: false, isolatesPageTables: false };
    case "6.1-default":
      return { name, ...LINUX_6_1, hashesWithSimd: false, isolatesPageTables: false };
    case "6.1-pti":
      return { name, ...LINUX_6_1, hashesWithSimd: true, isolatesPageTables: true };
  }
}
