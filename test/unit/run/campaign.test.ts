// Crash campaigns of small programs, in this process: what each crash leaves, and what a program's results depend on.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { commitSteps } from "../../../src/checkpoint/store/commit-steps.ts";
import { TARGETS } from "../../../src/checkpoint/technique.ts";
import { FileTree } from "../../../src/guest/wasi/file-tree.ts";
import { instrument } from "../../../src/program/instrument/instrument.ts";
import { loadProgram } from "../../../src/program/toolchains/load-program.ts";
import { DEFAULT_MACHINE, type MachineOptions } from "../../../src/run/machine.ts";
import { type CampaignOptions, CampaignRun } from "../../../src/run/restart/campaign.ts";
import { type Campaign, campaignOf } from "../../../src/run/restart/campaign-report.ts";
import { type CampaignInput, referenceRun } from "../../../src/run/restart/reference.ts";
import { restartFrom } from "../../../src/run/restart/restart.ts";
import { TornCommits } from "../../../src/run/restart/torn-commits.ts";
import { SharedJobs } from "../../../src/worker/campaign-job.ts";
import { doJobs } from "../../../src/worker/campaign-thread.ts";
import { loadProfile } from "../../../src/worker/profiles.ts";
import { randomRestartProgram } from "../audit/random-restart-program.ts";
import { textOf } from "../audit/restart-program-text.ts";

const RUNS = Number(process.env.CAMPAIGN_RUNS ?? 24);
const FIRST = Number(process.env.CAMPAIGN_SEED ?? 1);
const scratch = mkdtemp(join(tmpdir(), "checkpoint-lens-"));
after(async () => rm(await scratch, { recursive: true }));

const OPTIONS: CampaignOptions = { profile: loadProfile("era"), detectSeconds: 0.1, torn: false };

async function inputOf(name: string, text: string, options: Partial<MachineOptions> = {}): Promise<CampaignInput> {
  const path = join(await scratch, `${name}.wat`);
  await writeFile(path, text);
  const program = await loadProgram([path], { cacheDirectory: null });
  return {
    program,
    instrumented: instrument(program.wasm, { mode: "record", maxMemoryPages: 16 }),
    options: { ...DEFAULT_MACHINE, ...options },
    ...{ args: [], env: new Map(), stdin: new Uint8Array(), files: new FileTree(), seed: 1 },
    maxCycles: Number.POSITIVE_INFINITY,
  };
}

function campaign(input: CampaignInput, torn = false, stopAtFirst = false): Campaign {
  const options = { ...OPTIONS, torn, failAt: [], stopAtFirst };
  const run = new CampaignRun(input, options);
  const results = [...doJobs(run, new SharedJobs(), stopAtFirst)];
  assert.deepEqual(
    results.map(({ number }) => number),
    [...run.jobs.keys()],
  );
  return campaignOf(
    run,
    results.map(({ result }) => result),
    options,
  );
}

test("random programs: a crash in a commit ends like one right after it, or right after the commit before", async () => {
  let cuts = 0;
  let mismatches = 0;
  for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
    const options = { target: TARGETS[seed % 3], commit: seed % 2 === 0 ? "sync" : "async" } as const;
    const input = await inputOf(`random-${seed}`, textOf(randomRestartProgram(seed)), options);
    const what = `seed ${seed}, ${options.target}, ${options.commit}`;
    const found = campaign(input, true);
    const reference = referenceRun(input);
    const { commits } = reference;
    const { files } = input;
    /** By how many images are found. */
    const differences = [...commits, undefined].map(
      (_, images) => restartFrom(input, reference, { images, files, removed: [] }).difference,
    );
    const { versions, torn = [] } = found;
    const expected = commits.flatMap((_, i) =>
      options.commit === "async" ? [differences[i], differences[i + 1]] : [differences[i + 1]],
    );
    assert.deepEqual(
      versions.map(({ difference }) => difference),
      expected,
      what,
    );
    assert.equal(torn.length, commits.length);
    torn.forEach(({ tried, survived, found }, i) => {
      const versionsOf = [i === 0 ? null : commits[i - 1].version, commits[i].version];
      assert.deepEqual(
        found.map(({ version }) => version),
        versionsOf,
        what,
      );
      const surviving = found.reduce((sum, { commits: n }, k) => sum + (differences[i + k] === undefined ? n : 0), 0);
      assert.equal(survived, surviving, what);
      cuts += tried;
    });
    assert.equal(found.restarts - found.survived, found.mismatches.length, what);
    mismatches += found.mismatches.filter(({ tornAt }) => tornAt !== undefined).length;
    const first = campaign(input, true, true);
    const failed = new Set(found.mismatches.map(({ version }) => version));
    assert.deepEqual(new Set(first.mismatches.map(({ version }) => version)), new Set([...failed].slice(0, 1)), what);
  }
  assert.ok(cuts > 30 * RUNS && mismatches > 10 * RUNS, `${cuts} cuts with ${mismatches} mismatches tell little`);
});

