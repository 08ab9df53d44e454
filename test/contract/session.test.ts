import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { DEFAULT_MACHINE } from "../../src/run/machine.ts";
import type { Perspective } from "../../src/session/figures.ts";
import { type SessionError, SessionFailure } from "../../src/session/messages.ts";
import type { RunParams } from "../../src/session/methods.ts";
import { readRunFile } from "../../src/worker/run-files.ts";
import { startSession } from "../../src/worker/session-process.ts";
import { textHash } from "../../src/worker/source-hashes.ts";
import { cliJson, ROOT, sample, scratch } from "./cli.ts";

const session = startSession(join(ROOT, "dist", "session.js"));
after(() => session.dispose());
const { client } = session;

const KV: RunParams = { workingDirectory: ROOT, paths: [sample("kv.ts")], tellsWrites: true };
const DEFAULT: Perspective = { machine: DEFAULT_MACHINE, prices: { profile: "era" } };
const MPROTECT: Perspective = {
  machine: { ...DEFAULT_MACHINE, technique: "mprotect" },
  prices: { profile: "modern" },
};

/** A file with a program of text format in it. */
function watFile(text: string): string {
  const path = join(scratch(), "program.wat");
  writeFileSync(path, text);
  return path;
}

async function errorOf(promise: Promise<unknown>): Promise<SessionError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof SessionFailure, String(error));
    return error.error;
  }
  assert.fail("it did not fail");
}

const ENDLESS = `(module (memory (export "memory") 1)
  (func (export "_start") (loop $again (i32.store (i32.const 0) (i32.const 1)) (br $again))))`;
const storing = (value: number) => `(module (memory (export "memory") 1)
  (func (export "_start") (i32.store (i32.const 0) (i32.const ${value}))))`;

/** Runs a program. `running` resolves when it has begun. */
function started(params: RunParams) {
  let begun = () => {};
  const running = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const call = client.call("run", params, ({ stage }) => {
    if (stage === "starting") begun();
  });
  return { call, running };
}

test("a session's figures are those of the command line, live, from a run file, and under another machine", async () => {
  const stages: string[] = [];
  const summary = await client.call("run", KV, ({ stage }) => void stages.push(stage)).result;
  assert.deepEqual(stages.slice(0, 2), ["compiling", "starting"]);
  assert.equal(stages.at(-1), "keeping");
  assert.deepEqual(summary.ending, { kind: "exit", code: 0 });
  const [source] = summary.sources;
  assert.equal(source.path, join(ROOT, sample("kv.ts")));
  assert.equal(source.sha256, textHash(readFileSync(source.path, "utf8")));
  assert.deepEqual(summary.files, [sample("kv.ts")]);

  const file = join(scratch(), "kv.run");
  const expected = cliJson(["run", sample("kv.ts"), "--out", file]);
  const shape = (report: object) => {
    const { totals, checkpoints, costByLayer, costByPhase, costByPrimitive, lines, regions } =
      report as typeof expected;
    return { totals, checkpoints, costByLayer, costByPhase, costByPrimitive, lines, regions };
  };
  const asked = await client.ask("report", { run: summary.run, perspective: DEFAULT });
  assert.deepEqual(JSON.parse(JSON.stringify(shape(asked))), shape(expected));

  const opened = await client.ask("openRunFile", { path: file, workingDirectory: ROOT });
  assert.deepEqual({ ...opened, run: summary.run, origin: "live", keptSince: summary.keptSince }, summary);
  assert.deepEqual(await client.ask("report", { run: opened.run, perspective: DEFAULT }), asked);

  const other = cliJson(["run", sample("kv.ts"), "--technique", "mprotect", "--prices", "modern"]);
  const replayed = await client.ask("report", { run: opened.run, perspective: MPROTECT });
  assert.deepEqual(JSON.parse(JSON.stringify(shape(replayed))), shape(other));

  const kept = join(scratch(), "again.run");
  await client.ask("saveRunFile", { run: summary.run, path: kept });
  const { recording, images, ...rest } = readRunFile(kept);
  const { recording: sameRecording, images: sameImages, ...same } = readRunFile(file);
  assert.deepEqual(rest, same);
  assert.ok(isDeepStrictEqual(recording, sameRecording) && isDeepStrictEqual(images, sameImages));
  await client.ask("close", { run: opened.run });
  assert.equal((await errorOf(client.ask("report", { run: opened.run, perspective: DEFAULT }))).kind, "badInput");
  assert.deepEqual(
    (await client.ask("runs", null)).map(({ run }) => run),
    [summary.run],
  );
});

