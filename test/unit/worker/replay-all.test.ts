import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { refusalOf } from "../../../src/checkpoint/refusal.ts";
import { ENVIRONMENTS } from "../../../src/checkpoint/technique.ts";
import { TECHNIQUES } from "../../../src/checkpoint/techniques.ts";
import { DEFAULT_MACHINE } from "../../../src/run/machine.ts";
import { outcomeOf } from "../../../src/run/outcome.ts";
import { replay, replayRefusal } from "../../../src/run/replay.ts";
import { loadProfile } from "../../../src/worker/profiles.ts";
import { replayAll } from "../../../src/worker/replay-all.ts";
import { priced } from "../../../src/worker/session.ts";
import { recordingOf } from "../../bench/recordings.ts";

const recording = recordingOf({ regionPages: 300, epochs: 4, dirtyPages: 90, order: "random" });
const machines = ENVIRONMENTS.flatMap((environment) =>
  TECHNIQUES.filter((technique) => refusalOf(technique, { ...DEFAULT_MACHINE, environment }) === undefined)
    .filter(({ id }) => replayRefusal(recording, id) === undefined)
    .map(({ id }) => ({ ...DEFAULT_MACHINE, environment, technique: id })),
);

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
  const alone = await replayAll(recording, machines, { threads: 0 });
  const together = await replayAll(recording, machines, {
    threads: 3,
    workerFile,
    onDone: (number) => done.push(number),
  });
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

test("replays that use the same memory one after the other give what each gives in memory of its own", async () => {
  const other = recordingOf({ regionPages: 700, epochs: 3, dirtyPages: 500, order: "ascending" });
  for (const one of [recording, other, recording]) {
    const outcomes = await replayAll(one, machines, { threads: 0 });
    machines.forEach((machine, i) => {
      assert.deepEqual(outcomes[i], outcomeOf(replay(one, machine)));
    });
  }
});

test("a replay that fails in a thread fails the whole, with its message", async () => {
  const broken = { ...recording, kind: recording.kind.map((kind, i) => (i === 50 ? 9 : kind)) };
  await assert.rejects(
    replayAll(broken, machines, { threads: 2, workerFile }),
    /event 50 of the recording has the unknown kind 9/,
  );
});
