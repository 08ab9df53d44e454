import { BadInputError } from "../program.ts";

const decoder = new TextDecoder();

/** Reads little-endian binary data from outside: never past its end, and every complaint names the place. */
export class ByteReader {
  position: number;
  readonly end: number;
  private readonly start: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly what: string;

  /**
   * @param bytes the whole of what offsets count from
   * @param what the name of `bytes` in messages, such as a section's
   * @param start first byte to read
   * @param end one past the last byte that may be read
   */
  constructor(bytes: Uint8Array, what: string, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.what = what;
    this.position = start;
    this.start = start;
    this.end = Math.min(end, bytes.length);
    if (start > this.end) this.fail("the data ends before this offset", start);
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  /** @throws BadInputError always, naming the offset */
  fail(problem: string, offset = this.position): never {
    throw new BadInputError(`${this.what}, byte ${offset}: ${problem}`);
  }

  /** A reader of the next `length` bytes, which this one skips. Its offsets count from the same start. */
  slice(length: number, what = this.what): ByteReader {
    const start = this.take(length);
    return new ByteReader(this.bytes, what, start, start + length);
  }

  /** A reader of the same bytes, from their first on. */
  again(): ByteReader {
    return new ByteReader(this.bytes, this.what, this.start, this.end);
  }

  skip(length: number): void {
    this.take(length);
  }

  u8(): number {
    return this.bytes[this.take(1)];
  }

  i8(): number {
    return this.view.getInt8(this.take(1));
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  u24(): number {
    const low = this.u16();
    return low + this.u8() * 0x10000;
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** Fails where the value is too large to be an offset of anything. */
  u64(): number {
    const offset = this.take(8);
    const value = this.view.getBigUint64(offset, true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.fail("a 64-bit number is out of range", offset);
    return Number(value);
  }

  /** Unsigned LEB128 of at most 64 bits; exact up to 2^53. */
  uleb(): number {
    const start = this.position;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    return this.fail("a LEB128 number is longer than 10 bytes", start);
  }

  /** Signed LEB128 of at most 64 bits; exact up to 2^53. */
  sleb(): number {
    const start = this.position;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return byte & 0x40 ? value - scale : value;
    }
    return this.fail("a LEB128 number is longer than 10 bytes", start);
  }

  /** UTF-8 up to a NUL byte. */
  cString(): string {
    const start = this.position;
    const end = this.bytes.indexOf(0, start);
    if (end < 0 || end >= this.end) this.fail("a string does not end");
    this.position = end + 1;
    return decoder.decode(this.bytes.subarray(start, end));
  }

  /** UTF-8 preceded by its length in bytes as LEB128, as in WebAssembly. */
  name(): string {
    const length = this.uleb();
    const start = this.take(length);
    return decoder.decode(this.bytes.subarray(start, start + length));
  }

  private take(length: number): number {
    const start = this.position;
    if (length > this.end - start) this.fail(`${length} more bytes were expected, ${this.end - start} are left`);
    this.position = start + length;
    return start;
  }
}
