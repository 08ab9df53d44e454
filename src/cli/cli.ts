#!/usr/bin/env node
/**
 * Entry of the command line. Commands that run guests do so in a child of this process: V8's flags for WebAssembly must be
 * there from the start, and an interrupt must end even a program that never returns.
 */
import { spawn } from "node:child_process";

/** Optimise at once (a long call would stay in baseline code) and believe hints that a branch is unlikely. */
const GUEST_FLAGS = ["--no-liftoff"];
/** Node 26 has branch hints on by default, and may drop the flag. */
const HINT_FLAG = "--experimental-wasm-branch-hinting";
const RUNS_GUESTS = new Set(["run", "compare", "audit", "crash", "advise"]);

function needsGuestProcess(): boolean {
  return process.argv.some((word) => RUNS_GUESTS.has(word)) && !process.execArgv.includes(GUEST_FLAGS[0]);
}

if (needsGuestProcess()) {
  const flags = Number.parseInt(process.versions.node, 10) < 26 ? [...GUEST_FLAGS, HINT_FLAG] : GUEST_FLAGS;
  const child = spawn(process.execPath, [...process.execArgv, ...flags, ...process.argv.slice(1)], {
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
