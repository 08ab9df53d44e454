import { type ClientOptions, createClient, type SessionClient } from "../session/client.ts";
import { type Child, startChild } from "./child.ts";
import { sessionFlags } from "./v8-flags.ts";

/** A session in a process of its own. */
export interface SessionProcess {
  readonly client: SessionClient;
  readonly pid: number | undefined;
  /** Comes when it ends unasked, with the reason; its runs are gone with it. */
  onExit(listener: (reason: string) => void): void;
  /** Ends it, and the guest that it may be running. */
  dispose(): void;
}

/** @param file the built `session.js` */
export function startSession(file: string, options: ClientOptions = {}): SessionProcess {
  const child: Child = startChild(file, "the session process", sessionFlags());
  let disposed = false;
  return {
    client: createClient(child.port, options),
    pid: child.pid,
    onExit: (listener) =>
      child.port.onClose((reason) => {
        if (!disposed) listener(reason);
      }),
    dispose() {
      disposed = true;
      child.kill();
    },
  };
}
