/** The one way from the system calls to the program's memory: bounds-checked, counted, and announced before each write. */
import { Errno, SIZE } from "./abi.ts";
import type { GuestMemory } from "./types.ts";
import { WasiError } from "./wasi-error.ts";

/** A part of the guest's memory that the program names for reading or writing. */
export interface GuestRange {
  readonly address: number;
  readonly length: number;
}

/** Most ranges in one scattered read or write (Linux: IOV_MAX). */
const MAX_RANGES = 1024;
/** Longest path (Linux: PATH_MAX). */
const MAX_PATH_BYTES = 4096;

/** Methods throw `WasiError`: EFAULT for a range that is not wholly inside the program's memory. */
export class GuestAccess {
  /** Bytes read and written since `startCall`. */
  bytesIn = 0;
  bytesOut = 0;
  private memory: GuestMemory | undefined;
  private cached = new DataView(new ArrayBuffer(0));
  private readonly decoder = new TextDecoder("utf-8", { fatal: true });

  bind(memory: GuestMemory): void {
    this.memory = memory;
  }

  startCall(): void {
    this.bytesIn = 0;
    this.bytesOut = 0;
  }

  check(address: number, length: number): void {
    if (this.memory === undefined || address + length > this.memory.sizeBytes) throw new WasiError(Errno.FAULT);
  }

  readU16(address: number): number {
    return this.readable(address, 2).getUint16(address, true);
  }

  readU32(address: number): number {
    return this.readable(address, 4).getUint32(address, true);
  }

  readU64(address: number): bigint {
    return this.readable(address, 8).getBigUint64(address, true);
  }

  readU8(address: number): number {
    return this.readable(address, 1).getUint8(address);
  }

  /** The bytes themselves, not a copy: to be used before anything else touches the memory. */
  read(address: number, length: number): Uint8Array {
    const { buffer, byteOffset } = this.readable(address, length);
    return new Uint8Array(buffer, byteOffset + address, length);
  }

  /** An `iovec` array; every range in it is checked. @throws WasiError EINVAL for too many, or 4 GiB together */
  readRanges(address: number, count: number): GuestRange[] {
    if (count > MAX_RANGES) throw new WasiError(Errno.INVAL);
    this.check(address, count * SIZE.IOVEC);
    const ranges: GuestRange[] = [];
    let total = 0;
    for (let i = 0; i < count; i++) {
      const range = { address: this.readU32(address + i * 8), length: this.readU32(address + i * 8 + 4) };
      this.check(range.address, range.length);
      total += range.length;
      ranges.push(range);
    }
    if (total > 0xffffffff) throw new WasiError(Errno.INVAL);
    return ranges;
  }

  /** A path. @throws WasiError ENAMETOOLONG, EILSEQ if it is not UTF-8, EINVAL if it contains NUL */
  readPath(address: number, length: number): string {
    this.check(address, length);
    if (length > MAX_PATH_BYTES) throw new WasiError(Errno.NAMETOOLONG);
    const bytes = this.read(address, length);
    if (bytes.includes(0)) throw new WasiError(Errno.INVAL);
    try {
      // The decoder takes a leading byte order mark away, but in a path it is part of the name.
      const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
      return (mark ? "\ufeff" : "") + this.decoder.decode(bytes);
    } catch {
      throw new WasiError(Errno.ILSEQ);
    }
  }

  /** Announces a write and gives the bytes to be written, all of which the caller must then set. */
  writable(address: number, length: number): Uint8Array {
    this.check(address, length);
    if (length === 0 || this.memory === undefined) return new Uint8Array(0);
    this.memory.beforeWrite(address, length);
    this.bytesOut += length;
    return new Uint8Array(this.memory.buffer, this.memory.baseOffset + address, length);
  }

  write(address: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.writable(address, bytes.length).set(bytes);
    else this.check(address, 0);
  }

  writeU32(address: number, value: number): void {
    this.write(address, new Uint8Array(Uint32Array.of(value).buffer));
  }

  writeU64(address: number, value: bigint): void {
    this.write(address, new Uint8Array(BigUint64Array.of(value).buffer));
  }

  private readable(address: number, length: number): DataView<ArrayBuffer> {
    this.check(address, length);
    this.bytesIn += length;
    const memory = this.memory;
    if (length > 0) memory?.beforeRead?.(address, length);
    if (memory !== undefined && this.cached.buffer !== memory.buffer) {
      this.cached = new DataView(memory.buffer, memory.baseOffset);
    }
    return this.cached;
  }
}
