import type { BytesReply } from "../../src/session/figures.ts";
import { Latest } from "../latest.ts";

/** Bytes that are asked for at once: some screens before and after what is seen. */
const WINDOW_BYTES = 32 * 1024;

export interface ShownByte {
  readonly now: number;
  /** Of the version before; undefined where it has none. */
  readonly before: number | undefined;
  readonly changed: boolean;
}

interface Held {
  readonly offset: number;
  readonly reply: BytesReply;
}

/** The part of a region around what is seen, fetched when that moves out of it. */
export class ByteWindow {
  readonly #latest: Latest<{ offset: number; length: number }, BytesReply>;
  #held: Held | undefined;
  #asked: { readonly offset: number; readonly length: number } | undefined;

  constructor(
    ask: (offset: number, length: number) => Promise<BytesReply>,
    changed: () => void,
    fail: (reason: string) => void,
  ) {
    this.#latest = new Latest(
      ({ offset, length }) => ask(offset, length),
      (reply, { offset }) => {
        this.#held = { offset, reply };
        changed();
      },
      fail,
    );
  }

  /** Another region, or another version of it. */
  forget(): void {
    this.#latest.forget();
    this.#held = undefined;
    this.#asked = undefined;
  }

  /** Sees to it that a stretch comes, if it is not here. */
  want(from: number, to: number, sizeBytes: number): void {
    const end = Math.min(to, sizeBytes);
    if (this.#asked !== undefined && from >= this.#asked.offset && end <= this.#asked.offset + this.#asked.length)
      return;
    const offset = Math.max(0, Math.min(from - (WINDOW_BYTES - (to - from)) / 2, sizeBytes - WINDOW_BYTES)) & ~15;
    const length = Math.max(WINDOW_BYTES, end - offset);
    this.#asked = { offset, length };
    this.#latest.ask(this.#asked);
  }

  /** Undefined where it is not known yet. */
  byteAt(offset: number): ShownByte | undefined {
    if (this.#held === undefined) return undefined;
    const { reply, offset: first } = this.#held;
    const i = offset - first;
    if (i < 0 || i >= reply.bytes.length) return undefined;
    return { now: reply.bytes[i], before: reply.before?.[i], changed: reply.changed[i] === 1 };
  }

  /** Up to eight bytes from an offset on. */
  bytesFrom(offset: number): Uint8Array {
    const i = offset - (this.#held?.offset ?? offset + 1);
    return i < 0 ? new Uint8Array(0) : (this.#held?.reply.bytes.slice(i, i + 8) ?? new Uint8Array(0));
  }
}
