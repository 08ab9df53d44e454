import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { arch, platform } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { cli, cliJson, ROOT, scratch } from "./cli.ts";

const CLI = join(ROOT, "dist", "cli.js");
const isMeasurable = platform() === "linux" && arch() === "x64";
const skip = !isMeasurable || spawnSync("cc", ["--version"]).status !== 0 ? "needs cc, on Linux on x86-64" : false;

test("calibrate measures this machine and writes a profile that loads", { skip }, () => {
  const folder = scratch();
  const out = join(folder, "here.json");
  const result = cliJson(["calibrate", "--out", out, "--rounds", "7"]);
  assert.deepEqual(readdirSync(folder), ["here.json"]);
  const measurements = result.measurements as { name: string; nanoseconds: number; low: number; high: number }[];
  const names = measurements.map(({ name }) => name);
  for (const name of [
    "null_call",
    "mprotect_close_4096",
    "fault_alternate",
    "first_touch",
    "memcpy_cold",
    "hash_hot",
  ]) {
    assert.ok(names.includes(name), name);
  }
  for (const { name, nanoseconds, low, high } of measurements) {
    assert.ok(low > 0 && low <= nanoseconds && nanoseconds <= high, `${name}: ${low} ${nanoseconds} ${high}`);
  }
  for (const { name, reason } of result.skipped as { name: string; reason: string }[])
    assert.notEqual(reason, "", name);
  const profile = cliJson(["prices", out]) as {
    ghz: number;
    cyclesPerInstruction: { guestKernel: { confidence: string; source: string } };
    primitives: Record<string, { confidence: string; source: string }>;
  };
  assert.ok(profile.ghz > 0.5 && profile.ghz < 10);
  assert.equal(profile.cyclesPerInstruction.guestKernel.confidence, "M");
  assert.match(profile.primitives["user.memcpy.byte"].source, /^measured on /);
  const disk = profile.primitives["disk.flush"];
  if (names.includes("disk_flush")) assert.deepEqual([disk.confidence, /^measured on /.test(disk.source)], ["M", true]);
  else assert.match(disk.source, /^profile modern/);
  assert.match(profile.primitives["xen.cpu.exception"].source, /^profile modern .* not measured itself/);
  for (const family of [
    "null_call",
    "mprotect_",
    "fault_",
    "uffd_",
    "clear_refs",
    "memcpy_",
    "hash_",
    "wire",
    "disk_",
  ]) {
    const skipped = result.skipped as readonly { readonly name: string }[];
    assert.ok(
      [...names, ...skipped.map(({ name }) => name)].some((name) => name.startsWith(family)),
      `${family} is not told of`,
    );
  }
  assert.equal(cli(["primitives", "--prices", out]).code, 0);
});

test("calibrate refuses in one sentence what it cannot do", { skip: !isMeasurable && "needs Linux on x86-64" }, () => {
  const refused = (args: readonly string[], env: NodeJS.ProcessEnv, sentence: RegExp) => {
    const { status, stderr } = spawnSync(process.execPath, [CLI, "calibrate", ...args], { encoding: "utf8", env });
    assert.equal(status, 2, stderr);
    assert.match(stderr, sentence);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  };
  const folder = scratch();
  refused(["--out", join(folder, "x.json")], { PATH: folder }, /PATH has no compiler \(cc, gcc, clang\)/);
  refused(["--out", join(folder, "x")], process.env, /ends in \.json/);
  refused(["--out", join(folder, "no", "x.json")], process.env, /no is not there/);
  refused(["--out", join(folder, "x.json"), "--base", "mine"], process.env, /choose era, modern, whiskey-lake/);
  refused([], process.env, /--out/);
  assert.deepEqual(readdirSync(folder), []);
});

test("Ctrl-C ends a calibration within a second, with code 130 and no file", { skip }, async () => {
  const folder = scratch();
  const child = spawn(process.execPath, [CLI, "calibrate", "--out", join(folder, "x.json"), "--rounds", "100000"], {
    stdio: "ignore",
    env: { ...process.env, TMPDIR: folder },
  });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  await wait(2500);
  assert.equal(child.exitCode, null, "it is still running");
  const before = Date.now();
  child.kill("SIGINT");
  assert.equal(await ended, 130);
  assert.ok(Date.now() - before < 1000, `it took ${Date.now() - before} ms`);
  assert.deepEqual(readdirSync(folder), []);
});
