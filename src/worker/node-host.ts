import type { SessionHost } from "../session/host.ts";
import type { Compiler } from "./compiler.ts";
import type { GuestProcess } from "./guest-process.ts";
import { loadProfile, writeProfile } from "./profiles.ts";
import { replayAll } from "./replay-all.ts";
import { readRunFile, writeRunFile } from "./run-files.ts";
import { locateSources } from "./source-hashes.ts";

/** A session's world on Node: files of this machine, guests in a process of their own, replays in threads. */
export function nodeHost(guest: GuestProcess, compiler: Compiler): SessionHost {
  return {
    now: () => Date.now(),
    after(milliseconds, action) {
      const timer = setTimeout(action, milliseconds);
      return () => clearTimeout(timer);
    },
    async runProgram(params, images, request, before) {
      request.progress({ stage: "compiling" });
      guest.start();
      await compiler.compile(params, request);
      const job = { kind: "run", params, images, unlessProgram: before?.programKey } as const;
      const finished = (await guest.run(job, request)) ?? before;
      if (finished === undefined) throw new Error("a program that had not run did not run");
      return finished;
    },
    async restartProgram(params, profile, request) {
      request.progress({ stage: "compiling" });
      guest.start();
      await compiler.compile(params, request);
      if (params.audited) await compiler.compile({ ...params, audited: true }, request);
      return guest.restart({ kind: "restarts", params, profile }, request);
    },
    async compileProgram(params, request) {
      await compiler.compile(params, request);
      // Nobody waits for it: a run that comes earlier does it itself.
      guest.ahead({ kind: "ready", params }, request).catch(() => {});
    },
    loadCompiler: (params, request) => compiler.load(params, request),
    readRunFile,
    writeRunFile,
    sourceFiles: ({ sources }, workingDirectory) => locateSources(sources ?? [], workingDirectory),
    loadProfile: (nameOrFile) => loadProfile(nameOrFile),
    writeProfile,
    async replayAll(recording, machines, request, onDone) {
      const stop = new AbortController();
      request.onCancel(() => stop.abort());
      try {
        await replayAll(recording, machines, { onDone, signal: stop.signal });
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      }
    },
  };
}
