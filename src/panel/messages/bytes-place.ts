import type { RunSummary } from "../../session/figures.ts";
import type { BytesPlace } from "./messages.ts";

/** A place by what it is of: it is found again in any run of the program, also of another session. */
export interface NamedPlace {
  /** Path of the program. */
  readonly program: string;
  readonly checkpoint: { readonly name: string; readonly version: number };
  readonly region: BytesPlace["region"];
  readonly offset: number;
}

/** What the page of bytes keeps while it is hidden, and VS Code when the window is loaded again. */
export interface KeptBytes extends NamedPlace {
  readonly topRow: number;
}

/** @returns undefined where the run has no such image */
export function namedPlace({ program, images }: RunSummary, place: BytesPlace): NamedPlace | undefined {
  const image = images[place.image];
  if (image === undefined) return undefined;
  const { name, version } = image;
  return { program: program.path, checkpoint: { name, version }, region: place.region, offset: place.offset };
}

/** Where a place is in a run: in its last checkpoint of that version; undefined where there is none, or it holds no such byte. */
export function placeIn({ program, images }: RunSummary, named: NamedPlace): BytesPlace | undefined {
  if (program.path !== named.program) return undefined;
  const { checkpoint, region, offset } = named;
  const image = images.findLast(({ name, version }) => name === checkpoint.name && version === checkpoint.version);
  const saved = image?.regions.find(({ id, group }) => id === region.id && group === region.group);
  return image !== undefined && saved !== undefined && offset < saved.sizeBytes
    ? { image: image.index, region, offset }
    : undefined;
}

/** Reads what was kept, as far as it is a place in this run; it may be of another program, or of an earlier version. */
export function keptBytes(
  state: unknown,
  run: RunSummary,
): { readonly place: BytesPlace; readonly topRow: number } | undefined {
  if (!isObject(state) || !isObject(state.checkpoint) || !isRegion(state.region)) return undefined;
  const { program, checkpoint, region, offset, topRow } = state;
  const { name, version } = checkpoint;
  if (typeof program !== "string" || typeof name !== "string" || !isCount(version)) return undefined;
  if (!isCount(offset) || !isCount(topRow)) return undefined;
  const place = placeIn(run, { program, checkpoint: { name, version }, region, offset });
  return place && { place, topRow };
}

export function isBytesPlace(place: unknown): place is BytesPlace {
  return isObject(place) && isCount(place.image) && isCount(place.offset) && isRegion(place.region);
}

function isRegion(region: unknown): region is BytesPlace["region"] {
  return isObject(region) && typeof region.id === "number" && typeof region.group === "string";
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
