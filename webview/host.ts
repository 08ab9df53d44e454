import type { FromPage, ToPage } from "../src/panel/messages/messages.ts";
import { messagesIn, Outbox } from "../src/panel/messages/outbox.ts";
import { createClient, type SessionClient } from "../src/session/client.ts";
import { wordedError } from "../src/session/refused-text.ts";
import { t } from "./text.ts";

declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
};

/** The editor, as the page sees it. */
export interface EditorHost {
  readonly session: SessionClient;
  post(message: FromPage): void;
  onMessage(listener: (message: ToPage) => void): void;
  /** Comes when nothing that was asked is under way any more, before the last answer is taken. */
  onIdle(listener: () => void): void;
  /** What the page kept when it was last hidden: unknown data of an earlier version perhaps. */
  keptState(): unknown;
  keepState(state: unknown): void;
}

/** To be called once. What comes from the editor is the extension's own; the page's origin takes no messages of others. */
export function connect(): EditorHost {
  const api = acquireVsCodeApi();
  // All that a frame asks for goes together.
  const outbox = new Outbox<FromPage>(
    (message) => api.postMessage(message),
    (flush) => queueMicrotask(flush),
  );
  const post = (message: FromPage) => outbox.post(message);
  const listen = (listener: (message: ToPage) => void) =>
    window.addEventListener("message", ({ data }) => {
      for (const message of messagesIn(data))
        if (typeof message === "object" && message !== null && "type" in message) listener(message as ToPage);
    });
  const idle: (() => void)[] = [];
  const session = createClient(
    {
      post: (message) => post(message as FromPage),
      onMessage: (listener) => listen(listener),
      onClose: () => {},
    },
    {
      onIdle: () => {
        for (const listener of idle) listener();
      },
      worded: (error) => wordedError(error, t),
    },
  );
  return {
    session,
    post,
    onMessage: listen,
    onIdle: (listener) => void idle.push(listener),
    keptState: () => api.getState(),
    keepState: (state) => api.setState(state),
  };
}
