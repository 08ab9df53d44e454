import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { DEFAULT_MACHINE } from "../../src/run/machine.ts";
import { crashProgram } from "../../src/worker/crash.ts";
import { loadProfile } from "../../src/worker/profiles.ts";
import { type CliResult, cli, ROOT, scratch } from "./cli.ts";

const programs = "test/fixtures/restarts/programs.c";

interface Document {
  readonly restarts: number;
  readonly survived: number;
  readonly mismatches: readonly {
    readonly version: number;
    readonly tornAt?: string;
    readonly difference: string;
  }[];
  readonly versions: readonly {
    readonly version: number;
    readonly at?: string;
    readonly survived: boolean;
    readonly restoredVersion: number | null;
    readonly lostCycles: number;
    readonly recovery: Readonly<Record<"detect" | "reload" | "restore" | "reentry", number>>;
  }[];
  readonly torn?: readonly {
    readonly version: number;
    readonly tried: number;
    readonly survived: number;
    readonly found: readonly { readonly version: number | null; readonly commits: number }[];
  }[];
  readonly dependsOn: Readonly<Record<"time" | "randomness", boolean>>;
  readonly failures: readonly { readonly version: number | null; readonly lostCycles: number }[];
}

/** `crash` of one of the programs in C. */
function crash(name: string, ...options: readonly string[]): CliResult {
  return cli(["crash", programs, ...options, "--", name]);
}

function crashJson(name: string, code: number, ...options: readonly string[]): Document {
  const { code: exit, stdout, stderr } = crash(name, "--json", ...options);
  assert.equal(exit, code, stderr);
  return JSON.parse(stdout) as Document;
}

test("a program survives a crash after each checkpoint and torn commits, and its recovery is priced", () => {
  const {
    restarts,
    survived,
    mismatches,
    versions,
    torn = [],
  } = crashJson(...(["keeps-a-table", 0, "--torn", "--target", "replica", "--detect", "1ms"] as const));
  assert.deepEqual([versions.length, torn.length, mismatches], [10, 10, []]);
  assert.equal(survived, restarts);
  for (const { restoredVersion, version, lostCycles, recovery } of versions) {
    assert.equal(restoredVersion, version);
    assert.equal(lostCycles, 0);
    for (const [part, cycles] of Object.entries(recovery)) assert.ok(cycles > 0, `${part} of version ${version}`);
  }
  for (const { version, tried, found } of torn) {
    assert.deepEqual(
      found.map((one) => one.version),
      [version === 1 ? null : version - 1, version],
    );
    assert.equal(
      found.reduce((sum, { commits }) => sum + commits, 0),
      tried,
    );
  }
});

test("a forgotten counter shows as a mismatch after each restart, and the command exits with 1", () => {
  const { versions, survived, mismatches } = crashJson("forgets-its-counter", 1);
  assert.deepEqual([versions.length, survived], [4, 0]);
  assert.deepEqual(
    mismatches.map(({ version }) => version),
    [1, 2, 3, 4],
  );
  const stopped = crash("forgets-its-counter", "--stop-at-first").stdout;
  assert.match(stopped, /does not survive: 1 of 1 restarts[\s\S]*\nsum 1 +differs /);
});