test("a way to commit that loses what it had promised, or shows it too early, is found out", async () => {
  const input = await inputOf("random-steps", textOf(randomRestartProgram(FIRST)));
  const images = referenceRun(input).run.images.all;
  assert.ok(images.length > 1);
  const faultsOf = (target: (typeof TARGETS)[number], leftOut: string) => {
    const commits = new TornCommits(images, target, (...args) =>
      commitSteps(...args).filter(({ label }) => label !== leftOut),
    );
    const faults = images.flatMap((_, i) => commits.of(i).flatMap(({ fault }) => fault ?? []));
    return faults.length === 0 ? "" : faults[0];
  };
  for (const target of TARGETS) assert.equal(faultsOf(target, ""), "");
  const { name, version } = images[0];
  for (const [target, step] of [
    ["disk", "flush"],
    ["disk", "flush of the directory"],
    ["memory", "fence after the header"],
    ["replica", "acknowledgement"],
  ] as const)
    assert.equal(
      faultsOf(target, step),
      `the next start does not find version ${version} of ${name}, whose commit had ended`,
    );
});

/** A program that takes two checkpoints of what it makes of `body`, and writes it out. */
const program = (body: string) => `(module
  (import "veloc" "init_single" (func $init (param i32 i32) (result i32)))
  (import "veloc" "mem_protect" (func $protect (param i32 i32 i32 i32) (result i32)))
  (import "veloc" "checkpoint" (func $checkpoint (param i32 i32) (result i32)))
  (import "veloc" "cleanup" (func $cleanup (param i32) (result i32)))
  (import "veloc" "restart_test" (func $restart_test (param i32 i32) (result i32)))
  (import "veloc" "restart" (func $restart (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "cp\\00")
  (data (i32.const 16) "early\\n")
  (data (i32.const 32) "\\40\\00\\00\\00\\02\\00\\00\\00\\10\\00\\00\\00\\06\\00\\00\\00")
  (data (i32.const 64) "0\\n")
  ;; a line of one digit
  (func $say (param $digit i32)
    (i32.store8 (i32.const 64) (i32.add (i32.const 48) (local.get $digit)))
    (drop (call $write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 128))))
  (func $sayEarly (drop (call $write (i32.const 1) (i32.const 40) (i32.const 1) (i32.const 128))))
  (func $seconds (result i64)
    (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 96)))
    (i64.div_u (i64.load (i32.const 96)) (i64.const 1000000000)))
  (func $chance (result i32)
    (drop (call $random (i32.const 96) (i32.const 1)))
    (i32.load8_u (i32.const 96)))
  (func (export "_start")
    (local $version i32)
    (drop (call $init (i32.const 0) (i32.const 0)))
    (drop (call $protect (i32.const 1) (i32.const 256) (i32.const 1) (i32.const 4)))
    ${body}))`;

const dependence = async (name: string, body: string) => campaign(await inputOf(name, program(body))).dependsOn;

test("what a program's results depend on: not on what it asks for and makes nothing of", async () => {
  for (const [name, body, time, randomness] of [
    ["nothing", "(call $say (i32.const 1))", false, false],
    ["asked-in-vain", "(drop (call $seconds)) (drop (call $chance)) (call $say (i32.const 1))", false, false],
    ["says-early", "(if (i64.eqz (call $seconds)) (then (call $sayEarly))) (call $say (i32.const 1))", true, false],
    [
      "says-late",
      "(if (i32.eqz (i64.eqz (call $seconds))) (then (call $sayEarly))) (call $say (i32.const 1))",
      true,
      false,
    ],
    [
      "even-day",
      "(call $say (i32.wrap_i64 (i64.rem_u (i64.div_u (call $seconds) (i64.const 86400)) (i64.const 10))))",
      true,
      false,
    ],
    ["a-coin", "(call $say (i32.and (call $chance) (i32.const 1)))", false, true],
    [
      "protected-alone",
      "(i32.store (i32.const 256) (call $chance)) (drop (call $checkpoint (i32.const 8) (i32.const 1)))",
      false,
      true,
    ],
  ] as const)
    assert.deepEqual(await dependence(name, body), { time, randomness }, name);
});

test("checkpoints that the program had removed by the time of a crash are not found", async () => {
  const body = `
    (local.set $version (call $restart_test (i32.const 8) (i32.const 0)))
    (if (i32.gt_s (local.get $version) (i32.const 0))
      (then (drop (call $restart (i32.const 8) (local.get $version)))))
    (if (i32.lt_s (i32.load (i32.const 256)) (i32.const 1))
      (then
        (i32.store (i32.const 256) (i32.const 1))
        (drop (call $checkpoint (i32.const 8) (i32.const 5)))))
    (if (i32.lt_s (i32.load (i32.const 256)) (i32.const 2))
      (then
        (drop (call $cleanup (i32.const 8)))
        (i32.store (i32.const 256) (i32.const 2))
        (drop (call $checkpoint (i32.const 8) (i32.const 1)))))
    (call $say (i32.load (i32.const 256)))`;
  const { versions, mismatches, torn = [] } = campaign(await inputOf("removes", program(body)), true);
  assert.deepEqual(
    versions.map(({ version, restoredVersion }) => [version, restoredVersion]),
    [
      [5, 5],
      [1, 1],
    ],
  );
  assert.deepEqual(mismatches, []);
  assert.deepEqual(
    torn.map(({ found }) => found.map(({ version }) => version)),
    [
      [null, 5],
      [null, 1],
    ],
  );
});
