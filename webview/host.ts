import type { FromPage, ToPage } from "../src/panel/messages/messages.ts";
import { createClient, type SessionClient } from "../src/session/client.ts";

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
  /** What the page kept when it was last hidden: unknown data of an earlier version perhaps. */
  keptState(): unknown;
  keepState(state: unknown): void;
}

/** To be called once. What comes from the editor is the extension's own; the page's origin takes no messages of others. */
export function connect(): EditorHost {
  const api = acquireVsCodeApi();
  const listen = (listener: (message: ToPage) => void) =>
    window.addEventListener("message", ({ data }) => {
      if (typeof data === "object" && data !== null && "type" in data) listener(data as ToPage);
    });
  const session = createClient({
    post: (message) => api.postMessage(message),
    onMessage: (listener) => listen(listener),
    onClose: () => {},
  });
  return {
    session,
    post: (message) => api.postMessage(message),
    onMessage: listen,
    keptState: () => api.getState(),
    keepState: (state) => api.setState(state),
  };
}
