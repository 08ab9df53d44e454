/** Longer than a slider takes from one step to the next. */
const QUIET_MS = 100;

/** Tells of changes that follow one another quickly once, when they are over: for views that are not looked at meanwhile. */
export class Settled {
  readonly #tell: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: () => void) {
    this.#tell = tell;
  }

  changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#tell, QUIET_MS);
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }
}