test("comparing gives what the command line's compare gives, as it comes", async () => {
  const { run } = await client.ask("run", KV);
  const cells: string[] = [];
  const { machine, prices } = DEFAULT;
  const all = await client.call("compare", { run, machine, prices }, ({ cell, done, total }) => {
    cells.push(`${cell.environment} ${cell.technique}`);
    assert.ok(done === cells.length && done <= total);
  }).result;
  assert.deepEqual(cells.toSorted(), all.map(({ environment, technique }) => `${environment} ${technique}`).toSorted());
  const { results } = cliJson(["compare", sample("kv.ts")]) as { results: Record<string, unknown>[] };
  const ours = all.map((cell) =>
    cell.available
      ? {
          environment: cell.environment,
          technique: cell.technique,
          overheadCycles: cell.overhead.cycles,
          overheadPercent: cell.overheadPercent,
          meanCheckpointCycles: cell.meanCheckpointCycles,
        }
      : { environment: cell.environment, technique: cell.technique, reason: cell.reason },
  );
  assert.deepEqual(
    ours,
    results.map(({ environment, technique, available, reason, overheadCycles, overheadPercent, ...rest }) =>
      available === true
        ? { environment, technique, overheadCycles, overheadPercent, meanCheckpointCycles: rest.meanCheckpointCycles }
        : { environment, technique, reason },
    ),
  );
});

test("a program that never ends is cancelled in the middle, and the session works on with its runs", async () => {
  const before = await client.ask("run", KV);
  const endless = watFile(ENDLESS);
  const { call, running } = started({ workingDirectory: ROOT, paths: [endless] });
  const queued = client.call("run", KV);
  await running;
  // While the guest runs, questions are answered.
  assert.equal(
    (await client.ask("runs", null)).some(({ run }) => run === before.run),
    true,
  );
  queued.cancel();
  assert.equal((await errorOf(queued.result)).kind, "cancelled");
  call.cancel();
  assert.equal((await errorOf(call.result)).kind, "cancelled");
  // It asks for no random numbers, so that another seed changes nothing but that it has to run.
  const again = await client.ask("run", { ...KV, seed: 2 });
  assert.equal(again.isRepeated, false);
  const [a, b] = await Promise.all(
    [before, again].map(({ run }) => client.ask("report", { run, perspective: DEFAULT })),
  );
  assert.deepEqual(a, b);
});

test("a program that has not changed does not run again with the same input", async () => {
  const path = watFile(storing(1));
  const run = async (params: Partial<RunParams> = {}) => {
    const stages: string[] = [];
    const call = client.call("run", { workingDirectory: ROOT, paths: [path], ...params }, ({ stage }) => {
      stages.push(stage);
    });
    const { run, isRepeated, programCycles, keptSince, ...summary } = await call.result;
    assert.equal(stages.includes("starting"), !isRepeated);
    return { run, isRepeated, summary };
  };
  const first = await run();
  const report = await client.ask("report", { run: first.run, perspective: DEFAULT });
  const second = await run();
  assert.deepEqual([first.isRepeated, second.isRepeated], [false, true]);
  assert.deepEqual(second.summary, first.summary);
  await client.ask("close", { run: first.run });
  assert.deepEqual(await client.ask("report", { run: second.run, perspective: DEFAULT }), report);
  assert.equal((await run()).isRepeated, true);

  // The input, the machine, the text and what a shared folder holds: each may change what comes of it.
  assert.equal((await run({ args: ["x"] })).isRepeated, false);
  assert.equal((await run({ machine: { technique: "mprotect" } })).isRepeated, false);
  for (const _ of [1, 2]) assert.equal((await run({ dirs: [`${scratch()}::shared`] })).isRepeated, false);
  for (const changed of [storing(2), `;; said\n${storing(2)}`]) {
    writeFileSync(path, changed);
    assert.deepEqual([(await run()).isRepeated, (await run()).isRepeated], [false, true]);
  }
});

