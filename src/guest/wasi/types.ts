/** What a program's system calls need of the machine around them, and what can be asked about them afterwards. */
import type { FileTree } from "./file-tree.ts";
import type { RandomPosition } from "./random.ts";

/** The name under which programs import the calls. */
export const WASI_MODULE = "wasi_snapshot_preview1";

/** The date at a program's start unless said otherwise, 2024-01-01T00:00:00Z, in nanoseconds since 1970. */
export const DEFAULT_EPOCH_NANOSECONDS = 1_704_067_200_000_000_000n;

/** The program's linear memory, as the software MMU sees it. */
export interface GuestMemory {
  /** The buffer as it is now; growing the memory replaces it. */
  readonly buffer: ArrayBuffer;
  /** Byte of the buffer that is the program's address 0: what lies below is not the program's. */
  readonly baseOffset: number;
  /** The program's own bytes, from address 0. What lies above in the same buffer is not the program's. */
  readonly sizeBytes: number;
  /**
   * Comes before every write of a system call into the program's memory, with exactly the bytes that it will change.
   * `length` is never 0 and the range never passes `sizeBytes`. What it throws passes through the call unchanged.
   */
  beforeWrite(address: number, length: number): void;
  /** The same before a read. */
  beforeRead?(address: number, length: number): void;
}

export interface WasiOptions {
  /** Including the program's name at 0. None may contain NUL. */
  readonly args: readonly string[];
  /** Names may not be empty nor contain `=`; neither names nor values may contain NUL. */
  readonly env: ReadonlyMap<string, string>;
  readonly stdin: Uint8Array;
  /** Gets a copy that it may keep; never empty. */
  stdout(bytes: Uint8Array): void;
  /** Gets a copy that it may keep; never empty. */
  stderr(bytes: Uint8Array): void;
  /** Virtual nanoseconds since the program's start; never goes back. */
  clockNanoseconds(): bigint;
  /** The program sleeps: moves the virtual clock on. Without it, sleeping takes no time. */
  advanceClock?(nanoseconds: bigint): void;
  /** The date at the program's start, in nanoseconds since 1970; `DEFAULT_EPOCH_NANOSECONDS` unless given. */
  readonly realtimeEpochNanoseconds?: bigint;
  /** Of the random generator: any finite number. */
  readonly seed: number;
  /** The directories that the program sees; a tree without any hides all files. */
  readonly files: FileTree;
  /** Whether standard output and error look like a terminal (a C library then writes line by line); default true. */
  readonly terminal?: boolean;
  /** Most bytes of standard output and error together; writing more fails with ENOSPC. Default 256 MiB. */
  readonly maxOutputBytes?: number;
  /** Most open descriptors; opening more fails with EMFILE. Default 1024. */
  readonly maxDescriptors?: number;
  /**
   * Comes when a call returns, or just before it ends the program.
   * @param bytesIn bytes that the call read from the program's memory
   * @param bytesOut bytes that it wrote there
   * @param errno what it returns; 0 is success
   */
  onSystemCall?(name: string, bytesIn: number, bytesOut: number, errno: number): void;
}

/** A value as WebAssembly hands it to an import. */
export type WasmValue = number | bigint;
export type WasiFunction = (...values: WasmValue[]) => number;

/** An open descriptor: state of the process that a restart from memory alone does not bring back. */
export interface OpenDescriptor {
  readonly fd: number;
  readonly kind: "stdin" | "stdout" | "stderr" | "file" | "directory";
  /** The path in the guest, without symbolic links, as it was when opened; for streams `<stdin>` and so on. */
  readonly path: string;
  readonly preopened: boolean;
  /** Bytes from the start; for streams the bytes read or written. */
  readonly position: number;
  readonly append: boolean;
  /** Bytes read and written through this descriptor. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** What the program used that is not in its memory, and that a restart may therefore see differently. */
export interface WasiUsage {
  /** `clock_time_get` calls. */
  readonly clockReads: number;
  /** `random_get` calls, and the bytes they gave. */
  readonly randomReads: number;
  readonly randomBytes: number;
  /** `poll_oneoff` calls that waited, and how long. */
  readonly sleeps: number;
  readonly sleptNanoseconds: bigint;
  /** Bytes of standard input read; its size is that of `stdin`. */
  readonly stdinBytesRead: number;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** Bytes read from and written to files. */
  readonly fileBytesRead: number;
  readonly fileBytesWritten: number;
  /** Calls of each function. */
  readonly calls: ReadonlyMap<string, number>;
}

export interface Wasi {
  /** By name, all 46 functions; for the import module `WASI_MODULE`. Has no prototype. */
  readonly imports: Readonly<Record<string, WasiFunction>>;
  /** To be called once, before the program starts. */
  bind(memory: GuestMemory): void;
  /** In the order of their numbers. */
  openDescriptors(): OpenDescriptor[];
  usage(): WasiUsage;
  /** Where the stream of random numbers is. */
  randomPosition: RandomPosition;
}

/** The program ended itself with `proc_exit`, or by raising a signal (then 128 + the signal's number). */
export class ProcessExit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`the program exited with code ${code}`);
    this.name = "ProcessExit";
    this.code = code;
  }
}
