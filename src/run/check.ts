/** One figure of the simulator against one that was measured. Counts are of a whole run, instructions per operation. */
export interface Check {
  readonly source: string;
  readonly case: string;
  readonly quantity: string;
  readonly expected: number | Readonly<Record<string, number>>;
  /** Null where the simulator has no such operation. */
  readonly simulated: number | Readonly<Record<string, number>> | null;
  /** Relative for instructions; for counts what is left unexplained, see `reason`. */
  readonly error: number;
  /** Largest error, and why it may be as large and not larger. */
  readonly bound: number;
  readonly boundReason: string;
  readonly holds: boolean;
  /** The bound is missed, and `reason` says why the simulator cannot reach it. */
  readonly knownMiss?: true;
  /** What was allowed for, and why; of a known miss, why it is one. */
  readonly reason?: string;
  /** Of a published figure: the machine that it was measured on, how sure we are of it, and the prices that compose it. */
  readonly machine?: string;
  readonly confidence?: string;
  readonly prices?: string;
  /** Of a figure in a table, whose row is `case`: its column, and which one that is. */
  readonly column?: { readonly name: string; readonly number: number };
}

/** What the simulator does not claim to model, with the reason. */
export interface Skipped {
  readonly source: string;
  readonly case: string;
  readonly reason: string;
}

export interface Validation {
  readonly checks: readonly Check[];
  readonly skipped: readonly Skipped[];
}

/** A check of a case, before its source and case are said. */
export type Comparison = Omit<Check, "source" | "case">;

const COUNT_REASON =
  "a count: the same steps make the same events; what timer ticks and the measuring itself add is allowed for where it shows";

/** A count, which has to be the measured one less what is allowed for. */
export function exact(
  quantity: string,
  expected: number,
  simulated: number,
  allowed: number,
  reason: string | undefined,
): Comparison {
  return exactly({ quantity, expected, simulated, error: expected - simulated - allowed }, reason);
}

export function exactly(
  figures: Pick<Check, "quantity" | "expected" | "simulated" | "error">,
  reason: string | undefined,
): Comparison {
  const bound = { bound: 0, boundReason: COUNT_REASON, holds: figures.error === 0 };
  return { ...figures, ...bound, ...(reason === undefined ? {} : { reason }) };
}
