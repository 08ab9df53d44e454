import type { Ledger } from "../machine/ledger.ts";
import { P } from "../machine/primitives.ts";
import type { CheckpointOptions } from "./technique.ts";

/** Bytes of an image's own bookkeeping (`store/image-format.ts`): a header, and for each run of bytes its place. */
export const HEADER_BYTES = 64;
export const RUN_ENTRY_BYTES = 8;

/**
 * Bytes of an image's index: its header and its runs, of which an image may have fewer (those that touch become one). The
 * table of its regions, 32 bytes and two names for each, is not counted.
 */
export function indexBytes(pieces: number): number {
  return HEADER_BYTES + pieces * RUN_ENTRY_BYTES;
}

/** What a byte costs that Xen takes from a page of the program to where images are kept. */
export function byteFromPage(target: CheckpointOptions["target"]): number {
  switch (target) {
    case "memory":
      return P.xen_memcpy_byte;
    case "disk":
      return P.disk_byte;
    case "replica":
      return P.wire_byte;
  }
}

/**
 * Whether pages go to the device as they lie in memory. A hypervisor maps the frames and the device takes them from there;
 * a process assembles the image in a staging buffer first, and sends that.
 */
export function goesDirectly({ copy, target }: CheckpointOptions): boolean {
  return copy === "hypervisor" && target !== "memory";
}

/** Bytes that cross to a disk or a replica. */
export function chargeTransfer(ledger: Ledger, options: CheckpointOptions, bytes: number): void {
  if (options.target !== "memory") ledger.charge(byteFromPage(options.target), bytes);
}

/**
 * Makes an image valid whose bytes are where they are kept, by the steps of `store/commit-steps.ts`.
 * - `memory`: the index beside the copy, which is in the backup's memory already, and then the header, which makes it valid.
 * - `disk`: a flush of the file before the name that makes it valid, and one of its directory after it.
 * - `replica`: the acknowledgement comes back, of all that was sent.
 */
export function chargeSeal(ledger: Ledger, options: CheckpointOptions, pieces: number): void {
  switch (options.target) {
    case "memory":
      ledger.charge(P.image_header, 1);
      ledger.charge(P.user_memcpy_byte, indexBytes(pieces));
      return;
    case "disk":
      ledger.charge(P.disk_flush, 2);
      return;
    case "replica":
      ledger.charge(P.wire_round_trip, 1);
      return;
  }
}

/** Getting an image's bytes back from where it is kept. */
export function chargeReload(ledger: Ledger, options: CheckpointOptions, bytes: number): void {
  chargeTransfer(ledger, options, bytes);
  if (options.target === "replica") ledger.charge(P.wire_round_trip, 1);
}
