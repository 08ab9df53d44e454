import { type ClientOptions, createClient, type SessionClient } from "../session/client.ts";
import { type Child, startChild } from "./child.ts";

/**
 * V8's flags for the session's process: a heap of so many MiB before it is cleared of what is old. Each run comes with megabytes
 * of images, at which V8 would look through a small heap again and again.
 */
const FLAGS = ["--initial-old-space-size=64"];

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
  const child: Child = startChild(file, "the session process", FLAGS);
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
