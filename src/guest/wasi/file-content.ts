/** The bytes of one file: chunks that are allocated where they are written, and shared with clones until they change. */

const CHUNK_BYTES = 65536;
/** The smallest allocation: most files are small, and a chunk grows by doubling until it is whole. */
const MIN_CHUNK_BYTES = 256;

export class FileContent {
  private length = 0;
  private readonly chunks: Map<number, Uint8Array>;
  /** Chunks that no clone can see, so that they may be changed in place. */
  private readonly owned = new Set<number>();

  constructor(chunks: Map<number, Uint8Array> = new Map()) {
    this.chunks = chunks;
  }

  get size(): number {
    return this.length;
  }

  /** A copy that shares all bytes; the first write to a chunk on either side copies that chunk. */
  clone(): FileContent {
    const copy = new FileContent(new Map(this.chunks));
    copy.length = this.length;
    this.owned.clear();
    return copy;
  }

  /** @returns how many bytes there were: fewer than asked for at the end, 0 past it */
  read(target: Uint8Array, offset: number): number {
    const count = Math.max(0, Math.min(target.length, this.length - offset));
    for (let done = 0; done < count; ) {
      const position = offset + done;
      const start = position % CHUNK_BYTES;
      const step = Math.min(count - done, CHUNK_BYTES - start);
      const chunk = this.chunks.get(Math.floor(position / CHUNK_BYTES));
      const present = chunk === undefined ? 0 : Math.max(0, Math.min(step, chunk.length - start));
      if (chunk !== undefined && present > 0) target.set(chunk.subarray(start, start + present), done);
      target.fill(0, done + present, done + step);
      done += step;
    }
    return count;
  }

  /** Writes all of `source`, growing the file; a gap before `offset` reads as zeros. */
  write(source: Uint8Array, offset: number): void {
    for (let done = 0; done < source.length; ) {
      const position = offset + done;
      const start = position % CHUNK_BYTES;
      const step = Math.min(source.length - done, CHUNK_BYTES - start);
      this.writable(Math.floor(position / CHUNK_BYTES), start + step).set(source.subarray(done, done + step), start);
      done += step;
    }
    if (source.length > 0) this.length = Math.max(this.length, offset + source.length);
  }

  /** Cuts the file, or lengthens it with zeros (which take no memory). */
  resize(size: number): void {
    if (size < this.length) {
      const last = Math.floor(size / CHUNK_BYTES);
      for (const index of this.chunks.keys()) {
        if (index < last) continue;
        const kept = index === last ? size % CHUNK_BYTES : 0;
        const chunk = this.chunks.get(index);
        if (kept === 0 || chunk === undefined) {
          this.chunks.delete(index);
          this.owned.delete(index);
        } else if (chunk.length > kept) {
          this.writable(index, kept).fill(0, kept);
        }
      }
    }
    this.length = size;
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.length);
    this.read(all, 0);
    return all;
  }

  /** Whether both hold the same bytes; quick where they still share chunks. */
  equals(other: FileContent): boolean {
    if (this.length !== other.length) return false;
    const mine = new Uint8Array(CHUNK_BYTES);
    const theirs = new Uint8Array(CHUNK_BYTES);
    for (const index of new Set([...this.chunks.keys(), ...other.chunks.keys()])) {
      if (this.chunks.get(index) === other.chunks.get(index)) continue;
      const count = this.read(mine, index * CHUNK_BYTES);
      other.read(theirs, index * CHUNK_BYTES);
      for (let i = 0; i < count; i++) if (mine[i] !== theirs[i]) return false;
    }
    return true;
  }

  /** The chunk, ours alone and at least `needed` bytes long. */
  private writable(index: number, needed: number): Uint8Array {
    const present = this.chunks.get(index);
    if (present !== undefined && present.length >= needed && this.owned.has(index)) return present;
    let capacity = Math.max(MIN_CHUNK_BYTES, present?.length ?? 0);
    while (capacity < needed) capacity *= 2;
    const chunk = new Uint8Array(capacity);
    if (present !== undefined) chunk.set(present);
    this.chunks.set(index, chunk);
    this.owned.add(index);
    return chunk;
  }
}
