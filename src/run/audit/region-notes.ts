import { firstDifference } from "../../machine/bytes.ts";
import type { AuditedReference, SavedPlace } from "./audited-reference.ts";
import { rangeOf } from "./audited-reference.ts";

/**
 * Something of note about a region as a whole.
 * - `unchanging`: it is the same in all of the images that hold it, two at least.
 * - `overlapping`: so many of its bytes lie in another region too, and are saved twice.
 */
export type RegionNote = { readonly region: number; readonly group: string; readonly regionBytes: number } & (
  | { readonly kind: "unchanging"; readonly images: number }
  | { readonly kind: "overlapping"; readonly other: number; readonly bytes: number }
);

export function regionNotes(audited: AuditedReference): RegionNote[] {
  const places = new Map<string, SavedPlace>();
  const overlaps = new Map<string, RegionNote>();
  for (const { saved } of audited.states) {
    for (const [i, one] of saved.entries()) {
      places.set(`${one.id} ${one.group}`, one);
      for (const other of saved.slice(0, i)) {
        const bytes = commonBytes(one, other);
        const known = overlaps.get(`${one.id} ${other.id}`);
        if (bytes === 0 || (known?.kind === "overlapping" && known.bytes >= bytes)) continue;
        overlaps.set(`${one.id} ${other.id}`, { ...named(one), kind: "overlapping", other: other.id, bytes });
      }
    }
  }
  const unchanging = [...places.values()].flatMap((place): RegionNote[] => {
    const images = imagesIfEqual(audited, place);
    return images < 2 ? [] : [{ ...named(place), kind: "unchanging", images }];
  });
  return [...unchanging, ...overlaps.values()];
}

function named({ id, group, bytes }: SavedPlace): Pick<RegionNote, "region" | "group" | "regionBytes"> {
  return { region: id, group, regionBytes: bytes };
}

function commonBytes(a: SavedPlace, b: SavedPlace): number {
  const [one, other] = [rangeOf(a), rangeOf(b)];
  return Math.max(0, Math.min(one.end, other.end) - Math.max(one.start, other.start));
}

/** How many images hold the region, if all of them hold the same; 0 if not. */
function imagesIfEqual({ reference: { run } }: AuditedReference, { id, group }: SavedPlace): number {
  let first: Uint8Array | undefined;
  let count = 0;
  for (const image of run.images.all) {
    if (!image.regions.some((region) => region.id === id && region.group === group)) continue;
    const bytes = run.images.restore(image, id, group);
    if (bytes === undefined || (first !== undefined && firstDifference(first, bytes) !== undefined)) return 0;
    first ??= bytes;
    count++;
  }
  return count;
}
