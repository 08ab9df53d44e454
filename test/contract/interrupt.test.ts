import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { cli, program, ROOT, scratch } from "./cli.ts";

test("Ctrl-C ends a program that never returns, within a second, with code 130 and no file", async () => {
  cli(["run", program("counter.c")]); // compiled and kept, so that what is interrupted is the run
  const folder = scratch();
  const child = spawn(
    process.execPath,
    [join(ROOT, "dist", "cli.js"), "run", program("counter.c"), "--out", join(folder, "run"), "--", "spin"],
    { cwd: ROOT, stdio: "ignore" },
  );
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  await wait(2500);
  assert.equal(child.exitCode, null, "it is still running");
  const before = Date.now();
  child.kill("SIGINT");
  assert.equal(await ended, 130);
  assert.ok(Date.now() - before < 1000, `it took ${Date.now() - before} ms`);
  assert.deepEqual(readdirSync(folder), []);
});

test("--max-memory ends a program that asks for more than its limit", () => {
  const { code, stderr } = cli(["run", program("greedy.c"), "--max-memory", "16"]);
  assert.equal(code, 1);
  assert.match(stderr, /more than the 16 MiB that --max-memory allows[\s\S]*main \(.*greedy\.c:8/);
});
