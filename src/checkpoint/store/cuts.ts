import { HEADER_BYTES } from "../targets.ts";
import type { CommitStep } from "./commit-steps.ts";
import type { BackupDevice, ByteSpan, Remains, StoreStep, Survival } from "./device.ts";
import type { EncodedImage } from "./image-format.ts";
import { imageName } from "./names.ts";
import { bytesInMemory } from "./recover.ts";

/** A crash in the midst of a commit, or damage to what was committed. */
export interface Cut {
  /** Where it came: `write 3 of 7, half`. */
  readonly at: string;
  readonly remains: Remains;
  /** What must be found: the image that was being committed, only those before it, or either: whether it got there in time. */
  readonly finds: "it" | "those before" | "either";
}

interface Variant {
  readonly label: string;
  readonly survival: Partial<Survival>;
}

const SECTOR_BYTES = 512;

const ALL: Survival = {
  write: (bytes) => [[0, bytes]],
  directory: () => true,
  arrived: (bytes) => bytes,
};
const NOTHING: Survival = { write: () => [], directory: () => false, arrived: () => 0 };

/**
 * A commit, cut at each of its steps in each way that makes a difference: nothing of the step had an effect, half of it, all of
 * it, and it alone while what came before it was still in a cache. At last a bit of what was committed is flipped.
 * @param device holds what was committed before; the commit is carried out on it
 */
export function* cutsOf(device: BackupDevice, steps: readonly CommitStep[], encoded: EncodedImage): Generator<Cut> {
  let unflushed = 0;
  for (const { label, step } of steps) {
    if (step.kind === "flush") unflushed = 0;
    if (step.kind === "write") unflushed++;
    const { before, after } = variantsOf(step, unflushed > 1);
    for (const variant of before) yield cut(device, label, variant);
    device.do(step);
    for (const variant of after) yield cut(device, label, variant);
  }
  const remains = device.crash(NOTHING);
  yield { at: "after its end", remains, finds: "it" };
  for (const [part, offset] of flippedBytes(encoded)) {
    const flipped = encoded.bytes.slice();
    flipped[offset] ^= 1 << (encoded.sequence & 7);
    const files = new Map(remains.files).set(imageName(encoded.sequence), bytesInMemory(flipped));
    yield { at: `a flipped bit in its ${part}`, remains: { ...remains, files }, finds: "those before" };
  }
}

function cut(device: BackupDevice, step: string, { label, survival }: Variant): Cut {
  return { at: `${step}, ${label}`, remains: device.crash({ ...ALL, ...survival }), finds: "either" };
}

/**
 * Crashes while a step is under way: of one that makes things sure before it has, of others when they are in some cache.
 * @param hasEarlier whether other writes wait there, too
 */
function variantsOf(
  step: StoreStep,
  hasEarlier: boolean,
): { readonly before: readonly Variant[]; readonly after: readonly Variant[] } {
  const lost: Variant = { label: "lost", survival: NOTHING };
  const done: Variant = { label: "done", survival: ALL };
  switch (step.kind) {
    case "create":
    case "rename":
      return { before: [], after: [lost, done] };
    case "allocate":
      return { before: [], after: [done] };
    case "write": {
      const last = (spans: (bytes: number) => readonly ByteSpan[], others: Survival): Survival => ({
        ...ALL,
        write: (bytes, i, count) => (i === count - 1 ? spans(bytes) : others.write(bytes, i, count)),
      });
      const half = last((bytes) => [[0, bytes >> 1]], ALL);
      const alone = last((bytes) => [[0, bytes]], NOTHING);
      const ahead = hasEarlier ? [{ label: "ahead of those before", survival: alone }] : [];
      return { before: [], after: [lost, { label: "half", survival: half }, ...ahead, done] };
    }
    case "flush": {
      const write: Survival["write"] = (bytes, i) => everyOtherSector(bytes, i & 1);
      return { before: [{ label: "every other sector", survival: { write } }], after: [] };
    }
    case "flush-directory":
      return { before: [{ label: "only its last change", survival: { directory: (i, n) => i === n - 1 } }], after: [] };
    case "send": {
      const { length } = step.message;
      return {
        before: [],
        after: [
          { label: "lost", survival: { arrived: (bytes) => bytes - length } },
          { label: "half", survival: { arrived: (bytes) => bytes - (length >> 1) } },
          { label: "arrived", survival: ALL },
        ],
      };
    }
    case "acknowledge":
      return { before: [{ label: "lost", survival: ALL }], after: [] };
  }
}

function everyOtherSector(bytes: number, first: number): ByteSpan[] {
  const spans: ByteSpan[] = [];
  for (let from = first * SECTOR_BYTES; from < bytes; from += 2 * SECTOR_BYTES)
    spans.push([from, Math.min(bytes, from + SECTOR_BYTES)]);
  return spans;
}

/** One byte of each part, not always the same. */
function flippedBytes({ sequence, bytes, ends }: EncodedImage): (readonly [string, number])[] {
  const [indexEnd] = ends;
  const parts = [
    ["header", 0, HEADER_BYTES],
    ["index", HEADER_BYTES, indexEnd],
    ["bytes", indexEnd, bytes.length],
  ] as const;
  return parts.flatMap(([part, from, to]) => (from < to ? [[part, from + ((sequence * 7919) % (to - from))]] : []));
}
