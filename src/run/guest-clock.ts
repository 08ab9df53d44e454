import { GUEST_CYCLES_PER_NANOSECOND } from "./machine.ts";

/** What a clock is like, so that a program that depends on it can be told. */
export interface ClockOptions {
  /** What it shows at the program's start, in nanoseconds. */
  readonly startNanoseconds: number;
  /** How fast it goes, against the program's own cycles. */
  readonly rate: number;
}

export const DEFAULT_CLOCK: ClockOptions = { startNanoseconds: 0, rate: 1 };

/** Readings of a clock, and which of them was the next at some moment. */
export interface ClockPosition {
  readonly readings: readonly bigint[];
  readonly next: number;
  /** What it showed then, in nanoseconds. */
  readonly nanoseconds: bigint;
}

/**
 * The clock of a guest, in virtual nanoseconds since the program's start. A restarted guest's can be pinned to the run that it
 * takes up: it then reads what that run read next, so that the time of a restart makes no difference by itself.
 */
export class GuestClock {
  readonly #cycles: () => number;
  readonly #options: ClockOptions;
  readonly #readings: bigint[] = [];
  #pinned: { readonly readings: readonly bigint[]; next: number } | undefined;
  /** Added to what the cycles say. */
  #offset: bigint;
  #last = 0n;

  constructor(cycles: () => number, options: ClockOptions = DEFAULT_CLOCK) {
    this.#cycles = cycles;
    this.#options = options;
    this.#offset = BigInt(options.startNanoseconds);
  }

  /** What the program reads now. It never goes back. */
  read(): bigint {
    const pinned = this.#pinned;
    const reading = pinned === undefined ? this.#now() : (pinned.readings[pinned.next++] ?? this.#now());
    this.#last = reading > this.#last ? reading : this.#last;
    this.#readings.push(this.#last);
    return this.#last;
  }

  /** Where the clock is, for one that takes it up. `readings` goes on growing. */
  position(): ClockPosition {
    return { readings: this.#readings, next: this.#readings.length, nanoseconds: this.#now() };
  }

  /** Goes on from where another clock was. */
  pin({ readings, next, nanoseconds }: ClockPosition): void {
    this.#pinned = { readings, next };
    this.#offset += nanoseconds - this.#now();
    this.#last = 0n;
  }

  #now(): bigint {
    return this.#offset + BigInt(Math.floor((this.#cycles() / GUEST_CYCLES_PER_NANOSECOND) * this.#options.rate));
  }
}
