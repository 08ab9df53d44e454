/** One end of a channel that carries structured data both ways, in order: a child process, a webview, or a pair in memory. */
export interface Port {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** The other end is gone, and why; nothing comes any more. */
  onClose(listener: (reason: string) => void): void;
}

/** Two ends of a channel in one process. Messages arrive later, as they would from elsewhere, and as copies. */
export function portPair(clone: (message: unknown) => unknown): readonly [Port & Closable, Port & Closable] {
  const a = new MemoryPort(clone);
  const b = new MemoryPort(clone);
  a.other = b;
  b.other = a;
  return [a, b];
}

export interface Closable {
  /** Tells the other end. */
  close(reason: string): void;
}

class MemoryPort implements Port, Closable {
  other: MemoryPort | undefined;
  readonly #clone: (message: unknown) => unknown;
  readonly listeners: ((message: unknown) => void)[] = [];
  readonly closeListeners: ((reason: string) => void)[] = [];

  constructor(clone: (message: unknown) => unknown) {
    this.#clone = clone;
  }

  post(message: unknown): void {
    const copy = this.#clone(message);
    void Promise.resolve().then(() => {
      for (const listener of this.other?.listeners ?? []) listener(copy);
    });
  }

  onMessage(listener: (message: unknown) => void): void {
    this.listeners.push(listener);
  }

  onClose(listener: (reason: string) => void): void {
    this.closeListeners.push(listener);
  }

  close(reason: string): void {
    for (const listener of this.other?.closeListeners ?? []) listener(reason);
  }
}
