import type { SessionClient } from "../session/client.ts";
import { type FromSession, type SessionError, SessionFailure } from "../session/messages.ts";
import type { Method } from "../session/methods.ts";
import { PAGE_METHODS } from "./messages/messages.ts";

/** Hands a page's questions to the session, and answers, errors and progress back. Pure: it knows no webview. */
export class Relay {
  readonly #session: () => SessionClient;
  readonly #post: (message: FromSession) => void;
  readonly #postLater: (message: FromSession) => void;
  /** By the page's own numbers. */
  readonly #cancels = new Map<number, () => void>();

  /** @param postLater for progress, which may wait until there is more */
  constructor(
    session: () => SessionClient,
    post: (message: FromSession) => void,
    postLater: (message: FromSession) => void = post,
  ) {
    this.#session = session;
    this.#post = post;
    this.#postLater = postLater;
  }

  /** @param params as the page sent them: the session checks what it needs */
  request(id: number, method: string, params: unknown): void {
    const allowed = PAGE_METHODS.find((one) => one === method);
    if (allowed === undefined) {
      this.#post({ type: "error", id, error: { kind: "badInput", message: `a page may not ask for "${method}"` } });
      return;
    }
    const cancel = () => call.cancel();
    this.#cancels.set(id, cancel);
    // A page that was loaded again begins with its numbers anew.
    const isWanted = () => this.#cancels.get(id) === cancel;
    // The types of one method hold together, which a union of methods cannot say.
    const call = this.#session().call(allowed as Method, params as never, (progress) => {
      if (isWanted()) this.#postLater({ type: "progress", id, progress });
    });
    const answer = (message: FromSession) => {
      if (!isWanted()) return;
      this.#cancels.delete(id);
      this.#post(message);
    };
    call.result.then(
      (result) => answer({ type: "result", id, result }),
      (error: unknown) => answer({ type: "error", id, error: errorOf(error) }),
    );
  }

  cancel(id: number): void {
    this.#cancels.get(id)?.();
  }

  /** Nobody waits for answers any more. */
  cancelAll(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}

function errorOf(error: unknown): SessionError {
  if (error instanceof SessionFailure) return error.error;
  return { kind: "internal", message: String(error), stack: error instanceof Error ? (error.stack ?? "") : "" };
}
