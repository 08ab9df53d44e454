import type { OpenDescriptor } from "../../guest/wasi/types.ts";
import type { SiteSource } from "../recording.ts";
import { fileDifferences } from "../restart/file-difference.ts";
import type { ReferenceCommit } from "../restart/reference.ts";
import type { WatchedProcess } from "../watcher.ts";
import type { InputUse } from "./audited-restart.ts";

/**
 * How far a process had come in its input and its files, and what they held: no image has that. A new process begins to read from
 * the start, and may have changed its files before it got its state back.
 */
export class LostPositions {
  readonly uses: InputUse[] = [];
  /** By path: where the reference had come to; undefined where the contents differ. */
  readonly #lost = new Map<string, number | undefined>();
  /** Bytes that went through each descriptor before. */
  #moved: ReadonlyMap<string, number> = new Map();

  /** @param commit what the reference had at the checkpoint; what only appends has no position that matters */
  begin(commit: ReferenceCommit, { descriptors, files }: WatchedProcess): void {
    this.#lost.clear();
    for (const { path } of fileDifferences(commit.files, files)) this.#lost.set(path, undefined);
    for (const { kind, append, path, position } of commit.descriptors) {
      if (kind !== "stdin" && (kind !== "file" || append)) continue;
      const own = descriptors.find((other) => other.path === path);
      if (position !== (own?.position ?? 0)) this.#lost.set(path, position);
    }
    this.#moved = new Map(descriptors.map((one) => [keyOf(one), movedBytes(one)]));
  }

  /** A system call has been answered. */
  used(place: SiteSource | undefined, descriptors: () => readonly OpenDescriptor[]): void {
    if (this.#lost.size === 0) return;
    for (const own of descriptors()) {
      const { path } = own;
      if (!this.#lost.has(path) || movedBytes(own) === (this.#moved.get(keyOf(own)) ?? 0)) continue;
      this.uses.push({ path, expected: this.#lost.get(path), place });
      this.#lost.delete(path);
    }
  }
}

function keyOf({ fd, path }: OpenDescriptor): string {
  return `${fd} ${path}`;
}

/** What is only written does not depend on what was there. */
function movedBytes({ bytesRead, bytesWritten, kind }: OpenDescriptor): number {
  return kind === "stdin" ? bytesRead : bytesRead + bytesWritten;
}
