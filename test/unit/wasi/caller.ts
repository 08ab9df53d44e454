import { createWasi } from "../../../src/guest/wasi/create-wasi.ts";
import { FileTree } from "../../../src/guest/wasi/file-tree.ts";
import type { Wasi, WasiOptions, WasmValue } from "../../../src/guest/wasi/types.ts";
import { Wasm } from "./wasm-api.ts";
import { WatchedMemory } from "./watched-memory.ts";

/** The program's own size; the rest of the page belongs to somebody else. */
export const PROGRAM_BYTES = 40_000;

export const READ = 1n << 1n;
export const WRITE = 1n << 6n;
export const ALL_RIGHTS = (1n << 30n) - 1n;

/** Makes system calls as a program would, each one watched, and lays out their arguments. */
export class Caller {
  readonly memory = new WatchedMemory(new Wasm.Memory({ initial: 1 }), PROGRAM_BYTES);
  readonly tree: FileTree;
  readonly wasi: Wasi;
  readonly stdout: number[] = [];
  readonly stderr: number[] = [];
  clock = 0n;

  constructor(options: Partial<WasiOptions> = {}, bound = true) {
    this.tree = options.files ?? sampleTree();
    this.wasi = createWasi({
      args: ["program", "one"],
      env: new Map([["KEY", "value"]]),
      stdin: new TextEncoder().encode("typed in"),
      stdout: (bytes) => this.stdout.push(...bytes),
      stderr: (bytes) => this.stderr.push(...bytes),
      clockNanoseconds: () => this.clock,
      advanceClock: (nanoseconds) => {
        this.clock += nanoseconds;
      },
      seed: 7,
      ...options,
      files: this.tree,
    });
    new Uint8Array(this.memory.buffer).fill(0x5a);
    if (bound) this.wasi.bind(this.memory);
  }

  get view(): DataView<ArrayBuffer> {
    return new DataView(this.memory.buffer);
  }

  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer.slice(address, address + length));
  }

  put(address: number, bytes: Uint8Array): void {
    new Uint8Array(this.memory.buffer).set(bytes, address);
  }

  /** @returns the error number */
  call(name: string, ...values: WasmValue[]): number {
    return this.memory.watch(() => this.wasi.imports[name](...values)).result;
  }

  /** Puts a path at its place in memory. @returns its address and length, as calls take them */
  path(text: string, address = 20_000): [number, number] {
    const bytes = new TextEncoder().encode(text);
    this.put(address, bytes);
    return [address, bytes.length];
  }

  /** Puts an `iovec` array at 10000. @returns its address and length */
  ranges(...ranges: [address: number, length: number][]): [number, number] {
    ranges.forEach(([address, length], i) => {
      this.view.setUint32(10_000 + i * 8, address, true);
      this.view.setUint32(10_004 + i * 8, length, true);
    });
    return [10_000, ranges.length];
  }

  /** @returns the descriptor, or minus the error number */
  open(path: string, openFlags = 0, rights = ALL_RIGHTS, fdFlags = 0, lookupFlags = 1, directory = 3): number {
    const errno = this.call(
      "path_open",
      directory,
      lookupFlags,
      ...this.path(path),
      openFlags,
      rights,
      ALL_RIGHTS,
      fdFlags,
      30_000,
    );
    return errno === 0 ? this.view.getUint32(30_000, true) : -errno;
  }

  /** Writes text. @returns how many bytes, or minus the error number */
  write(fd: number, text: string): number {
    const bytes = new TextEncoder().encode(text);
    this.put(1000, bytes);
    const errno = this.call("fd_write", fd, ...this.ranges([1000, bytes.length]), 30_000);
    return errno === 0 ? this.view.getUint32(30_000, true) : -errno;
  }

  /** @returns the text that was there, or minus the error number */
  read(fd: number, length: number): string | number {
    const errno = this.call("fd_read", fd, ...this.ranges([1000, length]), 30_000);
    if (errno !== 0) return -errno;
    return new TextDecoder().decode(this.bytes(1000, this.view.getUint32(30_000, true)));
  }
}

/** Preopened `/data` (descriptor 3) with `file` ("contents"), `folder/inner` and the links `link`, `up` and `out`. */
export function sampleTree(): FileTree {
  const tree = new FileTree({ maxBytes: 100_000, maxEntries: 50 });
  const root = tree.addPreopen("/data");
  tree.createFile(root, "file", 0n, new TextEncoder().encode("contents"));
  const folder = tree.createDirectory(root, "folder");
  tree.createFile(folder, "inner", 0n, new TextEncoder().encode("inside"));
  tree.createSymlink(folder, "up", "../file");
  tree.createSymlink(root, "link", "file");
  tree.createSymlink(root, "out", "folder/../../secret");
  tree.addPreopen("other");
  return tree;
}
