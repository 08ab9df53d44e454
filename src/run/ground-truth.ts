import xenPvEvents from "./ground-truth/xen-pv-events.json" with { type: "json" };

/**
 * What a real Xen 4.17 and real Linux 5.10 and 6.1 guests of it did, primitive by primitive: figures measured under QEMU,
 * reduced to those that are compared. Parsed as unknown data, like a user's own cases.
 */
export const GROUND_TRUTH: unknown = xenPvEvents;
