import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { possibleMachines } from "../../../src/run/machine.ts";
import { recordingOf } from "../../../src/run/made-recording.ts";
import { replayRefusal } from "../../../src/run/replay.ts";
import { loadProfile } from "../../../src/worker/profiles.ts";
import { replayAll } from "../../../src/worker/replay-all.ts";
import { ReplayThreads } from "../../../src/worker/replay-threads.ts";
import { priced } from "../../../src/worker/session.ts";

const recording = recordingOf({ regionPages: 300, epochs: 4, dirtyPages: 90, order: "random" });
const machines = possibleMachines().filter(({ technique }) => replayRefusal(recording, technique) === undefined);

const folder = mkdtempSync(join(tmpdir(), "checkpoint-lens-replay-"));
const workerFile = join(folder, "replay-worker.mjs");
buildSync({
  entryPoints: [fileURLToPath(new URL("../../../src/worker/replay-worker.ts", import.meta.url))],
  outfile: workerFile,
  bundle: true,
  format: "esm",
  platform: "node",
});
after(() => rmSync(folder, { recursive: true }));

test("threads give what one thread gives, in the same order, to the last byte of the reports", async () => {
  const done: number[] = [];
  const alone = await replayAll(recording, machines);
  const threads = new ReplayThreads(workerFile);
  const together = await threads.replayAll(recording, machines, 3, { onDone: (number) => done.push(number) });
  await threads.end();
  assert.deepEqual(
    done.sort((a, b) => a - b),
    machines.map((_, number) => number),
  );
  const profile = loadProfile("era");
  machines.forEach((machine, i) => {
    assert.deepEqual(together[i].options, machine);
    assert.deepEqual(together[i].costs, alone[i].costs);
    assert.equal(
      JSON.stringify(priced(recording, together[i], profile)),
      JSON.stringify(priced(recording, alone[i], profile)),
    );
  });
});

test("threads that were started ahead give the same, and go on to another recording", async () => {
  const other = recordingOf({ regionPages: 40, epochs: 3, dirtyPages: 20, order: "ascending" });
  const threads = new ReplayThreads(workerFile);
  threads.startAhead(2);
  for (const one of [recording, other]) {
    const together = await threads.replayAll(one, machines, 3);
    const alone = await replayAll(one, machines);
    assert.deepEqual(
      together.map(({ costs }) => costs),
      alone.map(({ costs }) => costs),
    );
  }
  await threads.end();
});

test("a replay that fails in a thread fails the whole, with its message, and threads start anew", async () => {
  const broken = { ...recording, kind: recording.kind.map((kind, i) => (i === 50 ? 9 : kind)) };
  const threads = new ReplayThreads(workerFile);
  await assert.rejects(threads.replayAll(broken, machines, 2), /event 50 of the recording has the unknown kind 9/);
  assert.equal((await threads.replayAll(recording, machines.slice(0, 3), 2)).length, 3);
  await threads.end();
});

test("what is aborted ends with the signal's reason, before and after it has begun", async () => {
  const threads = new ReplayThreads(workerFile);
  await assert.rejects(threads.replayAll(recording, machines, 2, { signal: AbortSignal.abort("late") }), /late/);
  const stop = new AbortController();
  const onDone = () => stop.abort(new Error("enough"));
  await assert.rejects(threads.replayAll(recording, machines, 2, { signal: stop.signal, onDone }), /enough/);
  await threads.end();
});
