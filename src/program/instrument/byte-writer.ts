/** Growing bytes in WebAssembly's encodings. */
export class ByteWriter {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity);
  }

  reserve(byteCount: number): void {
    if (this.length + byteCount <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + byteCount));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  u8(value: number): void {
    if (this.length >= this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(5);
    let rest = value >>> 0;
    while (rest >= 128) {
      this.bytes[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** Signed, up to 53 bits. */
  signed(value: number): void {
    this.reserve(10);
    let rest = value;
    for (;;) {
      const low = ((rest % 128) + 128) % 128;
      rest = Math.floor(rest / 128);
      if ((rest === 0 && low < 64) || (rest === -1 && low >= 64)) {
        this.bytes[this.length++] = low;
        return;
      }
      this.bytes[this.length++] = low | 128;
    }
  }

  /** Signed, 32 bits. */
  s32(value: number): void {
    this.reserve(5);
    let rest = value | 0;
    for (;;) {
      const low = rest & 127;
      rest >>= 7;
      if ((rest === 0 && low < 64) || (rest === -1 && low >= 64)) {
        this.bytes[this.length++] = low;
        return;
      }
      this.bytes[this.length++] = low | 128;
    }
  }

  copy(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    if (count < 24) for (let i = start; i < end; i++) this.bytes[this.length++] = source[i];
    else {
      this.bytes.set(source.subarray(start, end), this.length);
      this.length += count;
    }
  }

  append(other: ByteWriter): void {
    this.copy(other.bytes, 0, other.length);
  }

  name(text: string): void {
    const encoded = new TextEncoder().encode(text);
    this.u32(encoded.length);
    this.copy(encoded, 0, encoded.length);
  }

  clear(): void {
    this.length = 0;
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}
