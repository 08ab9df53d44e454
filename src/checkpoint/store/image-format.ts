import { bytesOf, type CheckpointImage, type RegionImage } from "../images.ts";
import { HEADER_BYTES, RUN_ENTRY_BYTES } from "../targets.ts";
import { crc32c } from "./crc32c.ts";

/*
 * An image as it is kept, little-endian:
 *
 *   header, 64 bytes   what it is, the sizes of what follows, and the checksums of that and of the header itself
 *   region table       32 bytes for each region; then, in UTF-8, the image's name, and of each region its group and label;
 *                      zeros up to a multiple of 8 bytes
 *   runs               8 bytes for each: offset in its region, length
 *   payload            the runs' bytes, one after the other
 *
 * No byte of it is without a checksum, so that none can change unnoticed.
 */
const MAGIC = "CKLIMAGE";
const FORMAT_VERSION = 1;
const REGION_ENTRY_BYTES = 32;
const WHOLE = 1;

/** Where things stand in the header. */
const AT = {
  format: 8,
  sequence: 12,
  version: 16,
  nameBytes: 20,
  cycle: 24,
  regions: 32,
  tableBytes: 36,
  runs: 40,
  indexSum: 44,
  payloadBytes: 48,
  payloadSum: 56,
  headerSum: 60,
} as const;

/** What tells an image from every other: its place in the order of commits, and its header's checksum, which covers all others. */
export interface ImageIdentity {
  readonly sequence: number;
  readonly sum: number;
}

/** An image as it was read. */
export interface StoredImage extends ImageIdentity {
  readonly image: CheckpointImage;
  /** For each region the image that it builds on; undefined where the region is whole. */
  readonly bases: readonly (ImageIdentity | undefined)[];
}

/** Bytes that can be read piece by piece: of a file, or of a buffer in memory. */
export interface StoredBytes {
  readonly sizeBytes: number;
  /** @returns fewer than asked for where they end */
  read(offset: number, bytes: number): Uint8Array;
}

/** An image as it is to be kept. */
export interface EncodedImage {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  /** Where its index ends (header, table and runs), and then each region's bytes. */
  readonly ends: readonly number[];
}

/** Encodes images in the order of their commits: each names those that its parts build on. */
export class ImageEncoder {
  #sequence: number;
  /** The newest image that holds a region, by group and id. */
  readonly #newest = new Map<string, ImageIdentity>();

  /**
   * @param sequence number of the first image that will be encoded
   * @param earlier what it may build on, oldest first
   */
  constructor(sequence = 0, earlier: readonly StoredImage[] = []) {
    this.#sequence = sequence;
    for (const stored of earlier) this.#note(stored.image, stored);
  }

  /** @throws Error when a part builds on an image that was never encoded */
  encode(image: CheckpointImage): EncodedImage {
    const sequence = this.#sequence++;
    const bases = image.regions.map((region) => {
      if (region.whole) return undefined;
      const base = this.#newest.get(keyOf(region));
      if (base === undefined) throw new Error(`region ${region.id} has no image to build on`);
      return base;
    });
    const encoded = encodeImage(image, sequence, bases);
    this.#note(image, { sequence, sum: new DataView(encoded.bytes.buffer).getUint32(AT.headerSum, true) });
    return encoded;
  }

  #note(image: CheckpointImage, { sequence, sum }: ImageIdentity): void {
    for (const region of image.regions) this.#newest.set(keyOf(region), { sequence, sum });
  }
}

function keyOf({ id, group }: RegionImage): string {
  return `${id} ${group}`;
}

function encodeImage(
  { name, version, cycle, regions }: CheckpointImage,
  sequence: number,
  bases: readonly (ImageIdentity | undefined)[],
): EncodedImage {
  const encoder = new TextEncoder();
  const texts = [name, ...regions.flatMap(({ group, label }) => [group, label])].map((text) => encoder.encode(text));
  const textBytes = texts.reduce((sum, { length }) => sum + length, 0);
  const tableBytes = Math.ceil((regions.length * REGION_ENTRY_BYTES + textBytes) / 8) * 8;
  const runs = regions.reduce((sum, { offsets }) => sum + offsets.length, 0);
  const payloadBytes = bytesOf({ regions });
  const runsAt = HEADER_BYTES + tableBytes;
  const payloadAt = runsAt + runs * RUN_ENTRY_BYTES;
  const bytes = new Uint8Array(payloadAt + payloadBytes);
  const view = new DataView(bytes.buffer);

  regions.forEach(({ id, sizeBytes, whole, offsets }, i) => {
    const base = bases[i];
    const entry = [
      ...[id, whole ? WHOLE : 0, sizeBytes, offsets.length, texts[1 + 2 * i].length, texts[2 + 2 * i].length],
      ...[base?.sequence ?? 0, base?.sum ?? 0],
    ];
    entry.forEach((value, k) => {
      view.setUint32(HEADER_BYTES + i * REGION_ENTRY_BYTES + 4 * k, value, true);
    });
  });
  let at = HEADER_BYTES + regions.length * REGION_ENTRY_BYTES;
  for (const text of texts) {
    bytes.set(text, at);
    at += text.length;
  }
  at = runsAt;
  for (const { offsets, lengths } of regions) {
    for (let i = 0; i < offsets.length; i++, at += RUN_ENTRY_BYTES) {
      view.setUint32(at, offsets[i], true);
      view.setUint32(at + 4, lengths[i], true);
    }
  }
  const ends = [at];
  for (const region of regions) {
    bytes.set(region.bytes, at);
    at += region.bytes.length;
    ends.push(at);
  }

  bytes.set(encoder.encode(MAGIC));
  view.setUint32(AT.format, FORMAT_VERSION, true);
  view.setUint32(AT.sequence, sequence, true);
  view.setUint32(AT.version, version, true);
  view.setUint32(AT.nameBytes, texts[0].length, true);
  view.setFloat64(AT.cycle, cycle, true);
  view.setUint32(AT.regions, regions.length, true);
  view.setUint32(AT.tableBytes, tableBytes, true);
  view.setUint32(AT.runs, runs, true);
  view.setUint32(AT.indexSum, crc32c(bytes.subarray(HEADER_BYTES, payloadAt)), true);
  view.setFloat64(AT.payloadBytes, payloadBytes, true);
  view.setUint32(AT.payloadSum, crc32c(bytes.subarray(payloadAt)), true);
  view.setUint32(AT.headerSum, crc32c(bytes.subarray(0, AT.headerSum)), true);
  return { sequence, bytes, ends };
}

