import { GuestFrames } from "../machine/guest-frames.ts";
import type { Ledger } from "../machine/ledger.ts";
import type { PageTable } from "../machine/page-table.ts";
import { P } from "../machine/primitives.ts";
import { HapDirtyBitScan } from "../xen/hap/dirty-bit-scan.ts";
import { HapHypervisor } from "../xen/hap/hypervisor.ts";
import { hapLogDirty } from "../xen/hap/log-dirty.ts";
import { HapPageLog } from "../xen/hap/page-log.ts";
import { HapCheckpointService } from "../xen/hap/service.ts";
import { LogDirty, type LogDirtyMode } from "../xen/log-dirty.ts";
import { PvDirtyBitScan } from "../xen/pv/dirty-bit-scan.ts";
import { Hypervisor } from "../xen/pv/hypervisor.ts";
import { pvLogDirty } from "../xen/pv/log-dirty.ts";
import { XenCheckpointService } from "../xen/pv/service.ts";
import { RequestChannel } from "../xen/request-channel.ts";
import type { XenServices } from "../xen/services.ts";
import { ShadowDirtyBitScan } from "../xen/shadow/dirty-bit-scan.ts";
import { ShadowHypervisor } from "../xen/shadow/hypervisor.ts";
import { shadowLogDirty } from "../xen/shadow/log-dirty.ts";
import { ShadowCheckpointService } from "../xen/shadow/service.ts";
import { GuestLog } from "./guest-log.ts";
import type { Kernel } from "./kernel.ts";
import type { KernelBuild } from "./kernel-build.ts";
import { TIMER_PAGES } from "./kernel-pages.ts";
import type { Platform } from "./platform.ts";
import { NativePlatform } from "./platform-native.ts";
import { XenHapPlatform } from "./platform-xen-hap.ts";
import { XenPvPlatform } from "./platform-xen-pv.ts";
import { XenShadowPlatform } from "./platform-xen-shadow.ts";

/** How a guest is hosted. */
export const GUEST_ENVIRONMENTS = ["native", "xen-pv", "xen-shadow", "xen-hap"] as const;
export type GuestEnvironment = (typeof GUEST_ENVIRONMENTS)[number];

/** What a guest's kernel runs on. */
export interface Host {
  readonly platform: Platform;
  /** The hypervisor of a paravirtual guest. */
  readonly hypervisor: Hypervisor | undefined;
  /** What Xen offers to applications, once the kernel is there; to be called once. */
  services(kernel: Kernel): XenServices | undefined;
}

type HostMaker = (ledger: Ledger, table: PageTable, build: KernelBuild) => Host;

/** One entry for each environment. */
export const HOSTS: Readonly<Record<GuestEnvironment, HostMaker>> = {
  native: (ledger, table, build) => ({
    platform: new NativePlatform(ledger, table, build.isolatesPageTables),
    hypervisor: undefined,
    services: () => undefined,
  }),
  "xen-pv": (ledger, table, build) => {
    const hypervisor = new Hypervisor(ledger, table, build.isolatesPageTables);
    return {
      platform: new XenPvPlatform(ledger, table, hypervisor),
      hypervisor,
      services(kernel) {
        const channel = new RequestChannel(ledger, table.states, {
          userGate: () => hypervisor.userGate(),
          driver: () => throughDriver(kernel, () => hypervisor.hypercall()),
          cpuid: () => hypervisor.forcedCpuid(),
        });
        const checkpoint = new XenCheckpointService(ledger, hypervisor, table, channel);
        hypervisor.observe(checkpoint);
        hypervisor.onEntry(() => channel.entered());
        const logDirty = logDirtyOf(kernel, pvLogDirty(hypervisor));
        return { channel, checkpoint, dirtyBits: new PvDirtyBitScan(hypervisor, table, channel), logDirty };
      },
    };
  },
  "xen-shadow": (ledger, table, build) => {
    const xen = new ShadowHypervisor(ledger, table);
    return {
      platform: new XenShadowPlatform(ledger, table, build.isolatesPageTables, xen),
      hypervisor: undefined,
      services(kernel) {
        const channel = channelOf(kernel, xen);
        const checkpoint = new ShadowCheckpointService(ledger, xen.tables, table, channel);
        xen.tables.observe(checkpoint);
        xen.emulateFor(checkpoint);
        xen.onEntry(() => channel.entered());
        const logDirty = logDirtyOf(kernel, shadowLogDirty(xen));
        const dirtyBits = new ShadowDirtyBitScan(ledger, xen.tables, table, channel);
        xen.tables.observe(dirtyBits);
        return { channel, checkpoint, dirtyBits, logDirty };
      },
    };
  },
  "xen-hap": (ledger, table, build) => {
    const xen = new HapHypervisor(ledger, new GuestFrames(table));
    const platform = new XenHapPlatform(ledger, table, build.isolatesPageTables, xen);
    return {
      platform,
      hypervisor: undefined,
      services(kernel) {
        const channel = channelOf(kernel, xen);
        const checkpoint = new HapCheckpointService(xen, table, channel);
        const frameLog = new HapPageLog(xen, table, channel);
        const guestLog = new GuestLog(kernel, platform);
        xen.observe(checkpoint);
        xen.onEntry(() => channel.entered());
        platform.onProcessSwitch(() => {
          frameLog.processSwitched();
          guestLog.processSwitched();
        });
        const dirtyBits = new HapDirtyBitScan(xen, table, channel);
        const logDirty = logDirtyOf(kernel, hapLogDirty(xen, table.states));
        return { channel, checkpoint, dirtyBits, logDirty, frameLog, guestLog };
      },
    };
  },
};

/** How applications of an HVM guest reach Xen. */
function channelOf(kernel: Kernel, xen: { hypercall(): void; cpuid(): void }): RequestChannel {
  return new RequestChannel(kernel.ledger, kernel.table.states, {
    userGate: () => xen.hypercall(),
    driver: () => throughDriver(kernel, () => xen.hypercall()),
    cpuid: () => xen.cpuid(),
  });
}

/** Log-dirty mode, off at first, which is told what the guest's kernel writes. */
function logDirtyOf(kernel: Kernel, mode: LogDirtyMode): LogDirty {
  const logDirty = new LogDirty(kernel.ledger, kernel.table, mode, TIMER_PAGES);
  kernel.observeOwnWrites(logDirty);
  return logDirty;
}

/** The way of an application through its kernel's privcmd driver to Xen and back. */
function throughDriver(kernel: Kernel, hypercall: () => void): void {
  kernel.enter();
  kernel.ledger.charge(P.linux_ioctl, 1);
  kernel.ledger.charge(P.linux_privcmd, 1);
  hypercall();
  kernel.leave();
}
