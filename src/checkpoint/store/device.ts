import type { StoredBytes } from "./image-format.ts";
import { imageName } from "./names.ts";
import { receive } from "./replica.ts";

/** From the first byte up to, and without, the second. */
export type ByteSpan = readonly [from: number, to: number];

/**
 * What a commit does to the place where images are kept.
 * - A file or buffer gets its bytes by `write`; they are sure to be there only after its `flush`.
 * - A `create` or `rename` is sure only after `flush-directory`. Buffers of the backup's memory are there at once (`allocate`).
 * - What is sent is sure to have arrived only when it is acknowledged.
 */
export type StoreStep =
  | { readonly kind: "create" | "allocate"; readonly name: string }
  | { readonly kind: "write"; readonly name: string; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "flush"; readonly name: string }
  | { readonly kind: "rename"; readonly name: string; readonly to: string }
  | { readonly kind: "flush-directory" }
  | { readonly kind: "send"; readonly message: Uint8Array }
  | { readonly kind: "acknowledge" };

/** What a crash leaves of that which was not sure: chosen by whoever simulates the crash. */
export interface Survival {
  /** Which bytes of a write: ascending and disjoint. `index` counts the unflushed writes to its file, `count` in all. */
  write(bytes: number, index: number, count: number): readonly ByteSpan[];
  /** Whether a change of the directory, each by itself. */
  directory(index: number, count: number): boolean;
  /** How many bytes of all that was sent since the last acknowledgement: they arrive in their order. */
  arrived(bytes: number): number;
}

/** What is there after a crash. */
export interface Remains {
  /** Files, or buffers in a memory, by their names. */
  readonly files: ReadonlyMap<string, StoredBytes>;
  /** What arrived at the replica since it last acknowledged, the last message perhaps cut. */
  readonly messages: readonly Uint8Array[];
}

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A file's bytes: pieces, of which a later one lies over the earlier; nobody wrote what is between them. */
class Content implements StoredBytes {
  readonly sizeBytes: number;
  readonly #pieces: readonly Piece[];
  readonly #unwritten: number;

  constructor(pieces: readonly Piece[], unwritten: number) {
    this.#pieces = pieces;
    this.#unwritten = unwritten;
    this.sizeBytes = pieces.reduce((end, { offset, bytes }) => Math.max(end, offset + bytes.length), 0);
  }

  read(offset: number, bytes: number): Uint8Array {
    const end = Math.min(this.sizeBytes, offset + bytes);
    const read = new Uint8Array(Math.max(0, end - offset)).fill(this.#unwritten);
    for (const piece of this.#pieces) {
      const from = Math.max(offset, piece.offset);
      const to = Math.min(end, piece.offset + piece.bytes.length);
      if (from < to) read.set(piece.bytes.subarray(from - piece.offset, to - piece.offset), from - offset);
    }
    return read;
  }
}

class StoredFile {
  readonly flushed: Piece[] = [];
  readonly unflushed: Piece[] = [];
  #content: Content | undefined;

  /** What is sure. The same object as long as nothing is added. */
  content(unwritten: number): Content {
    this.#content ??= new Content(this.flushed, unwritten);
    return this.#content;
  }

  flush(): void {
    this.flushed.push(...this.unflushed.splice(0));
    this.#content = undefined;
  }
}

type DirectoryChange = { readonly remove?: string; readonly add: string; readonly file: StoredFile };

/**
 * A disk with a volatile cache and one directory, the memory of a backup, or the link to a replica: where images go. A crash
 * does not change it, so that many can be looked at.
 */
export class BackupDevice {
  /** Names that are sure, and as running programs see them. */
  readonly #sure = new Map<string, StoredFile>();
  readonly #seen = new Map<string, StoredFile>();
  readonly #changes: DirectoryChange[] = [];
  readonly #sent: Uint8Array[] = [];
  readonly #unwritten: number;

  /** @param unwritten what is read where nobody wrote: a disk may show what was there before */
  constructor(unwritten = 0) {
    this.#unwritten = unwritten;
  }

  /** What a crash left is a device again. */
  static after({ files, messages }: Remains, unwritten = 0): BackupDevice {
    const device = new BackupDevice(unwritten);
    for (const [name, content] of files) device.#keep(name, content.read(0, content.sizeBytes));
    for (const [sequence, bytes] of receive(messages)) device.#keep(imageName(sequence), bytes);
    return device;
  }

  do(step: StoreStep): void {
    switch (step.kind) {
      case "create":
        this.#change({ add: step.name, file: new StoredFile() });
        return;
      case "allocate":
        this.#keep(step.name);
        return;
      case "write":
        this.#file(step.name).unflushed.push({ offset: step.offset, bytes: step.bytes });
        return;
      case "flush":
        this.#file(step.name).flush();
        return;
      case "rename":
        this.#change({ remove: step.name, add: step.to, file: this.#file(step.name) });
        return;
      case "flush-directory":
        for (const change of this.#changes.splice(0)) apply(change, this.#sure);
        return;
      case "send":
        this.#sent.push(step.message);
        return;
      case "acknowledge":
        for (const [sequence, bytes] of receive(this.#sent.splice(0))) this.#keep(imageName(sequence), bytes);
        return;
    }
  }

  /** What would be there after a crash now. */
  crash(survival: Survival): Remains {
    const names = new Map(this.#sure);
    this.#changes.forEach((change, i) => {
      if (survival.directory(i, this.#changes.length)) apply(change, names);
    });
    const files = new Map<string, StoredBytes>();
    for (const [name, file] of names) files.set(name, this.#remainsOf(file, survival));
    return { files, messages: this.#arrived(survival) };
  }

  #remainsOf(file: StoredFile, survival: Survival): Content {
    const { unflushed, flushed } = file;
    if (unflushed.length === 0) return file.content(this.#unwritten);
    const kept = unflushed.flatMap(({ offset, bytes }, i) =>
      survival
        .write(bytes.length, i, unflushed.length)
        .map(([from, to]) => ({ offset: offset + from, bytes: bytes.subarray(from, to) })),
    );
    return new Content([...flushed, ...kept], this.#unwritten);
  }

  #arrived(survival: Survival): Uint8Array[] {
    const all = this.#sent.reduce((sum, { length }) => sum + length, 0);
    let left = all === 0 ? 0 : survival.arrived(all);
    const messages: Uint8Array[] = [];
    for (const message of this.#sent) {
      if (left === 0) break;
      messages.push(message.subarray(0, Math.min(left, message.length)));
      left -= Math.min(left, message.length);
    }
    return messages;
  }

  /** It is sure from now on. */
  #keep(name: string, bytes: Uint8Array = new Uint8Array()): void {
    const file = new StoredFile();
    if (bytes.length > 0) file.flushed.push({ offset: 0, bytes });
    this.#seen.set(name, file);
    this.#sure.set(name, file);
  }

  #change(change: DirectoryChange): void {
    this.#changes.push(change);
    apply(change, this.#seen);
  }

  #file(name: string): StoredFile {
    const file = this.#seen.get(name);
    if (file === undefined) throw new Error(`${name} is not there`);
    return file;
  }
}

/** A rename is one change: there is no moment without either name, nor one with both. */
function apply({ remove, add, file }: DirectoryChange, names: Map<string, StoredFile>): void {
  if (remove !== undefined && names.get(remove) === file) names.delete(remove);
  names.set(add, file);
}
