/** What who does something knows of the request that it is done for. */
export interface Request<P> {
  progress(progress: P): void;
  readonly isCancelled: boolean;
  /** Called when the request is cancelled before it is answered. */
  onCancel(listener: () => void): void;
}

/** A request as who makes it holds it. */
export interface MadeRequest<P> {
  readonly request: Request<P>;
  /** Once, however often it is called. */
  cancel(): void;
}

export function makeRequest<P>(progress: (progress: P) => void = () => {}): MadeRequest<P> {
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
      if (isCancelled) return;
      isCancelled = true;
      for (const listener of listeners) listener();
    },
  };
}
