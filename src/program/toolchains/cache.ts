import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where compiled programs are kept unless told otherwise. */
export function cacheDirectory(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  return (
    environment.CHECKPOINT_LENS_CACHE ||
    join(environment.XDG_CACHE_HOME || join(homedir(), ".cache"), "checkpoint-lens")
  );
}

/** Changes whenever what is kept, or the meaning of a key, changes. */
const FORMAT = "checkpoint-lens compiled program 1";
/** Beyond this many, those not used for longest go. Programs are mostly 10 KB to 1 MB. */
const MAX_ENTRIES = 300;

/** A key that stands for everything the result depends on. */
export function cacheKey(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256").update(FORMAT);
  for (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    hash.update(`\n${bytes.length}:`).update(bytes);
  }
  return hash.digest("hex");
}

/**
 * Some blobs under a key. Nothing is locked: writers write aside and rename, and a reader that finds anything but what
 * was written (an entry carries its own checksum) takes it for absent.
 */
export class Cache {
  private readonly directory: string;
  private readonly shipped: string | undefined;

  /** @param shipped a folder of entries that came with the product, where there is one: they are only read */
  constructor(directory: string, shipped?: string) {
    this.directory = directory;
    this.shipped = shipped;
  }

  read(key: string): readonly Uint8Array[] | undefined {
    const own = readEntry(pathIn(this.directory, key));
    if (own === undefined) return this.shipped === undefined ? undefined : readEntry(pathIn(this.shipped, key));
    const now = new Date();
    try {
      utimesSync(pathIn(this.directory, key), now, now);
    } catch {
      // It goes earlier than it could.
    }
    return own;
  }

  /** Keeps the blobs; a cache that cannot be written to is no error. */
  write(key: string, blobs: readonly Uint8Array[]): void {
    const aside = join(this.directory, `.${key}.${randomBytes(6).toString("hex")}`);
    try {
      mkdirSync(this.directory, { recursive: true });
      writeFileSync(aside, pack(blobs));
      renameSync(aside, pathIn(this.directory, key));
      this.prune();
    } catch {
      rmSync(aside, { force: true });
    }
  }

  private prune(): void {
    const names = readdirSync(this.directory).filter((name) => name.endsWith(".program"));
    if (names.length <= MAX_ENTRIES) return;
    const byAge = names
      .map((name) => ({ path: join(this.directory, name), used: statSync(join(this.directory, name)).mtimeMs }))
      .sort((a, b) => a.used - b.used);
    for (const { path } of byAge.slice(0, names.length - MAX_ENTRIES)) rmSync(path, { force: true });
  }
}

function pathIn(directory: string, key: string): string {
  return join(directory, `${key}.program`);
}

function readEntry(path: string): readonly Uint8Array[] | undefined {
  try {
    return unpack(readFileSync(path));
  } catch {
    return undefined;
  }
}

/** SHA-256 of the rest; the number of blobs and the length of each, 32 bits little-endian; the blobs. */
function pack(blobs: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(4 * (1 + blobs.length));
  head.writeUInt32LE(blobs.length);
  blobs.forEach((blob, i) => {
    head.writeUInt32LE(blob.length, 4 * (1 + i));
  });
  const rest = Buffer.concat([head, ...blobs]);
  return Buffer.concat([createHash("sha256").update(rest).digest(), rest]);
}

function unpack(entry: Buffer): readonly Uint8Array[] | undefined {
  const rest = entry.subarray(32);
  if (!createHash("sha256").update(rest).digest().equals(entry.subarray(0, 32))) return undefined;
  const count = rest.readUInt32LE();
  let at = 4 * (1 + count);
  return Array.from({ length: count }, (_, i) => {
    const length = rest.readUInt32LE(4 * (1 + i));
    at += length;
    return new Uint8Array(rest.subarray(at - length, at));
  });
}
