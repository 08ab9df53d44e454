import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cli, cliJson, program, sample, scratch } from "./cli.ts";

interface RunJson {
  readonly program: { readonly path: string; readonly language: string; readonly args: readonly string[] };
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly environment: string;
  readonly technique: string;
  readonly prices: { readonly name: string; readonly ghz: number };
  readonly options: Record<"copy" | "gate" | "commit" | "target", string>;
  readonly totals: Record<string, number>;
  readonly checkpoints: readonly {
    readonly version: number;
    readonly name: string;
    readonly cycle: number;
    readonly dirtyPages: number;
    readonly dirtyBytes: number;
    readonly copiedBytes: number;
    readonly costCycles: Record<"track" | "collect" | "copy" | "arm" | "commit", number>;
  }[];
  readonly costByLayer: Record<string, number>;
  readonly costByPrimitive: readonly {
    readonly primitive: string;
    readonly layer: string;
    readonly count: number;
    readonly cycles: number;
  }[];
  readonly lines: readonly {
    readonly file: string;
    readonly line: number;
    readonly function: string;
    readonly stores: number;
    readonly traps: number;
    readonly dirtyPages: number;
    readonly cycles: number;
  }[];
  readonly regions: readonly {
    readonly id: number;
    readonly name: string;
    readonly bytes: number;
    readonly dirtyPages: number;
  }[];
  readonly warnings: readonly { readonly message: string; readonly file: string; readonly line: number }[];
}

function run(args: readonly string[]): RunJson {
  return cliJson(["run", ...args]) as unknown as RunJson;
}

const near = (a: number, b: number) =>
  assert.ok(Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a)), `${a} is not ${b}`);

test("run: every field of the contract, and figures that add up", () => {
  for (const [technique, environment] of [
    ["full-copy", "native"],
    ["mprotect", "native"],
    ["mprotect", "xen-pv"],
    ["hv-protect", "xen-pv"],
  ]) {
    const json = run([program("counter.c"), "--technique", technique, "--environment", environment]);
    assert.deepEqual(json.program, { path: program("counter.c"), language: "c", args: [] });
    assert.equal(json.exitCode, 0);
    assert.match(json.stdout, /^step 6, sum \d+\n$/);
    assert.deepEqual([json.technique, json.environment], [technique, environment]);
    assert.deepEqual(Object.keys(json.options).slice(0, 4), ["copy", "gate", "commit", "target"]);
    assert.deepEqual(
      json.checkpoints.map(({ version }) => version),
      [1, 2, 3, 4, 5, 6],
    );
    assert.equal(json.totals.checkpoints, 6);
    assert.equal(json.totals.registeredBytes, 160004);
    near(
      json.totals.overheadCycles,
      json.costByPrimitive.reduce((sum, { cycles }) => sum + cycles, 0),
    );
    near(
      Object.values(json.costByLayer).reduce((sum, cycles) => sum + cycles, 0),
      json.totals.programCycles + json.totals.overheadCycles,
    );
    near(
      json.totals.overheadCycles,
      json.lines.reduce((sum, { cycles }) => sum + cycles, 0),
    );
    for (const key of ["dirtyPages", "dirtyBytes", "copiedBytes"] as const) {
      assert.equal(
        json.totals[key],
        json.checkpoints.reduce((sum, checkpoint) => sum + checkpoint[key], 0),
      );
    }
    assert.ok(json.checkpoints.every(({ cycle }, i) => i === 0 || cycle > json.checkpoints[i - 1].cycle));
    assert.deepEqual(
      json.regions.map(({ id, bytes }) => [id, bytes]),
      [
        [1, 4],
        [2, 160000],
      ],
    );
    const loop = json.lines.find(({ line }) => line === 24);
    assert.ok(loop !== undefined && loop.stores === 6 * 625, JSON.stringify(json.lines.slice(0, 3)));
    if (technique === "full-copy") assert.equal(json.totals.traps, 0);
    else assert.ok(json.totals.traps > 0 && loop.traps > 0);
    if (technique === "mprotect") assert.ok(json.totals.signals > 0);
    if (technique === "hv-protect") assert.equal(json.totals.signals, 0);
  }
});

