import type { CheckpointImage, RegionImage } from "../../checkpoint/images.ts";
import { type CommitStep, commitSteps } from "../../checkpoint/store/commit-steps.ts";
import { type Cut, cutsOf } from "../../checkpoint/store/cuts.ts";
import { BackupDevice } from "../../checkpoint/store/device.ts";
import {
  decodeImage,
  type EncodedImage,
  ImageEncoder,
  type StoredBytes,
  type StoredImage,
} from "../../checkpoint/store/image-format.ts";
import { recover } from "../../checkpoint/store/recover.ts";
import type { CheckpointOptions } from "../../checkpoint/technique.ts";
import { firstDifference } from "../../machine/bytes.ts";

/** A commit that was cut, and what the next start finds. */
export interface TornCommit {
  /** Where it was cut: `write 3 of 7, half`. */
  readonly at: string;
  /** How many images are found: all that were committed before, and perhaps the one that was being committed. */
  readonly images: number;
  /** What is found that must not be, or the other way round, in a sentence. */
  readonly fault?: string;
}

type Protocol = (target: CheckpointOptions["target"], encoded: EncodedImage) => readonly CommitStep[];

/**
 * Commits a run's images as they would be kept, byte for byte, cuts each commit at every step, and reads what is left.
 * Commits must be asked for in ascending order: those before it are carried out whole.
 */
export class TornCommits {
  readonly #images: readonly CheckpointImage[];
  readonly #target: CheckpointOptions["target"];
  readonly #protocol: Protocol;
  readonly #encoder = new ImageEncoder();
  readonly #device = new BackupDevice();
  #committed = 0;
  /** What was read before: of bytes that are the same object, the result is. */
  readonly #decoded = new WeakMap<StoredBytes, { readonly stored: StoredImage | undefined }>();
  /** Images that were read and are those of the run, to the last byte. */
  readonly #known = new WeakSet<StoredImage>();

  /** @param protocol another way to commit, to see what it is worth */
  constructor(
    images: readonly CheckpointImage[],
    target: CheckpointOptions["target"],
    protocol: Protocol = commitSteps,
  ) {
    this.#images = images;
    this.#target = target;
    this.#protocol = protocol;
  }

  of(commit: number): TornCommit[] {
    if (commit < this.#committed) throw new Error(`commit ${commit} was carried out before`);
    while (this.#committed < commit) {
      for (const { step } of this.#next().steps) this.#device.do(step);
    }
    const { encoded, steps } = this.#next();
    // That it is found once its commit has ended is no torn commit, unless it is not.
    return [...cutsOf(this.#device, steps, encoded)]
      .map((cut) => ({ ...this.#found(commit, cut), isTorn: cut.finds !== "it" }))
      .filter(({ isTorn, fault }) => isTorn || fault !== undefined)
      .map(({ isTorn: _, ...torn }) => torn);
  }

  #next(): { readonly encoded: EncodedImage; readonly steps: readonly CommitStep[] } {
    const encoded = this.#encoder.encode(this.#images[this.#committed++]);
    return { encoded, steps: this.#protocol(this.#target, encoded) };
  }

  #found(commit: number, { at, remains, finds }: Cut): TornCommit {
    const { usable } = recover(remains, (bytes) => this.#decode(bytes));
    const found = new Map(usable.map((stored) => [stored.sequence, stored]));
    const images = found.has(commit) ? commit + 1 : commit;
    const fault = this.#faultOf(commit, found, finds);
    return { at, images, ...(fault === undefined ? {} : { fault }) };
  }

  #faultOf(commit: number, found: ReadonlyMap<number, StoredImage>, finds: Cut["finds"]): string | undefined {
    const nameOf = (index: number) => `version ${this.#images[index].version} of ${this.#images[index].name}`;
    for (const [sequence, stored] of found) {
      if (sequence > commit) return `the next start finds an image ${sequence}, which was never committed`;
      if (!this.#isAsCommitted(stored))
        return `the next start takes ${nameOf(sequence)} for whole, with other bytes than were committed`;
    }
    for (let index = 0; index < commit; index++)
      if (!found.has(index)) return `the next start does not find ${nameOf(index)}, which was committed before`;
    if (finds === "it" && !found.has(commit))
      return `the next start does not find ${nameOf(commit)}, whose commit had ended`;
    return undefined;
  }

  #decode(bytes: StoredBytes): StoredImage | undefined {
    let result = this.#decoded.get(bytes);
    if (result === undefined) {
      result = { stored: decodeImage(bytes) };
      this.#decoded.set(bytes, result);
    }
    return result.stored;
  }

  #isAsCommitted(stored: StoredImage): boolean {
    if (this.#known.has(stored)) return true;
    if (!isSameImage(stored.image, this.#images[stored.sequence])) return false;
    this.#known.add(stored);
    return true;
  }
}

function isSameImage(a: CheckpointImage, b: CheckpointImage): boolean {
  if (a.name !== b.name || a.version !== b.version || a.cycle !== b.cycle) return false;
  return a.regions.length === b.regions.length && a.regions.every((region, i) => isSameRegion(region, b.regions[i]));
}

function isSameRegion(a: RegionImage, b: RegionImage): boolean {
  const isSameColumn = (one: Uint32Array, other: Uint32Array) =>
    one.length === other.length && one.every((value, i) => value === other[i]);
  if (a.id !== b.id || a.group !== b.group || a.label !== b.label) return false;
  if (a.sizeBytes !== b.sizeBytes || a.whole !== b.whole) return false;
  if (!isSameColumn(a.offsets, b.offsets) || !isSameColumn(a.lengths, b.lengths)) return false;
  return firstDifference(a.bytes, b.bytes) === undefined;
}
