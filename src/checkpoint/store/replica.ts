import { crc32c } from "./crc32c.ts";

/*
 * What is sent to a replica, one message after the other, little-endian:
 *
 *   begin   the image's number, its size
 *   part    the image's number, where the bytes that follow belong
 *   end     the image's number, its size again: all has been sent, and the replica acknowledges
 *
 * Each has its own checksum.
 */
const KIND = { begin: 1, part: 2, end: 3 } as const;
type Kind = keyof typeof KIND;

const AT = { kind: 0, sequence: 4, value: 8, sum: 16 } as const;
const HEAD_BYTES = 20;

/** @param value the image's size; of a part its offset */
export function messageOf(
  kind: Kind,
  sequence: number,
  value: number,
  bytes: Uint8Array = new Uint8Array(),
): Uint8Array {
  const message = new Uint8Array(HEAD_BYTES + bytes.length);
  const view = new DataView(message.buffer);
  view.setUint32(AT.kind, KIND[kind], true);
  view.setUint32(AT.sequence, sequence, true);
  view.setFloat64(AT.value, value, true);
  message.set(bytes, HEAD_BYTES);
  view.setUint32(AT.sum, crc32c(message), true);
  return message;
}

/**
 * What a replica makes of what arrived: the images of which everything came, in order and undamaged, as they were sent. What
 * came of others is dropped.
 */
export function receive(messages: readonly Uint8Array[]): Map<number, Uint8Array> {
  const images = new Map<number, Uint8Array>();
  let open: { readonly sequence: number; readonly bytes: Uint8Array; end: number } | undefined;
  for (const message of messages) {
    const read = readMessage(message);
    if (read === undefined) {
      open = undefined;
      continue;
    }
    const { kind, sequence, value, bytes } = read;
    if (kind === "begin") {
      open = { sequence, bytes: new Uint8Array(value), end: 0 };
      continue;
    }
    const isNext = open !== undefined && open.sequence === sequence && open.end === value;
    if (open === undefined || !isNext || value + bytes.length > open.bytes.length) {
      open = undefined;
      continue;
    }
    open.bytes.set(bytes, value);
    open.end += bytes.length;
    if (kind === "part") continue;
    if (open.end === open.bytes.length) images.set(sequence, open.bytes);
    open = undefined;
  }
  return images;
}

function readMessage(
  message: Uint8Array,
): { kind: Kind; sequence: number; value: number; bytes: Uint8Array } | undefined {
  if (message.length < HEAD_BYTES) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const unsummed = message.slice();
  unsummed.fill(0, AT.sum, AT.sum + 4);
  if (crc32c(unsummed) !== view.getUint32(AT.sum, true)) return undefined;
  const number = view.getUint32(AT.kind, true);
  const kind = (Object.keys(KIND) as Kind[]).find((one) => KIND[one] === number);
  const value = view.getFloat64(AT.value, true);
  if (kind === undefined || !Number.isSafeInteger(value) || value < 0) return undefined;
  return { kind, sequence: view.getUint32(AT.sequence, true), value, bytes: message.subarray(HEAD_BYTES) };
}
