import { BadInputError } from "../program.ts";

/** Reads WebAssembly's encodings; whatever leaves the bytes or the encoding's bounds is a `BadInputError` with the offset. */
export interface ByteReader {
  readonly bytes: Uint8Array;
  /** Next byte to read. */
  position: number;
  /** Exclusive. */
  readonly end: number;
  u8(): number;
  u32(): number;
  /** Signed, up to 32 bits. */
  s32(): number;
  /** Signed, 33 bits: block types and heap types. */
  s33(): number;
  /** Skips a signed number of up to `bits` bits. */
  skipSigned(bits: number): void;
  skip(byteCount: number): void;
  /** A vector's length, refused if the bytes left cannot hold so many elements of at least one byte. */
  count(what: string): number;
  name(): string;
  /** A reader of the next `byteCount` bytes, which this one skips. */
  part(byteCount: number, what: string): ByteReader;
  fail(message: string, offset?: number): never;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

export function createByteReader(bytes: Uint8Array, start: number, end: number): ByteReader {
  const reader: ByteReader = {
    bytes,
    position: start,
    end,
    u8() {
      if (reader.position >= end) reader.fail("the module ends in the middle of something");
      return bytes[reader.position++];
    },
    u32() {
      let value = 0;
      for (let shift = 0; shift < 35; shift += 7) {
        const byte = reader.u8();
        value += (byte & 127) * 2 ** shift;
        if (byte < 128) {
          if (value > 0xffffffff) break;
          return value;
        }
      }
      return reader.fail("a number is longer than 32 bits");
    },
    s32() {
      return Number(BigInt.asIntN(32, BigInt(signed(32))));
    },
    s33() {
      return signed(33);
    },
    skipSigned(bits) {
      const longest = Math.ceil(bits / 7);
      for (let i = 0; i < longest; i++) if (reader.u8() < 128) return;
      reader.fail(`a number is longer than ${bits} bits`);
    },
    skip(byteCount) {
      if (byteCount > end - reader.position) reader.fail("the module ends in the middle of something");
      reader.position += byteCount;
    },
    count(what) {
      const offset = reader.position;
      const count = reader.u32();
      if (count > end - reader.position)
        reader.fail(`${count} ${what} do not fit in what is left of the section`, offset);
      return count;
    },
    name() {
      const offset = reader.position;
      const length = reader.u32();
      reader.skip(length);
      try {
        return utf8.decode(bytes.slice(reader.position - length, reader.position));
      } catch {
        return reader.fail("a name is not UTF-8", offset);
      }
    },
    part(byteCount, what) {
      if (byteCount > end - reader.position) reader.fail(`${what} is longer than what is left of the module`);
      const inner = createByteReader(bytes, reader.position, reader.position + byteCount);
      reader.position += byteCount;
      return inner;
    },
    fail(message, offset = reader.position) {
      throw new BadInputError(`malformed WebAssembly at byte ${offset}: ${message}`);
    },
  };

  /** Values up to 33 bits are exact in a double. */
  function signed(bits: number): number {
    let value = 0;
    for (let shift = 0; shift < bits; shift += 7) {
      const byte = reader.u8();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return byte & 64 ? value - 2 ** (shift + 7) : value;
    }
    return reader.fail(`a number is longer than ${bits} bits`);
  }
  return reader;
}
