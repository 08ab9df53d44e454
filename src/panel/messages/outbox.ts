import { isObject } from "./bytes-place.ts";

/** Messages that were sent in one go. */
export interface Several<M> {
  readonly type: "several";
  readonly messages: readonly M[];
}

/**
 * Sends what is posted in one go as one message: between a page and the extension each goes through the window's busiest
 * thread, twice, which takes longer than most answers.
 */
export class Outbox<M> {
  readonly #send: (message: M | Several<M>) => void;
  readonly #schedule: (flush: () => void) => void;
  readonly #scheduleLater: (flush: () => void) => void;
  #waiting: M[] = [];
  /** Something among it is waited for. */
  #isUrgent = false;

  /**
   * @param schedule calls back when whoever posts now has posted all
   * @param scheduleLater the same for what nobody waits for
   */
  constructor(
    send: (message: M | Several<M>) => void,
    schedule: (flush: () => void) => void,
    scheduleLater: (flush: () => void) => void = schedule,
  ) {
    this.#send = send;
    this.#schedule = schedule;
    this.#scheduleLater = scheduleLater;
  }

  post(message: M): void {
    this.#waiting.push(message);
    if (this.#isUrgent) return;
    this.#isUrgent = true;
    this.#schedule(() => this.#flush());
  }

  /** For what nobody waits for, and much of it may come: it goes along with the next message that is posted, or by itself. */
  postLater(message: M): void {
    if (this.#waiting.push(message) === 1) this.#scheduleLater(() => this.#flush());
  }

  #flush(): void {
    const messages = this.#waiting;
    this.#isUrgent = false;
    if (messages.length === 0) return;
    this.#waiting = [];
    this.#send(messages.length === 1 ? messages[0] : { type: "several", messages });
  }
}

/** The messages in what an outbox has sent; of other data that data itself. */
export function messagesIn(data: unknown): readonly unknown[] {
  return isObject(data) && data.type === "several" && Array.isArray(data.messages) ? data.messages : [data];
}