test("run: pages, bytes and traps of a program whose writes are known", () => {
  const json = run([program("pages.wat"), "--technique", "mprotect", "--environment", "native", "--kernel", "6.1"]);
  assert.deepEqual(
    json.checkpoints.map(({ dirtyPages, dirtyBytes, copiedBytes }) => [dirtyPages, dirtyBytes, copiedBytes]),
    [
      [16, 65536, 65536],
      [8, 8 * 64, 32768],
    ],
  );
  assert.equal(json.totals.traps, 8);
  assert.equal(json.totals.signals, 8);
  const older = run([program("pages.wat"), "--technique", "mprotect", "--environment", "native", "--kernel", "5.10"]);
  assert.equal(older.totals.traps, 16, "5.10 faults twice: mprotect leaves the entry read-only");
});

test("run: remus copies pages of the whole guest, and says how many; regions keep what is theirs", () => {
  for (const commit of ["sync", "async"]) {
    // To a replica, so that nothing but pages is copied by the tool.
    const machine = ["--environment", "xen-hap", "--target", "replica", "--commit", commit];
    const [remus, regionsOnly] = ["remus", "hv-protect"].map((technique) =>
      run([sample("heat.c"), "--technique", technique, ...machine, "--", "64"]),
    );
    const copied = remus.costByPrimitive.find(({ primitive }) => primitive === "user.memcpy.byte");
    assert.equal(remus.totals.copiedBytes, copied?.count);
    assert.equal(remus.totals.copiedBytes, 4096 * remus.totals.dirtyPages);
    for (const key of ["dirtyPages", "copiedBytes"] as const) {
      assert.equal(
        remus.totals[key],
        remus.checkpoints.reduce((sum, checkpoint) => sum + checkpoint[key], 0),
      );
      assert.ok(remus.checkpoints.every((checkpoint, i) => checkpoint[key] > regionsOnly.checkpoints[i][key]));
    }
    assert.equal(remus.totals.dirtyBytes, regionsOnly.totals.dirtyBytes);
    assert.deepEqual(remus.regions, regionsOnly.regions);
  }
});

test("run --commit async: fewer cycles to wait for, the same images, and only where writes are noticed", () => {
  const folder = scratch();
  const [sync, async] = ["sync", "async"].map((commit) =>
    run([
      sample("heat.c"),
      "--technique",
      "hv-protect",
      "--commit",
      commit,
      "--out",
      join(folder, commit),
      "--",
      "128",
    ]),
  );
  assert.equal(async.stdout, sync.stdout);
  assert.ok(async.totals.overheadCycles < sync.totals.overheadCycles);
  assert.ok(async.totals.backgroundCycles > 0 && sync.totals.backgroundCycles === 0);
  assert.equal(async.totals.copiedBytes, sync.totals.copiedBytes);
  const ends = ["sync", "async"].map(
    (commit) => run([sample("heat.c"), "--restart-from", join(folder, commit), "--", "128"]).stdout,
  );
  assert.deepEqual(ends, [sync.stdout, sync.stdout]);
});

test("a sample survives crashes around its checkpoints and in the midst of commits", () => {
  const args = ["crash", sample("heat.c"), "--torn", "--commit", "async", "--target", "disk", "--json", "--", "128"];
  const { code, stdout, stderr } = cli(args);
  assert.equal(code, 0, stderr);
  const { restarts, survived, versions } = JSON.parse(stdout) as Record<string, unknown>;
  assert.equal(survived, restarts);
  assert.ok((restarts as number) > 10 * (versions as unknown[]).length);
});

