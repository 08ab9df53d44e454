import type { Ledger } from "../machine/ledger.ts";
import { P } from "../machine/primitives.ts";
import type { CheckpointOptions } from "./technique.ts";

/** Bytes of an image's own bookkeeping: a header, and for each page its place. */
const HEADER_BYTES = 64;
const PAGE_ENTRY_BYTES = 8;

/**
 * What it takes to make an image safe once its bytes are staged.
 * - `memory`: a header beside the copy, which is already in the backup's memory.
 * - `disk`: everything is written, and flushed before the header that makes it valid, and again after it.
 * - `replica`: everything crosses the wire, and the acknowledgement comes back.
 */
export function chargeCommit(ledger: Ledger, options: CheckpointOptions, bytes: number, pageCount: number): void {
  const index = HEADER_BYTES + pageCount * PAGE_ENTRY_BYTES;
  switch (options.target) {
    case "memory":
      ledger.charge(P.image_header, 1);
      ledger.charge(P.user_memcpy_byte, index);
      return;
    case "disk":
      ledger.charge(P.disk_byte, bytes + index);
      ledger.charge(P.disk_flush, 2);
      return;
    case "replica":
      ledger.charge(P.wire_byte, bytes + index);
      ledger.charge(P.wire_round_trip, 1);
      return;
  }
}

/** Getting an image's bytes back from where it is kept. */
export function chargeReload(ledger: Ledger, options: CheckpointOptions, bytes: number): void {
  switch (options.target) {
    case "memory":
      return;
    case "disk":
      ledger.charge(P.disk_byte, bytes);
      return;
    case "replica":
      ledger.charge(P.wire_byte, bytes);
      ledger.charge(P.wire_round_trip, 1);
      return;
  }
}
