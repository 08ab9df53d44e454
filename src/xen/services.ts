import type { CheckpointService } from "./checkpoint-service.ts";
import type { RequestChannel } from "./request-channel.ts";

/** What Xen offers to an application of a guest, in one paging mode. What a mode cannot offer is left out. */
export interface XenServices {
  /** How requests for the services reach Xen; whoever makes one through a gate completes it before the program goes on. */
  readonly channel: RequestChannel;
  readonly checkpoint: CheckpointService;
}