/** Reads an image. @returns undefined where it is not whole, to the last bit */
export function decodeImage(stored: StoredBytes): StoredImage | undefined {
  const header = stored.read(0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || textOf(header.subarray(0, MAGIC.length)) !== MAGIC) return undefined;
  const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
  const sum = view.getUint32(AT.headerSum, true);
  if (sum !== crc32c(header.subarray(0, AT.headerSum))) return undefined;
  if (view.getUint32(AT.format, true) !== FORMAT_VERSION) return undefined;
  const tableBytes = view.getUint32(AT.tableBytes, true);
  const runs = view.getUint32(AT.runs, true);
  const payloadBytes = view.getFloat64(AT.payloadBytes, true);
  const indexBytes = tableBytes + runs * RUN_ENTRY_BYTES;
  if (stored.sizeBytes !== HEADER_BYTES + indexBytes + payloadBytes) return undefined;
  const index = stored.read(HEADER_BYTES, indexBytes);
  if (crc32c(index) !== view.getUint32(AT.indexSum, true)) return undefined;
  const payload = stored.read(HEADER_BYTES + indexBytes, payloadBytes);
  if (crc32c(payload) !== view.getUint32(AT.payloadSum, true)) return undefined;
  const read = readIndex(index, payload, { view, tableBytes, runs });
  if (read === undefined) return undefined;
  const { name, regions, bases } = read;
  const [version, cycle] = [view.getUint32(AT.version, true), view.getFloat64(AT.cycle, true)];
  return { sequence: view.getUint32(AT.sequence, true), sum, bases, image: { name, version, cycle, regions } };
}

/** Sums that are right do not make an index right that somebody else wrote. @returns undefined where it contradicts itself */
function readIndex(
  index: Uint8Array,
  payload: Uint8Array,
  { view: header, tableBytes, runs }: { readonly view: DataView; readonly tableBytes: number; readonly runs: number },
): (Pick<CheckpointImage, "name" | "regions"> & Pick<StoredImage, "bases">) | undefined {
  const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
  const count = header.getUint32(AT.regions, true);
  let textAt = count * REGION_ENTRY_BYTES;
  let runAt = tableBytes;
  let payloadAt = 0;
  if (textAt > tableBytes) return undefined;
  const text = (bytes: number): string => {
    textAt += bytes;
    return textOf(index.subarray(textAt - bytes, textAt));
  };
  const name = text(header.getUint32(AT.nameBytes, true));
  const regions: RegionImage[] = [];
  const bases: (ImageIdentity | undefined)[] = [];
  for (let i = 0; i < count; i++) {
    const [flags, sizeBytes, runCount, groupBytes, labelBytes, sequence, sum] = [1, 2, 3, 4, 5, 6, 7].map((k) =>
      view.getUint32(i * REGION_ENTRY_BYTES + 4 * k, true),
    );
    if (textAt + groupBytes + labelBytes > tableBytes) return undefined;
    if (runAt + runCount * RUN_ENTRY_BYTES > tableBytes + runs * RUN_ENTRY_BYTES) return undefined;
    const offsets = new Uint32Array(runCount);
    const lengths = new Uint32Array(runCount);
    let end = 0;
    let size = 0;
    for (let run = 0; run < runCount; run++, runAt += RUN_ENTRY_BYTES) {
      offsets[run] = view.getUint32(runAt, true);
      lengths[run] = view.getUint32(runAt + 4, true);
      if (offsets[run] < end || offsets[run] + lengths[run] > sizeBytes) return undefined;
      end = offsets[run] + lengths[run];
      size += lengths[run];
    }
    if (payloadAt + size > payload.length) return undefined;
    const id = view.getInt32(i * REGION_ENTRY_BYTES, true);
    const [group, label] = [text(groupBytes), text(labelBytes)];
    const bytes = payload.subarray(payloadAt, payloadAt + size);
    regions.push({ id, group, label, sizeBytes, whole: flags === WHOLE, offsets, lengths, bytes });
    bases.push(flags === WHOLE ? undefined : { sequence, sum });
    payloadAt += size;
  }
  const isAll =
    tableBytes - textAt < 8 && textAt <= tableBytes && runAt === index.length && payloadAt === payload.length;
  return isAll ? { name, regions, bases } : undefined;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