test("run: what cannot be combined is refused in one sentence that says what can", () => {
  for (const [options, sentence] of [
    [
      "--technique full-copy --commit async",
      /^--commit async needs .* notices a write before it is done.*; choose --commit sync/,
    ],
    [
      "--environment native --technique mprotect --copy hypervisor",
      /^--copy hypervisor needs .*; choose --copy guest$/,
    ],
    ["--environment native --technique mprotect --gate privcmd", /^--gate privcmd .*; leave it out/],
    ["--environment native", /^hv-protect needs .*; choose /],
    [
      "--target replica --round-trip soon",
      /^option '--round-trip <time>' argument 'soon' is invalid\. a time such as /,
    ],
    ["--hybrid-writes 3", /^--hybrid-writes .* it is hv-protect; leave it out, or choose --technique hv-hybrid$/],
    ["--background-rate 2", /^--background-rate .* it is sync; leave it out, or choose --commit async$/],
    ["--bandwidth 1Gbit", /^--bandwidth .* it is memory; leave it out, or choose --target replica$/],
    ["--target disk --round-trip 1ms", /^--round-trip .* it is disk; leave it out, or choose --target replica$/],
    ["--target replica --disk-flush 1ms", /^--disk-flush .* it is replica; leave it out, or choose --target disk$/],
    ["--disk-bandwidth 1MB", /^--disk-bandwidth .* it is memory; leave it out, or choose --target disk$/],
    ["--background-rate -1", /^option '--background-rate <bytes>' .*a number above 0/],
  ] as const) {
    const { code, stdout, stderr } = cli(["run", program("counter.c"), ...options.split(" ")]);
    assert.deepEqual([code, stdout], [2, ""], options);
    assert.match(stderr.trim(), sentence);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  }
});

test("run --commit async --target replica: a slow network is waited for", () => {
  const waited = ["10Mbit", "100Gbit"].map((rate) => {
    const args = ["--commit", "async", "--target", "replica", "--bandwidth", rate, "--", "128"];
    const json = run([sample("heat.c"), ...args]);
    assert.equal(json.checkpoints.length, 10);
    return json.costByPrimitive.find(({ primitive }) => primitive === "wire.byte")?.count ?? 0;
  });
  // The last checkpoint is the last thing that the program does: none of it crosses beside it.
  assert.ok(waited[0] > 9 * waited[1] && waited[1] > 0, `${waited}`);
});

test("run: the same bytes each time", () => {
  const once = cli(["run", sample("lru.c"), "--json"]);
  const again = cli(["run", sample("lru.c"), "--json"]);
  assert.equal(once.stdout, again.stdout);
  assert.equal(once.code, 0, once.stderr);
});

test("run: a readable report", () => {
  const { code, stdout } = cli(["run", program("counter.c")]);
  assert.equal(code, 0);
  assert.match(stdout, /hv-protect in xen-pv/);
  assert.match(stdout, /counter\.c:24/);
});

test("run --out, then --restart-from: the program goes on from what was committed", () => {
  const folder = scratch();
  const file = join(folder, "run.cklens");
  const whole = run([program("counter.c"), "--out", file]);
  const end = whole.stdout;
  for (const version of [1, 3, 5]) {
    const restarted = run([program("counter.c"), "--restart-from", `${file}@${version}`]);
    assert.equal(restarted.stdout, `restarted from ${version}\n${end}`);
    assert.equal(restarted.checkpoints[0].version, version + 1);
  }
  assert.match(run([program("counter.c"), "--restart-from", file]).stdout, /^restarted from 6\n/);
  const missing = cli(["run", program("counter.c"), "--restart-from", `${file}@9`]);
  assert.deepEqual([missing.code, /holds no version 9/.test(missing.stderr)], [2, true], missing.stderr);
  assert.deepEqual(readdirSync(folder), ["run.cklens"]);
});

test("run: a corrupt run file is refused in one sentence", () => {
  const folder = scratch();
  const file = join(folder, "run.cklens");
  run([program("counter.c"), "--out", file]);
  const whole = readFileSync(file);
  const damaged = join(folder, "damaged");
  for (const make of [
    () => whole.subarray(0, whole.length >> 1),
    () => Buffer.concat([whole.subarray(0, 5000), Buffer.from([whole[5000] ^ 0x10]), whole.subarray(5001)]),
    () => Buffer.from("no run file"),
    () => Buffer.alloc(0),
  ]) {
    writeFileSync(damaged, make());
    const { code, stderr, stdout } = cli(["run", program("counter.c"), "--restart-from", damaged]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /damaged/);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  }
});

