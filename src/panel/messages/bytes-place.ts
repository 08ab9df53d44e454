import type { RunId, RunSummary } from "../../session/figures.ts";
import type { BytesPlace } from "./messages.ts";

/** What the page of bytes keeps while it is hidden, and VS Code when the window is loaded again. */
export interface KeptBytes {
  /** Another one's when the session is another one. */
  readonly run: RunId;
  readonly place: BytesPlace;
  readonly topRow: number;
}

/** Reads what was kept, as far as it is a place in this run; it may be of another run, or of an earlier version. */
export function keptBytes(state: unknown, { images }: RunSummary): KeptBytes | undefined {
  if (!isObject(state) || !isBytesPlace(state.place)) return undefined;
  const { run, place, topRow } = state;
  if (typeof run !== "number" || typeof topRow !== "number") return undefined;
  const { image, region, offset } = place;
  const saved = images[image]?.regions.find(({ id, group }) => id === region.id && group === region.group);
  return saved !== undefined && offset < saved.sizeBytes ? { run, place, topRow } : undefined;
}

export function isBytesPlace(place: unknown): place is BytesPlace {
  if (!isObject(place) || !isObject(place.region)) return false;
  const { image, region, offset } = place;
  return isCount(image) && isCount(offset) && typeof region.id === "number" && typeof region.group === "string";
}

export function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
