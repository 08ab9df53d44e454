/**
 * Answers to questions that follow one another quickly: only the newest question counts, one is under way at a time, and
 * what is asked meanwhile waits for its end.
 */
export class Latest<Q, A> {
  readonly #ask: (question: Q) => Promise<A>;
  readonly #take: (answer: A, question: Q) => void;
  readonly #fail: (reason: string) => void;
  #next: Q | undefined;
  #busy = false;
  #asked = 0;

  constructor(
    ask: (question: Q) => Promise<A>,
    take: (answer: A, question: Q) => void,
    fail: (reason: string) => void,
  ) {
    this.#ask = ask;
    this.#take = take;
    this.#fail = fail;
  }

  ask(question: Q): void {
    this.#asked++;
    this.#next = question;
    if (!this.#busy) void this.#run();
  }

  /** What is under way is not wanted any more. */
  forget(): void {
    this.#asked++;
    this.#next = undefined;
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#next !== undefined) {
      const question = this.#next;
      const number = this.#asked;
      this.#next = undefined;
      try {
        const answer = await this.#ask(question);
        // An answer to an older question is still nearer to the newest than what is shown, unless it was forgotten.
        if (number === this.#asked || this.#next !== undefined) this.#take(answer, question);
      } catch (error) {
        if (number === this.#asked) this.#fail(error instanceof Error ? error.message : String(error));
      }
    }
    this.#busy = false;
  }
}
