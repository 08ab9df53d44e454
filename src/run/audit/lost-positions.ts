import type { OpenDescriptor } from "../../guest/wasi/types.ts";
import type { SiteSource } from "../recording.ts";
import type { InputUse } from "./audited-restart.ts";

interface Lost {
  readonly path: string;
  readonly expected: number;
  readonly position: number;
  /** Bytes that went through it before. */
  readonly moved: number;
  isUsed: boolean;
}

/** How far a process had come in its input and its files: no image holds that, and a new process begins from the start. */
export class LostPositions {
  readonly uses: InputUse[] = [];
  #lost: Lost[] = [];

  /** @param expected of the reference at the checkpoint; what only appends has no position that matters */
  begin(expected: readonly OpenDescriptor[], now: readonly OpenDescriptor[]): void {
    this.#lost = expected
      .filter(({ kind, append }) => kind === "stdin" || (kind === "file" && !append))
      .map(({ path, position }) => {
        const own = now.find((other) => other.path === path);
        return { path, expected: position, position: own?.position ?? 0, moved: movedBytes(own), isUsed: false };
      })
      .filter(({ expected: before, position }) => before !== position);
  }

  /** A system call has been answered. */
  used(place: SiteSource | undefined, descriptors: () => readonly OpenDescriptor[]): void {
    if (this.#lost.every(({ isUsed }) => isUsed)) return;
    const now = descriptors();
    for (const lost of this.#lost) {
      const own = now.find(({ path }) => path === lost.path);
      if (lost.isUsed || movedBytes(own) === lost.moved) continue;
      lost.isUsed = true;
      this.uses.push({ path: lost.path, expected: lost.expected, position: lost.position, place });
    }
  }
}

function movedBytes(descriptor: OpenDescriptor | undefined): number {
  return descriptor === undefined ? 0 : descriptor.bytesRead + descriptor.bytesWritten;
}
