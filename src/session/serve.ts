import { PriceProfileError } from "../machine/prices.ts";
import { BadInputError, CompileError } from "../program/program.ts";
import { RefusedError } from "../run/refused-error.ts";
import { CancelledError, type FromSession, type SessionError, SessionFailure, type ToSession } from "./messages.ts";
import type { Method, ParamsOf, ProgressOf, ResultOf } from "./methods.ts";
import type { Port } from "./port.ts";
import { type MadeRequest, makeRequest, type Request } from "./request.ts";

/** Who answers each method. May throw BadInputError, CompileError, CancelledError, and SessionFailure of another session. */
export type Handlers = {
  readonly [M in Method]: (params: ParamsOf<M>, request: Request<ProgressOf<M>>) => ResultOf<M> | Promise<ResultOf<M>>;
};

/** The answering end of a port. Every request gets one answer, an error if need be; what is no request is left alone. */
export function serve(port: Port, handlers: Handlers): void {
  const running = new Map<number, MadeRequest<unknown>>();
  const post = (message: FromSession) => port.post(message);
  const answer = async (id: number, method: string, params: unknown): Promise<void> => {
    const made = makeRequest<unknown>((progress) => post({ type: "progress", id, progress }));
    running.set(id, made);
    try {
      if (!Object.hasOwn(handlers, method)) throw new BadInputError(`the session knows no method "${method}"`);
      const handler = handlers[method as Method] as (params: unknown, request: Request<unknown>) => unknown;
      post({ type: "result", id, result: await handler(params, made.request) });
    } catch (error) {
      post({ type: "error", id, error: sessionErrorOf(error) });
    } finally {
      running.delete(id);
    }
  };
  port.onMessage((data) => {
    if (!isToSession(data)) return;
    if (data.type === "request") {
      void answer(data.id, data.method, data.params);
      return;
    }
    running.get(data.id)?.cancel();
  });
}

/** An error as it travels. */
export function sessionErrorOf(error: unknown): SessionError {
  if (error instanceof SessionFailure) return error.error;
  if (error instanceof CancelledError) return { kind: "cancelled", message: "the request was cancelled" };
  if (error instanceof CompileError) {
    return { kind: "compileError", message: error.message, diagnostics: error.diagnostics };
  }
  if (error instanceof RefusedError) return { kind: "badInput", message: error.message, refused: error.refused };
  if (error instanceof BadInputError || error instanceof PriceProfileError)
    return { kind: "badInput", message: error.message };
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { kind: "internal", message, stack: stack ?? "" };
}

function isToSession(data: unknown): data is ToSession {
  if (typeof data !== "object" || data === null) return false;
  const { type, id, method } = data as Readonly<Record<"type" | "id" | "method", unknown>>;
  return typeof id === "number" && (type === "request" ? typeof method === "string" : type === "cancel");
}
