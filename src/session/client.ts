import { type FromSession, type SessionError, SessionFailure, type ToSession } from "./messages.ts";
import type { Method, ParamsOf, ProgressOf, ResultOf } from "./methods.ts";
import type { Port } from "./port.ts";

/** A question under way. */
export interface Call<R> {
  /** Rejects with a SessionFailure. */
  readonly result: Promise<R>;
  /** Asks the session to give up; the result then rejects with the kind `cancelled`, unless it was faster. */
  cancel(): void;
}

export interface SessionClient {
  /** Asks, and waits for the answer. Rejects with a SessionFailure. */
  ask<M extends Method>(method: M, params: ParamsOf<M>): Promise<ResultOf<M>>;
  /** The same for what takes long: with progress, and a way to give up. */
  call<M extends Method>(
    method: M,
    params: ParamsOf<M>,
    onProgress?: (progress: ProgressOf<M>) => void,
  ): Call<ResultOf<M>>;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: SessionFailure): void;
  progress(progress: unknown): void;
}

export interface ClientOptions {
  /** Comes when the last question that was under way has its answer, before whoever asked it goes on. */
  readonly onIdle?: () => void;
  /** Gives errors other words. */
  readonly worded?: (error: SessionError) => SessionError;
}

/** The asking end of a port. When the port closes, everything under way fails with the kind `gone`. */
export function createClient(port: Port, options: ClientOptions = {}): SessionClient {
  const { onIdle, worded = (error) => error } = options;
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let closed: SessionFailure | undefined;
  const post = (message: ToSession) => port.post(message);
  const end = (id: number) => {
    pending.delete(id);
    if (pending.size === 0) onIdle?.();
  };
  port.onMessage((data) => {
    const message = data as FromSession;
    const waiting = pending.get(message.id);
    if (waiting === undefined) return;
    switch (message.type) {
      case "progress":
        waiting.progress(message.progress);
        return;
      case "result":
        end(message.id);
        waiting.resolve(message.result);
        return;
      case "error":
        end(message.id);
        waiting.reject(new SessionFailure(worded(message.error)));
        return;
    }
  });
  port.onClose((message) => {
    closed = new SessionFailure({ kind: "gone", message });
    for (const { reject } of pending.values()) reject(closed);
    pending.clear();
  });
  const call: SessionClient["call"] = (method, params, onProgress) => {
    const id = ++lastId;
    const result = new Promise<unknown>((resolve, reject) => {
      if (closed !== undefined) {
        reject(closed);
        return;
      }
      pending.set(id, { resolve, reject, progress: (progress) => onProgress?.(progress as never) });
      post({ type: "request", id, method, params });
    });
    return {
      // The session answers with the method's own result.
      result: result as Promise<ResultOf<typeof method>>,
      cancel: () => {
        if (pending.has(id)) post({ type: "cancel", id });
      },
    };
  };
  return { call, ask: (method, params) => call(method, params).result };
}
