import type { CheckpointImage, ImageStore, RegionImage } from "../../checkpoint/images.ts";
import { BadInputError } from "../../program/program.ts";
import type { ByteChange, BytesReply, ChangesReply, ImageSummary } from "../figures.ts";
import { changedIn, changesByPart, nextChange, previousChange, type TwoVersions } from "./byte-changes.ts";

export interface RegionName {
  readonly id: number;
  readonly group: string;
}

export function imageSummaries(images: readonly CheckpointImage[]): ImageSummary[] {
  return images.map(({ name, version, cycle, regions }, index) => ({
    index,
    name,
    version,
    cycle,
    regions: regions.map(({ id, group, label, sizeBytes, bytes }) => ({
      id,
      group,
      name: label,
      sizeBytes,
      savedBytes: bytes.length,
    })),
  }));
}

/** Restores regions of images, and keeps the two last: one that is looked at and the one before it. */
export class RestoredRegions {
  readonly #store: ImageStore;
  #kept: { readonly key: string; readonly bytes: Uint8Array }[] = [];

  constructor(store: ImageStore) {
    this.#store = store;
  }

  /**
   * Bytes of a region as an image restores them, and which of them differ from the region's image before.
   * @throws BadInputError when there is no such image, or it does not hold the region
   */
  bytes(image: number, region: RegionName, offset: number, length: number): BytesReply {
    const { versions, previousVersion } = this.#versions(image, region);
    return {
      bytes: versions.now.slice(offset, offset + length),
      before: versions.before?.slice(offset, offset + length),
      changed: changedIn(versions, offset, length),
      previousVersion,
    };
  }

  /**
   * How many bytes changed in each part of a region.
   * @throws BadInputError as `bytes`
   */
  changes(image: number, region: RegionName, buckets: number): ChangesReply {
    const { versions, previousVersion } = this.#versions(image, region);
    const changedBytes = changesByPart(versions, buckets);
    return { sizeBytes: versions.now.length, changedBytes, previousVersion };
  }

  /**
   * The nearest change that begins after an offset, or before it.
   * @throws BadInputError as `bytes`
   */
  change(image: number, region: RegionName, from: number, direction: "next" | "previous"): ByteChange | null {
    const { versions } = this.#versions(image, region);
    return (direction === "next" ? nextChange(versions, from) : previousChange(versions, from)) ?? null;
  }

  #versions(image: number, region: RegionName): { versions: TwoVersions; previousVersion: number | undefined } {
    const images = this.#store.all;
    if (!(image >= 0 && image < images.length))
      throw new BadInputError(`there is no image ${image} of ${images.length}`);
    const now = this.#restore(image, region);
    if (now === undefined) {
      throw new BadInputError(`version ${images[image].version} of ${images[image].name} holds no region ${region.id}`);
    }
    const previous = images.findLastIndex((other, index) => index < image && partOf(other, region) !== undefined);
    const before = previous < 0 ? undefined : this.#restore(previous, region);
    return { versions: { now, before }, previousVersion: previous < 0 ? undefined : images[previous].version };
  }

  #restore(image: number, region: RegionName): Uint8Array | undefined {
    const key = `${image} ${region.id} ${region.group}`;
    const kept = this.#kept.find((entry) => entry.key === key);
    if (kept !== undefined) return kept.bytes;
    const bytes = this.#store.restore(this.#store.all[image], region.id, region.group);
    if (bytes !== undefined) this.#kept = [{ key, bytes }, ...this.#kept.slice(0, 1)];
    return bytes;
  }
}

function partOf(image: CheckpointImage, { id, group }: RegionName): RegionImage | undefined {
  return image.regions.find((region) => region.id === id && region.group === group);
}
