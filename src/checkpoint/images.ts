/** What one image holds of one region. */
export interface RegionImage {
  readonly id: number;
  readonly group: string;
  readonly label: string;
  /** Size of the region when it was saved. */
  readonly sizeBytes: number;
  /** Whether the runs hold all of it; else they are what changed since the image before that holds this region. */
  readonly whole: boolean;
  /** Runs of saved bytes, ascending and disjoint: offsets from the region's start, and lengths. */
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  /** The runs' bytes, one run after the other. */
  readonly bytes: Uint8Array;
}

/** One committed checkpoint. */
export interface CheckpointImage {
  readonly name: string;
  readonly version: number;
  /** Virtual cycle at which it was taken. */
  readonly cycle: number;
  readonly regions: readonly RegionImage[];
}

/**
 * The backup's memory: every committed image in order, each holding real bytes. A delta builds on the newest earlier
 * image that holds the same region, so images stay where they are when a program removes them from its sight.
 */
export class ImageStore {
  #images: CheckpointImage[];
  #removed: Set<CheckpointImage>;
  readonly #expected: ImageStore | undefined;

  /**
   * @param removed those of `images` that are out of sight
   * @param expected holds images that may well come again: bytes that are the same are not kept twice
   */
  constructor(
    images: readonly CheckpointImage[] = [],
    removed: readonly CheckpointImage[] = [],
    expected?: ImageStore,
  ) {
    this.#expected = expected;
    this.#images = [...images];
    this.#removed = new Set(removed);
  }

  /** In the order of their commits, without those that the program removed. */
  get images(): readonly CheckpointImage[] {
    return this.#images.filter((image) => !this.#removed.has(image));
  }

  /** In the order of their commits, with all that deltas build on. */
  get all(): readonly CheckpointImage[] {
    return this.#images;
  }

  /** Those out of sight. */
  get removed(): readonly CheckpointImage[] {
    return [...this.#removed];
  }

  commit(image: CheckpointImage): void {
    this.#images.push(image);
  }

  /** What a region of an image that is being taken may well hold, all of it. */
  expectedBytes(name: string, version: number, id: number, group: string): Uint8Array | undefined {
    const image = this.#expected?.all.findLast((one) => one.name === name && one.version === version);
    const region = image && regionOf(image, id, group);
    return region?.whole === true && region.lengths.length === 1 ? region.bytes : undefined;
  }

  /** Removes every image called `name` from sight. */
  remove(name: string): void {
    for (const image of this.#images) if (image.name === name) this.#removed.add(image);
  }

  /** The newest commit of this version. */
  find(name: string, version: number): CheckpointImage | undefined {
    return this.images.findLast((image) => image.name === name && image.version === version);
  }

  /** The greatest committed version of `name` below `limit`; any version when `limit` is 0. */
  newestVersion(name: string, limit: number): number | undefined {
    let newest: number | undefined;
    for (const image of this.images) {
      if (image.name !== name || (limit > 0 && image.version >= limit)) continue;
      if (newest === undefined || image.version > newest) newest = image.version;
    }
    return newest;
  }

  /**
   * Every byte of a region as the image saved it; not to be changed.
   * @throws Error when a delta's base is missing: the store never loses one, a damaged run file may
   */
  restore(image: CheckpointImage, id: number, group: string): Uint8Array | undefined {
    const last = regionOf(image, id, group);
    if (last === undefined) return undefined;
    const deltas: RegionImage[] = [];
    for (let index = this.#images.lastIndexOf(image); index >= 0; index--) {
      const part = regionOf(this.#images[index], id, group);
      if (part === undefined) continue;
      deltas.push(part);
      if (part.whole) return replay(deltas.reverse(), last.sizeBytes);
    }
    throw new Error(`version ${image.version} of ${image.name} has no whole base for region ${id}`);
  }
}

/** Bytes that an image holds of its regions. */
export function bytesOf({ regions }: Pick<CheckpointImage, "regions">): number {
  return regions.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/**
 * As many of the newest images as hold at most so many bytes together, and before them one: the last of all others, whole, with
 * every region that later ones build on.
 */
export function newestImages(images: readonly CheckpointImage[], mostBytes: number): readonly CheckpointImage[] {
  let first = images.length;
  for (let bytes = 0; first > 0; first--) {
    bytes += bytesOf(images[first - 1]);
    if (bytes > mostBytes) break;
  }
  if (first === 0) return images;
  const older = new ImageStore(images.slice(0, first));
  const merged = images[first - 1];
  const newest = images.slice(first);
  /** The newest of each region, by its key. */
  const regions = new Map<string, { readonly image: CheckpointImage; readonly region: RegionImage }>();
  for (const image of older.all)
    for (const region of image.regions) regions.set(JSON.stringify([region.id, region.group]), { image, region });
  const isNeeded = ({ id, group }: RegionImage) => {
    if (regionOf(merged, id, group) !== undefined) return true;
    const next = newest.find((image) => regionOf(image, id, group) !== undefined);
    return next !== undefined && regionOf(next, id, group)?.whole === false;
  };
  const whole = [...regions.values()].flatMap(({ image, region }): RegionImage[] => {
    const bytes = isNeeded(region) ? older.restore(image, region.id, region.group) : undefined;
    if (bytes === undefined) return [];
    return [{ ...region, whole: true, offsets: Uint32Array.of(0), lengths: Uint32Array.of(bytes.length), bytes }];
  });
  return [{ ...merged, regions: whole }, ...newest];
}

function regionOf(image: CheckpointImage, id: number, group: string): RegionImage | undefined {
  return image.regions.find((region) => region.id === id && region.group === group);
}

function replay(parts: readonly RegionImage[], sizeBytes: number): Uint8Array {
  const [{ bytes: all, lengths: pieces }] = parts;
  if (parts.length === 1 && pieces.length === 1 && all.length === sizeBytes) return all;
  const restored = new Uint8Array(sizeBytes);
  for (const { offsets, lengths, bytes } of parts) {
    for (let i = 0, at = 0; i < offsets.length; at += lengths[i++]) {
      restored.set(bytes.subarray(at, at + lengths[i]), offsets[i]);
    }
  }
  return restored;
}
