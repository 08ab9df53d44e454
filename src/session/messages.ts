import type { Diagnostic } from "../program/program.ts";
import type { Refused } from "../run/refused-error.ts";

/** What travels over a port. Each request has a number of its sender's, which everything about it carries. */
export type ToSession =
  | { readonly type: "request"; readonly id: number; readonly method: string; readonly params: unknown }
  | { readonly type: "cancel"; readonly id: number };

export type FromSession =
  | { readonly type: "result"; readonly id: number; readonly result: unknown }
  | { readonly type: "error"; readonly id: number; readonly error: SessionError }
  | { readonly type: "progress"; readonly id: number; readonly progress: unknown };

/**
 * Why there is no result. `badInput`: one sentence that says what is wrong and what would be right, as data, too, where
 * a machine or prices are refused. `compileError`: the
 * compiler's own text, and its messages one by one. `cancelled`: by who asked. `gone`: the session ended, and its runs with
 * it. `internal`: a mistake of this program, with its stack.
 */
export type SessionError =
  | { readonly kind: "badInput"; readonly message: string; readonly refused?: Refused }
  | { readonly kind: "compileError"; readonly message: string; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: "cancelled"; readonly message: string }
  | { readonly kind: "gone"; readonly message: string }
  | { readonly kind: "internal"; readonly message: string; readonly stack: string };

/** A session's error on the side of who asked. */
export class SessionFailure extends Error {
  readonly error: SessionError;
  constructor(error: SessionError) {
    super(error.message);
    this.name = "SessionFailure";
    this.error = error;
  }
}

/** Thrown by a handler whose request was cancelled. */
export class CancelledError extends Error {
  constructor() {
    super("cancelled");
    this.name = "CancelledError";
  }
}