test("a program that ran ahead is there when it is asked for, and runs anew where it has changed since", async () => {
  const path = watFile(storing(1));
  const params: RunParams = { workingDirectory: ROOT, paths: [path], machine: DEFAULT.machine };
  const known = (await client.ask("runs", null)).length;
  const run = async () => {
    const stages: string[] = [];
    const { isRepeated, ...summary } = await client.call("run", params, ({ stage }) => void stages.push(stage)).result;
    return { ran: stages.includes("starting"), isRepeated, summary };
  };
  await client.ask("runAhead", params);
  assert.equal((await client.ask("runs", null)).length, known);
  const first = await run();
  assert.deepEqual([first.ran, first.isRepeated], [false, false]);
  const live = await client.ask("run", { ...params, seed: 2 });
  for (const question of ["report", "lines"] as const) {
    const [ahead, asked] = await Promise.all(
      [first.summary, live].map(({ run }) => client.ask(question, { run, perspective: DEFAULT })),
    );
    assert.deepEqual(ahead, asked);
  }
  const { run: _, keptSince: __, isRepeated: ___, ...same } = live;
  const { run: ____, keptSince: _____, ...summary } = first.summary;
  assert.deepEqual(summary, same);

  await client.ask("runAhead", params);
  assert.equal((await run()).isRepeated, true);
  writeFileSync(path, storing(2));
  await client.ask("runAhead", params);
  writeFileSync(path, storing(3));
  const changed = await run();
  assert.deepEqual([changed.ran, changed.isRepeated], [true, false]);
});

test("who asks for an endless program that runs ahead waits for it, and can cancel it", async () => {
  const endless = watFile(ENDLESS);
  const params: RunParams = { workingDirectory: ROOT, paths: [endless] };
  const ahead = client.ask("runAhead", params);
  const { call, running } = started(params);
  await running;
  call.cancel();
  assert.equal((await errorOf(call.result)).kind, "cancelled");
  assert.equal(await ahead, null);
});

test("traps and limits are endings; what cannot be run is an error with its place", async () => {
  const trap = watFile(`(module (memory (export "memory") 1) (func (export "_start") unreachable))`);
  assert.equal((await client.ask("run", { workingDirectory: ROOT, paths: [trap] })).ending.kind, "trap");
  const limited = await client.ask("run", { ...KV, maxCycles: 10_000 });
  assert.equal(limited.ending.kind, "limit");
  assert.ok((await client.ask("report", { run: limited.run, perspective: DEFAULT })).totals.programCycles >= 10_000);

  const folder = scratch();
  writeFileSync(join(folder, "wrong.c"), "int main(void) {\n  return undeclared;\n}\n");
  const compile = await errorOf(client.ask("run", { workingDirectory: folder, paths: ["wrong.c"] }));
  assert.equal(compile.kind, "compileError");
  const [diagnostic] = compile.kind === "compileError" ? compile.diagnostics : [];
  assert.deepEqual(
    { file: diagnostic.file, line: diagnostic.line, column: diagnostic.column, severity: diagnostic.severity },
    { file: "wrong.c", line: 2, column: 10, severity: "error" },
  );
  const missing = await errorOf(client.ask("run", { workingDirectory: folder, paths: ["missing.c"] }));
  assert.equal(missing.kind, "badInput");
  const impossible = await errorOf(
    client.ask("run", { ...KV, machine: { environment: "native", technique: "hv-protect" } }),
  );
  assert.equal(impossible.kind, "badInput");
  const damaged = join(folder, "damaged.run");
  writeFileSync(damaged, "no run");
  assert.match((await errorOf(client.ask("openRunFile", { path: damaged }))).message, /damaged\.run is not a run file/);
});

