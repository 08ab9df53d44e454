import type { ProtectCall } from "../../program/symbols/symbols.ts";
import type { ByteRange } from "./byte-ranges.ts";

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/**
 * What a finding is about.
 * - `variable`: a C or C++ variable in memory.
 * - `heap`: a block that the program allocated.
 * - `register`: a variable that the compiler keeps outside of memory (a WebAssembly local or global).
 * - `library`: state of the language's own library, such as a random generator's.
 * - `memory`: bytes of which nothing more is known.
 * - `input`: how far the program had read its standard input, or a file.
 * - `code`: what the program does only when it restarts.
 */
export type SubjectKind = "variable" | "heap" | "register" | "library" | "memory" | "input" | "code";

/** Something with a name that bytes belong to. */
export interface Subject {
  /** Tells subjects apart, the same in every restart. */
  readonly key: string;
  readonly kind: SubjectKind;
  /** As a person would say it: `step`, `scratch[]`, `counter in main`. */
  readonly symbol: string;
  /** The type as in the source, where known. */
  readonly type?: string;
  /** The function whose local it is. */
  readonly function?: string;
  /** First byte and size in memory; 0 and the size of the value for what is not in memory. */
  readonly address: number;
  readonly sizeBytes: number;
  readonly declaredAt?: Place;
  readonly allocatedAt?: Place;
  /** What to write to protect it under a number, or why nothing will do. */
  protect?(id: number): ProtectCall;
}

/**
 * - `changes the result`: with everything found protected a restart ends like the reference, and without this it does not.
 * - `harmless`: without it a restart ends like the reference.
 * - `prevents the restart`: the restart fails over it, so that nothing is restored.
 * - `unproved`: restarts do not end like the reference, and protecting what was found does not help.
 */
export type Effect = "changes the result" | "prevents the restart" | "unproved" | "harmless";

/** State that a restarted program lives on, and that no image holds. */
export interface UnprotectedFinding {
  readonly kind: "unprotected";
  readonly subject: Subject;
  /** The subject's, with the member that it is about where it is one only. */
  readonly symbol: string;
  readonly effect: Effect;
  /**
   * - `stale`: it was read as the new process had left it.
   * - `reset`: the program gave it another value than at the checkpoint, and read that.
   * - `overwritten`: it was restored, given another value, and read.
   * - `refused`: the restart itself failed over it.
   */
  readonly how: "stale" | "reset" | "overwritten" | "refused";
  /** The region that could not be restored, or that holds a part of it only. */
  readonly region?: number;
  /** Whether that region begins where the variable or block does, and is only too small. */
  readonly isCutShort?: boolean;
  /** Of the variable, member or block; 0 of what is not in memory. */
  readonly address: number;
  /** The bytes that were read, by address. */
  readonly ranges: readonly ByteRange[];
  /** How much is missing: of the variable, member or block what no image holds, read or not. */
  readonly bytes: number;
  readonly readAt?: Place;
  /** Last written there before the checkpoint, in the reference run. */
  readonly writtenAt?: Place;
  /** The first version whose restart reads it, and how many do. */
  readonly firstRestartVersion: number;
  readonly restarts: number;
}

/** Protected bytes that every restarted program overwrites before it reads them. */
export interface DeadFinding {
  readonly kind: "dead";
  readonly subject: Subject;
  /** The subject's, with the member that it is about where it is one only. */
  readonly symbol: string;
  /** The region's number in the program, the name of the checkpoints that it belongs to, and its size. */
  readonly region: number;
  readonly group: string;
  readonly regionBytes: number;
  /** Offsets from the region's start. */
  readonly ranges: readonly ByteRange[];
  readonly bytes: number;
  /** Of the first of them. */
  readonly address: number;
  /** Where a restarted program overwrites it. */
  readonly writtenAt?: Place;
  readonly firstRestartVersion: number;
}

export type Finding = UnprotectedFinding | DeadFinding;
