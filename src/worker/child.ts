import { type ChildProcess, fork } from "node:child_process";
import type { Port } from "../session/port.ts";

/** What is kept of what a child says on its standard error, for the message when it dies. */
const KEPT_ERROR_BYTES = 4000;

/** A process with a channel to it. */
export interface Child {
  readonly port: Port;
  readonly pid: number | undefined;
  /** Ends it at once, whatever it does. */
  kill(): void;
}

/**
 * Starts a module of this product in a process of its own, with the same runtime: Node, or Electron as Node.
 * @param name what to call it when it ends unasked
 */
export function startChild(file: string, name: string, execArgv: readonly string[]): Child {
  const child = fork(file, [], {
    execArgv: [...execArgv],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
  });
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-KEPT_ERROR_BYTES);
  });
  const port = portOf(child, (listener) => {
    let told = false;
    const tell = (what: string) => {
      if (!told) listener(`${name} ${what}${errors === "" ? "" : `: ${errors.trim()}`}`);
      told = true;
    };
    child.on("error", (error) => tell(`did not start or answer (${error.message})`));
    child.on("close", (code, signal) => tell(signal === null ? `ended with code ${code}` : `was ended by ${signal}`));
  });
  return { port, pid: child.pid, kill: () => child.kill("SIGKILL") };
}

/** The channel to the process that started this one; undefined when none did. */
export function parentPort(): Port | undefined {
  if (process.send === undefined) return undefined;
  return portOf(process, (listener) => process.on("disconnect", () => listener("the parent is gone")));
}

function portOf(end: ChildProcess | NodeJS.Process, onClose: Port["onClose"]): Port {
  return {
    post(message) {
      // Who is gone gets nothing; that it is gone is told by the channel's end.
      if (end.connected) end.send?.(message as object, undefined, undefined, () => {});
    },
    onMessage: (listener) => void end.on("message", listener),
    onClose,
  };
}