test("a saved profile is one that can be chosen", async () => {
  const { profiles } = await client.ask("profiles", {});
  const [{ profile }] = profiles;
  const path = join(scratch(), "mine.json");
  await client.ask("saveProfile", { path, profile: { ...profile, name: "mine" } });
  const again = await client.ask("profiles", { files: [path] });
  assert.deepEqual(again.profiles.at(-1), { profile: { ...profile, name: "mine" }, builtIn: false, file: path });
});

test("a program that was compiled ahead runs as any other; one that cannot be says why", async () => {
  assert.equal(await client.ask("loadCompiler", { workingDirectory: ROOT, paths: [sample("kv.ts")] }), null);
  assert.equal(await client.ask("compile", { workingDirectory: ROOT, paths: [sample("kv.ts")] }), null);
  const { ending } = await client.ask("run", { ...KV, args: ["1024"] });
  assert.deepEqual(ending, { kind: "exit", code: 0 });
  const broken = join(scratch(), "broken.c");
  writeFileSync(broken, "int main(void) { return missing; }\n");
  const error = await errorOf(client.ask("compile", { workingDirectory: ROOT, paths: [broken] }));
  assert.equal(error.kind, "compileError");
});

test("a run that lacks the writes that a technique needs is compared and looked at as one that has them", async () => {
  const params = { ...KV, args: ["1024"] };
  const told = await client.ask("run", params);
  const without = await client.ask("run", { ...params, tellsWrites: false });
  const { machine, prices } = DEFAULT;
  const before = await client.ask("lines", { run: without.run, perspective: DEFAULT });
  const emulated: Perspective = { ...DEFAULT, machine: { ...machine, technique: "hv-emulate" } };
  // Two of the panel's questions at once, before anybody has compared.
  const [report] = await Promise.all(
    (["report", "breakdown"] as const).map((method) =>
      client.ask(method, { run: without.run, perspective: emulated, selection: {}, by: "layer" }),
    ),
  );
  assert.deepEqual(report, await client.ask("report", { run: told.run, perspective: emulated }));
  const [ours, expected] = await Promise.all(
    [without, told].map(({ run }) => client.ask("compare", { run, machine, prices, mayRunAgain: true })),
  );
  assert.deepEqual(ours, expected);
  // What was answered before still says which line is which.
  assert.deepEqual(await client.ask("lines", { run: without.run, perspective: DEFAULT }), before);
});

test("a program that was changed is not run for an earlier run's writes", async () => {
  const folder = scratch();
  const text = (value: number) => `#include <stdlib.h>
    #include <veloc.h>
    int main(void) {
      char *region = malloc(8192);
      VELOC_Init_single(0, "x.cfg");
      VELOC_Mem_protect(0, region, 8192, 1);
      for (int version = 1; version < 4; version++) {
        region[version] = ${value};
        VELOC_Checkpoint("changed", version);
      }
      return VELOC_Finalize(0);
    }\n`;
  const techniques = ["hv-protect", "hv-emulate"] as const;
  writeFileSync(join(folder, "changed.c"), text(1));
  const { run } = await client.ask("run", { workingDirectory: folder, paths: ["changed.c"] });
  writeFileSync(join(folder, "changed.c"), text(2));
  const comparing = {
    run,
    machine: DEFAULT.machine,
    prices: DEFAULT.prices,
    techniques,
    environments: ["xen-pv"] as const,
    mayRunAgain: true,
  };
  const [cell, refused] = await client.ask("compare", comparing);
  assert.equal(cell.available, true);
  assert.deepEqual(refused.available === false && refused.refusal.kind, "writes");
  const emulated: Perspective = { ...DEFAULT, machine: { ...DEFAULT.machine, technique: "hv-emulate" } };
  const error = await errorOf(client.ask("report", { run, perspective: emulated }));
  assert.equal(error.kind === "badInput" && error.refused?.kind, "writes");
  writeFileSync(join(folder, "changed.c"), text(1));
  assert.deepEqual(
    (await client.ask("compare", comparing)).map(({ available }) => available),
    [true, true],
  );
});
