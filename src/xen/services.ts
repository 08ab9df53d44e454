import type { CheckpointService } from "./checkpoint-service.ts";
import type { DirtyBitScan } from "./dirty-bit-scan.ts";
import type { LogDirty } from "./log-dirty.ts";
import type { PageLog } from "./page-log.ts";
import type { RequestChannel } from "./request-channel.ts";

/** What Xen offers to an application of a guest, in one paging mode. What a mode cannot offer is left out. */
export interface XenServices {
  /** How requests for the services reach Xen; whoever makes one through a gate completes it before the program goes on. */
  readonly channel: RequestChannel;
  readonly checkpoint: CheckpointService;
  readonly dirtyBits?: DirtyBitScan;
  /** The processor's log of D bits that it sets in Xen's tables (PML), as frames. */
  readonly frameLog?: PageLog;
  /** The same of the guest's own tables, as pages: no processor has it. */
  readonly guestLog?: PageLog;
  /** Not an application's but a tool's in the control domain: which pages of the whole guest are written. */
  readonly logDirty?: LogDirty;
}
