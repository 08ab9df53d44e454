import { HEADER_BYTES } from "../targets.ts";
import type { CheckpointOptions } from "../technique.ts";
import type { ByteSpan, StoreStep } from "./device.ts";
import type { EncodedImage } from "./image-format.ts";
import { imageName, temporaryName } from "./names.ts";
import { messageOf } from "./replica.ts";

/** A step of a commit, and what to call it where a crash comes in it. */
export interface CommitStep {
  readonly label: string;
  readonly step: StoreStep;
}

/** Most bytes of one write or message. */
const WRITE_BYTES = 1 << 20;

/**
 * How an image gets to where it is kept, so that one that is not whole is never taken for one that is.
 * - `disk`: into a temporary file; flush; the file gets the image's name; flush of the directory. Whoever sees the name
 *   sees all bytes.
 * - `memory`: into a buffer of the backup's memory, all but the header; a fence; the header. Whoever sees the header sees
 *   all bytes.
 * - `replica`: message by message; the replica acknowledges when it has everything, and keeps it from then on.
 *
 * `targets.ts` charges the flushes, the header and the acknowledgement.
 */
export function commitSteps(target: CheckpointOptions["target"], encoded: EncodedImage): readonly CommitStep[] {
  const { sequence, bytes } = encoded;
  const name = imageName(sequence);
  switch (target) {
    case "disk": {
      const temporary = temporaryName(sequence);
      return [
        { label: "temporary file", step: { kind: "create", name: temporary } },
        ...writes(temporary, bytes, spansOf(encoded, 0)),
        { label: "flush", step: { kind: "flush", name: temporary } },
        { label: "rename", step: { kind: "rename", name: temporary, to: name } },
        { label: "flush of the directory", step: { kind: "flush-directory" } },
      ];
    }
    case "memory":
      return [
        { label: "buffer", step: { kind: "allocate", name } },
        ...writes(name, bytes, spansOf(encoded, HEADER_BYTES)),
        { label: "fence", step: { kind: "flush", name } },
        { label: "header", step: { kind: "write", name, offset: 0, bytes: bytes.subarray(0, HEADER_BYTES) } },
        { label: "fence after the header", step: { kind: "flush", name } },
      ];
    case "replica": {
      const messages = [
        messageOf("begin", sequence, bytes.length),
        ...spansOf(encoded, 0).map(([from, to]) => messageOf("part", sequence, from, bytes.subarray(from, to))),
        messageOf("end", sequence, bytes.length),
      ];
      return [
        ...messages.map((message, i): CommitStep => {
          return { label: `message ${i + 1} of ${messages.length}`, step: { kind: "send", message } };
        }),
        { label: "acknowledgement", step: { kind: "acknowledge" } },
      ];
    }
  }
}

function writes(name: string, bytes: Uint8Array, spans: readonly ByteSpan[]): CommitStep[] {
  return spans.map(([from, to], i) => ({
    label: `write ${i + 1} of ${spans.length}`,
    step: { kind: "write", name, offset: from, bytes: bytes.subarray(from, to) },
  }));
}

/** The index by itself, and each region's bytes, in pieces that one write or message can take. */
function spansOf({ ends }: EncodedImage, start: number): ByteSpan[] {
  const spans: ByteSpan[] = [];
  let from = start;
  for (const end of ends) {
    for (; from < end; from = Math.min(end, from + WRITE_BYTES)) spans.push([from, Math.min(end, from + WRITE_BYTES)]);
  }
  return spans;
}
