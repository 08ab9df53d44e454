import type { FinishedRun, SessionHost } from "../../../src/session/host.ts";
import { CancelledError } from "../../../src/session/messages.ts";
import type { CompileParams, RunProgress } from "../../../src/session/methods.ts";
import { makeRequest, type Request } from "../../../src/session/request.ts";

/** A run that a host was asked for; it ends when it is told to, or is cancelled. */
interface ToldRun {
  readonly request: Request<RunProgress>;
  readonly before: FinishedRun | undefined;
  finish(run: FinishedRun): void;
}

/** A host whose runs and clock do as they are told. */
export function toldHost() {
  const runs: ToldRun[] = [];
  const timers = new Set<() => void>();
  const compiled: CompileParams[] = [];
  const host: Pick<SessionHost, "runProgram" | "compileProgram" | "after"> = {
    compileProgram: (params) => Promise.resolve(void compiled.push(params)),
    runProgram: (_params, _images, request, before) =>
      new Promise((resolve, reject) => {
        request.onCancel(() => reject(new CancelledError()));
        runs.push({ request, before, finish: resolve });
      }),
    after(_, action) {
      timers.add(action);
      return () => timers.delete(action);
    },
  };
  return { host: host as SessionHost, runs, compiled, timers };
}

/** Somebody who asks, may give up, and hears what goes on. */
export function asker() {
  const heard: RunProgress[] = [];
  const { request, cancel: giveUp } = makeRequest<RunProgress>((progress) => heard.push(progress));
  return { request, heard, giveUp };
}
