import type { Declarations } from "./symbols/declarations.ts";

/** What a user's program is to every other part: a WebAssembly module and the way back from its code to its source. */
export interface Program {
  /** As the user named it. */
  readonly path: string;
  readonly language: "c" | "c++" | "assemblyscript" | "wasm" | "wat";
  /** The module as its compiler made it, not instrumented. */
  readonly wasm: Uint8Array;
  readonly lines: LineTable;
  /** Source texts by the file name that `lines` uses, where known. */
  readonly sources: ReadonlyMap<string, string>;
  /** Warnings of the compiler; errors are thrown as a `CompileError`. */
  readonly diagnostics: readonly Diagnostic[];
  /** The name in `lines` and `sources` of a file as the module's debug information calls it; the same unless given. */
  readonly showFile?: (file: string) => string;
  /** What the compiler told beside the module. */
  readonly declarations?: Declarations;
}

export interface SourceLine {
  /** As users wrote it (relative to where they stand when possible). */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1; 0 when unknown. */
  readonly column: number;
}

/** From an instruction to its source line. */
export interface LineTable {
  /** Where the table came from; `none` when the module says nothing of its source. */
  readonly kind: "dwarf" | "source-map" | "none";
  /**
   * @param offset byte offset of an instruction in the module's file
   * @returns its line, or undefined where the compiler recorded none
   */
  lookup(offset: number): SourceLine | undefined;
}

export interface Diagnostic {
  readonly severity: "error" | "warning" | "note";
  readonly file: string;
  /** From 1; 0 when the message is about no place. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A program that its compiler refused; `message` is the compiler's own text, whole. */
export class CompileError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(message: string, diagnostics: readonly Diagnostic[]) {
    super(message);
    this.name = "CompileError";
    this.diagnostics = diagnostics;
  }
}

/** Input that cannot be used, said in one sentence that names the place and what would be right. */
export class BadInputError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "BadInputError";
  }
}