test("run: what the program did wrong, with its place", () => {
  const trap = cli(["run", program("counter.c"), "--", "trap"]);
  assert.equal(trap.code, 1);
  assert.match(trap.stderr, /trapped: memory access out of bounds[\s\S]*main \(.*counter\.c:26/);
  const fail = cli(["run", program("counter.c"), "--json", "--", "fail"]);
  assert.equal(fail.code, 1);
  assert.equal((JSON.parse(fail.stdout) as RunJson).exitCode, 7);
  const spin = cli(["run", program("counter.c"), "--max-cycles", "50000000", "--", "spin"]);
  assert.equal(spin.code, 1);
  assert.match(spin.stderr, /50000000 virtual cycles[\s\S]*counter\.c:29/);
  const careless = run([program("careless.c")]);
  assert.equal(careless.stdout, "-1 -1 -1 -1 -1 ");
  const said = careless.warnings.map(({ message, line }) => `${line}: ${message}`).join("\n");
  assert.match(said, /9: .*VELOC_Init was not called/);
  assert.match(said, /11: .*nothing is protected/);
  assert.match(said, /12: .*no region with the id 42/);
  assert.match(said, /16: .*no region with the id 9/);
  assert.match(said, /18: .*no version 5 of never/);
});

test("bad input: exit code 2 and one sentence that names the place", () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["run", "nowhere.c"], /nowhere\.c/],
    [["run", program("broken.c")], /broken\.c:3:12: error: use of undeclared identifier 'valeu'/],
    [["run", "README.md"], /README\.md/],
    [["run", program("counter.c"), "--technique", "magic"], /magic/],
    [["run", program("counter.c"), "--bogus"], /bogus/],
    [["run", program("counter.c"), "--environment", "native"], /needs a hypervisor's checkpoint service/],
    [["run", program("counter.c"), "--prices", "free"], /free/],
    [["run", program("counter.c"), "--dir", "/nowhere::/data"], /nowhere/],
    [["run", program("counter.c"), "--env-var", "NOVALUE"], /NOVALUE/],
    [["run", program("counter.c"), "--max-memory", "-3"], /max-memory/],
    [["run"], /program/],
    [["frobnicate"], /frobnicate/],
    [["compare", program("counter.c"), "--techniques", "mprotect,magic"], /magic/],
    [["validate", "--cases", "nowhere.json"], /nowhere\.json/],
    [
      ["run", program("counter.c"), "--out", "nowhere/x.cklens"],
      /^--out nowhere\/x\.cklens: the folder nowhere is not/,
    ],
    [["run", program("counter.c"), "--out", "test"], /^cannot write the run file test: it is a folder$/m],
    [["prices", "free"], /^free: no price profile has this name/],
    [["compare", "nowhere.cklens"], /^nowhere\.cklens: there is no such file; .*run file/],
    [["compare", "README.md"], /^README\.md is no run file.* no program/],
    [
      ["compare", program("counter.c"), "--techniques", "mprotect", "--hybrid-writes", "3"],
      /^--hybrid-writes .*hv-hybrid/,
    ],
    [["crash", program("counter.c"), "--background-rate", "2"], /^--background-rate .*--commit async/],
    [["audit", program("counter.c"), "--bandwidth", "1Gbit"], /^--bandwidth .*--target replica/],
    [["primitives", "--disk-flush", "1ms"], /^--disk-flush .*--target disk/],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = cli(args);
    assert.equal(code, 2, `${args.join(" ")}: ${stderr}`);
    assert.equal(stdout, "", args.join(" "));
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /\n\s+at .*\.(js|ts):/, "no stack trace");
  }
});
