import type { CheckpointService } from "./checkpoint-service.ts";

/** What Xen offers to an application of a guest, in one paging mode. What a mode cannot offer is left out. */
export interface XenServices {
  readonly checkpoint: CheckpointService;
}
