import { type ByteRange, byteCount, gapsOf, mergedBytes } from "./byte-ranges.ts";
import type { Extent } from "./candidates.ts";
import type { Effect, Subject, UnprotectedFinding } from "./findings.ts";
import { memberOf } from "./member-of.ts";

/** The weightiest first. */
export const EFFECTS: readonly Effect[] = ["prevents the restart", "changes the result", "unproved", "harmless"];

/** What is unprotected, as one restart tells it. */
export interface Sighting extends Omit<UnprotectedFinding, "symbol" | "address" | "bytes" | "restarts" | "writtenAt"> {
  /** What the bytes lie in; empty where that is not known. */
  readonly extents: readonly Extent[];
  /** What the restart restored, in ascending order. */
  readonly held: readonly ByteRange[];
}

/** Findings of all restarts of a program by what they are about: what weighs more counts, and the first place stays. */
export class FoundState {
  readonly #sightings = new Map<string, Sighting & { readonly restarts: number }>();

  effectOn({ key }: Subject): Effect | undefined {
    return this.#sightings.get(key)?.effect;
  }

  add(sighting: Sighting): void {
    const { key } = sighting.subject;
    const known = this.#sightings.get(key);
    if (known === undefined) {
      this.#sightings.set(key, { ...sighting, restarts: 1 });
      return;
    }
    const isWeightier = EFFECTS.indexOf(sighting.effect) < EFFECTS.indexOf(known.effect);
    const places = isWeightier ? sighting : known;
    const isSamePlace = sighting.extents[0]?.start === known.extents[0]?.start;
    const { subject, extents, held } = byteCount(sighting.extents) > byteCount(known.extents) ? sighting : known;
    this.#sightings.set(key, {
      ...places,
      ...{ subject, extents, held },
      ranges: isSamePlace ? mergedBytes([...known.ranges, ...sighting.ranges]) : known.ranges,
      restarts: known.restarts + 1,
    });
  }

  /** The weightiest first, and those of one weight in their order. */
  list(): Omit<UnprotectedFinding, "writtenAt">[] {
    return [...this.#sightings.values()]
      .sort((a, b) => EFFECTS.indexOf(a.effect) - EFFECTS.indexOf(b.effect))
      .map(({ extents, held, ...finding }) => {
        const part = missingPart(finding, extents, held);
        const isHeld = extents.length > 0 && part.bytes === 0;
        return { ...finding, ...part, ...(isHeld ? { how: "overwritten" as const } : {}) };
      });
  }
}

/** The member that is meant, where all that was read lies in one, and how many of its bytes no image holds. */
function missingPart(
  { subject, ranges, how }: Pick<Sighting, "subject" | "ranges" | "how">,
  extents: readonly Extent[],
  held: readonly ByteRange[],
): Pick<UnprotectedFinding, "symbol" | "address" | "bytes"> {
  const { symbol, sizeBytes } = subject;
  if (extents.length === 0) {
    return { symbol, address: ranges[0]?.start ?? 0, bytes: ranges.length === 0 ? sizeBytes : byteCount(ranges) };
  }
  const whole = { symbol, address: extents[0].start, bytes: missingBytes(extents, held) };
  if (how === "refused") return whole;
  const parts = extents.flatMap(({ start, end, layout }) => {
    const read = ranges.filter((range) => range.start >= start && range.end <= end);
    if (read.length === 0) return [];
    const part = memberOf(layout, end - start, {
      start: read[0].start - start,
      end: read[read.length - 1].end - start,
    });
    return [{ path: part.path, start: start + part.start, end: start + part.end }];
  });
  const path = parts[0]?.path ?? "";
  if (path === "" || parts.some((part) => part.path !== path)) return whole;
  return { symbol: symbol + path, address: parts[0].start, bytes: missingBytes(parts, held) };
}

function missingBytes(extents: readonly ByteRange[], held: readonly ByteRange[]): number {
  let sum = 0;
  for (const { start, end } of mergedBytes(extents)) sum += byteCount(gapsOf(held, start, end));
  return sum;
}