test("a lost position in the standard input, and a file begun anew, are told", () => {
  const folder = scratch();
  const numbers = join(folder, "numbers");
  writeFileSync(numbers, Array.from({ length: 20 }, (_, i) => `${i}\n`).join(""));
  const input = crash("reads-its-input", "--stdin", numbers);
  assert.equal(input.code, 1, input.stderr);
  assert.match(input.stdout, /it took 4 checkpoints after that|where the reference has/);
  const data = join(folder, "data");
  mkdirSync(data);
  writeFileSync(join(data, "log.txt"), "as it was\n");
  const log = crash("begins-a-log", "--dir", `${data}::/data`);
  assert.equal(log.code, 1, log.stderr);
  assert.match(log.stdout, /the file \/data\/log\.txt holds something else than the reference's/);
  assert.equal(readFileSync(join(data, "log.txt"), "utf8"), "as it was\n", "folders of the host are left alone");
});

test("a torn commit finds files that are ahead of the image: what was appended since is appended again", () => {
  const data = scratch();
  const {
    versions,
    mismatches,
    torn = [],
  } = crashJson(...(["appends-to-a-log", 1, "--torn", "--target", "disk", "--dir", `${data}::/data`] as const));
  assert.ok(versions.every(({ survived }) => survived));
  assert.ok(mismatches.length > 40, `${mismatches.length} mismatches`);
  for (const { tornAt, difference } of mismatches) {
    assert.match(tornAt ?? "", /^(temporary file|write \d of 2|flush|rename|flush of the directory), |^a flipped bit/);
    assert.match(difference, /log\.txt holds something else/);
  }
  for (const { tried, survived, version, found } of torn) {
    assert.equal(found.find((one) => one.version === version)?.commits, survived, "those that got there in time");
    assert.ok(survived > 0 && survived < tried);
  }
  // An asynchronous commit is not safe yet when the call has returned, and the log goes on meanwhile.
  const async = crashJson("appends-to-a-log", 1, "--commit", "async", "--dir", `${data}::/data`);
  assert.deepEqual(
    async.versions.map(({ version, at, restoredVersion }) => [version, at, restoredVersion]),
    [1, 2, 3, 4].flatMap((version) => [
      [version, "call", version === 1 ? null : version - 1],
      [version, "commit", version],
    ]),
  );
  assert.ok(async.versions.every(({ at, survived }) => at === "commit" || !survived));
});

test("a program that begins from the start has survived, and lost all its work", () => {
  const { survived, versions, failures } = crashJson("never-restarts", 0, "--fail-at", "1");
  assert.equal(survived, 4);
  for (const { restoredVersion, lostCycles } of versions) {
    assert.equal(restoredVersion, null);
    assert.ok(lostCycles > 0);
  }
  assert.deepEqual(
    failures.map(({ version, lostCycles }) => [version, lostCycles]),
    [[null, 1]],
  );
});

test("time and random numbers are pinned, and said to matter", () => {
  const { survived, dependsOn } = crashJson("tells-the-time", 0);
  assert.equal(survived, 4);
  assert.deepEqual(dependsOn, { time: true, randomness: true });
});

test("threads give what one thread gives, also where it stops at the first mismatch", async () => {
  const request = {
    ...{ paths: [join(ROOT, programs)], env: new Map(), stdin: new Uint8Array(), dirs: [] },
    ...{ maxMemoryMiB: 64, maxCycles: Number.POSITIVE_INFINITY, seed: 1, machine: DEFAULT_MACHINE },
    workerFile: join(ROOT, "dist", "campaign-worker.js"),
  };
  for (const [name, torn, stopAtFirst] of [
    ["tells-the-time", true, false],
    ["forgets-its-counter", true, true],
  ] as const) {
    const campaign = { profile: loadProfile("era"), detectSeconds: 0.1, failAt: [1000], torn, stopAtFirst };
    const counted: number[] = [];
    const onJob = (done: number) => void counted.push(done);
    const alone = await crashProgram({ ...request, args: [name], campaign, threads: 0 });
    const together = await crashProgram({ ...request, args: [name], campaign, threads: 2, onJob });
    assert.equal(JSON.stringify(together), JSON.stringify(alone));
    assert.deepEqual(counted, [...counted.keys()], "each piece of work is told once");
    assert.equal(alone.campaign.mismatches.length === 0, !stopAtFirst);
    if (stopAtFirst) assert.deepEqual(new Set(alone.campaign.mismatches.map(({ version }) => version)), new Set([1]));
  }
});

test("Ctrl-C ends a campaign within a second, with code 130", async () => {
  const child = spawn(process.execPath, [join(ROOT, "dist", "cli.js"), "crash", programs, "--", "takes-its-time"], {
    ...{ cwd: ROOT, stdio: "ignore" },
  });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  await wait(4000);
  assert.equal(child.exitCode, null, "it is still running");
  const before = Date.now();
  child.kill("SIGINT");
  assert.equal(await ended, 130);
  assert.ok(Date.now() - before < 1000, `it took ${Date.now() - before} ms`);
});
