/** What the system calls of one process share. */
import type { DescriptorTable } from "./descriptors.ts";
import type { FileTree } from "./file-tree.ts";
import type { GuestAccess } from "./guest-access.ts";
import type { SeededRandom } from "./random.ts";
import type { WasiFunction, WasiOptions, WasiUsage } from "./types.ts";

export type MutableUsage = { -readonly [K in keyof Omit<WasiUsage, "calls">]: WasiUsage[K] };

export interface WasiContext {
  readonly options: WasiOptions;
  readonly guest: GuestAccess;
  readonly descriptors: DescriptorTable;
  readonly tree: FileTree;
  readonly random: SeededRandom;
  readonly usage: MutableUsage;
  readonly maxOutputBytes: number;
  /** The date, in nanoseconds since 1970, when the virtual clock stood at 0. */
  readonly epochNanoseconds: bigint;
  /** The date now, in nanoseconds since 1970. */
  now(): bigint;
}

/**
 * System calls by name. Parameters are i32 values as unsigned numbers, and i64 values as unsigned bigints; a call returns
 * nothing when it succeeds and throws `WasiError` when it fails.
 */
export interface CallTable {
  readonly [name: string]: { call(...values: Parameters<WasiFunction>): void }["call"];
}
