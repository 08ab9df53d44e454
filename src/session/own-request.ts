import type { Request } from "./serve.ts";

/** A request that nobody has sent: of work that the session does by itself. */
export interface OwnRequest<P> {
  readonly request: Request<P>;
  cancel(): void;
}

export function ownRequest<P>(progress: (progress: P) => void = () => {}): OwnRequest<P> {
  let isCancelled = false;
  const listeners: (() => void)[] = [];
  return {
    request: {
      progress,
      get isCancelled() {
        return isCancelled;
      },
      onCancel: (listener) => listeners.push(listener),
    },
    cancel() {
      isCancelled = true;
      for (const listener of listeners) listener();
    },
  };
}
