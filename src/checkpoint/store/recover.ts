import { type CheckpointImage, ImageStore } from "../images.ts";
import type { Remains } from "./device.ts";
import { decodeImage, type StoredBytes, type StoredImage } from "./image-format.ts";
import { readName } from "./names.ts";
import { receive } from "./replica.ts";

/** What a start after a crash makes of what it finds. */
export interface Recovery {
  /** Images that are whole, and all that they build on as well; oldest first. */
  readonly usable: readonly StoredImage[];
  /** The same for programs, with whatever else is whole behind them. */
  readonly store: ImageStore;
  /** The number of the next image: none that is there has it, be it whole or not. */
  readonly nextSequence: number;
}

/**
 * Reads what a crash left. An image counts when its every checksum is right and each of its regions leads over images that
 * are there, the very same that it was built on, to a whole one.
 * @param decode looks at one image, where somebody knows a quicker way
 */
export function recover({ files, messages }: Remains, decode = decodeImage): Recovery {
  const found: StoredImage[] = [];
  let nextSequence = 0;
  const look = (sequence: number, bytes: StoredBytes | undefined) => {
    nextSequence = Math.max(nextSequence, sequence + 1);
    const stored = bytes === undefined ? undefined : decode(bytes);
    // One that stands under another's name got there by no commit.
    if (stored !== undefined && stored.sequence === sequence) found.push(stored);
  };
  for (const [name, bytes] of files) {
    const read = readName(name);
    if (read !== undefined) look(read.sequence, read.isTemporary ? undefined : bytes);
  }
  for (const [sequence, bytes] of receive(messages)) look(sequence, bytesInMemory(bytes));
  found.sort((a, b) => a.sequence - b.sequence);

  const usable = new Set(withWholeChains(found));
  const others = found.filter((stored) => !usable.has(stored)).map(({ image }) => image);
  const all: readonly CheckpointImage[] = found.map(({ image }) => image);
  return { usable: [...usable], store: new ImageStore(all, others), nextSequence };
}

/** Those of some images, oldest first, each region of which can be restored. */
function withWholeChains(images: readonly StoredImage[]): StoredImage[] {
  /** By image: the regions of it that can be restored. */
  const restorable = new Map<number, { readonly sum: number; readonly regions: ReadonlySet<string> }>();
  return images.filter(({ sequence, sum, image, bases }) => {
    const regions = new Set<string>();
    image.regions.forEach(({ id, group }, i) => {
      const key = `${id} ${group}`;
      const base = bases[i];
      const under = base === undefined ? undefined : restorable.get(base.sequence);
      if (base === undefined || (under?.sum === base.sum && under.regions.has(key))) regions.add(key);
    });
    restorable.set(sequence, { sum, regions });
    return regions.size === image.regions.length;
  });
}

export function bytesInMemory(bytes: Uint8Array): StoredBytes {
  return { sizeBytes: bytes.length, read: (offset, count) => bytes.subarray(offset, offset + count) };
}
