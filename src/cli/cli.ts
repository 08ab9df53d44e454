#!/usr/bin/env node
/**
 * Entry of the command line. Commands that run guests do so in a child of this process: V8's flags for WebAssembly must be
 * there from the start, and an interrupt must end even a program that never returns.
 */
import { spawn } from "node:child_process";
import { guestFlags, hasGuestFlags } from "../worker/v8-flags.ts";

const RUNS_GUESTS = new Set(["run", "compare", "audit", "crash", "advise"]);

function needsGuestProcess(): boolean {
  return process.argv.some((word) => RUNS_GUESTS.has(word)) && !hasGuestFlags();
}

if (needsGuestProcess()) {
  const child = spawn(process.execPath, [...process.execArgv, ...guestFlags(), ...process.argv.slice(1)], {
    stdio: "inherit",
  });
  let interrupted = false;
  const end = () => {
    interrupted = true;
    child.kill("SIGKILL");
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  child.on("exit", (code) => {
    process.exitCode = interrupted ? 130 : (code ?? 1);
  });
} else {
  const { main } = await import("./main.ts");
  process.exitCode = await main(process.argv);
}
