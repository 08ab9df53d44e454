import assert from "node:assert/strict";
import { test } from "node:test";
import { BUILT_IN_PROFILES } from "../../../src/machine/profiles.ts";
import { DEFAULT_MACHINE, type MachineOptions } from "../../../src/run/machine.ts";
import { outcomeOf } from "../../../src/run/outcome.ts";
import { replay } from "../../../src/run/replay.ts";
import { Comparisons } from "../../../src/session/comparisons.ts";
import { EveryWrite } from "../../../src/session/every-write.ts";
import type { SessionHost } from "../../../src/session/host.ts";
import type { ProgressOf } from "../../../src/session/methods.ts";
import type { Request } from "../../../src/session/request.ts";
import { RunStore } from "../../../src/session/run-store.ts";
import { finishedRun } from "./finished-run.ts";
import { randomRecording } from "./random-recording.ts";

const [era, modern] = BUILT_IN_PROFILES;

/** A session's comparisons of one run, and the machines that were replayed for them. */
function comparing() {
  const replayed: MachineOptions[] = [];
  const host: Pick<SessionHost, "replayAll"> = {
    replayAll: async (recording, machines, request, onDone) => {
      for (const [number, machine] of machines.entries()) {
        await new Promise((resolve) => setImmediate(resolve));
        if (request.isCancelled) return;
        replayed.push(machine);
        onDone(number, outcomeOf(replay(recording, machine)));
      }
    },
  };
  const store = new RunStore();
  const { id: run } = store.add(finishedRun(randomRecording(5)), "live", 0);
  return {
    comparisons: new Comparisons(host as SessionHost, store, new EveryWrite(host as SessionHost, store)),
    store,
    run,
    replayed,
  };
}

function request() {
  const told: ProgressOf<"compare">[] = [];
  const one: Request<ProgressOf<"compare">> & { isCancelled: boolean } = {
    isCancelled: false,
    progress: (progress) => told.push(progress),
    onCancel: () => {},
  };
  return { one, told };
}

test("other prices replay nothing, and give what new replays give", async () => {
  const { comparisons, run, replayed } = comparing();
  const first = request();
  const cells = await comparisons.compare({ run, machine: DEFAULT_MACHINE, prices: { profile: "" } }, era, first.one);
  const available = cells.filter((cell) => cell.available);
  assert.ok(available.length > 25);
  assert.equal(replayed.length, available.length);
  assert.deepEqual(first.told.at(-1)?.done, cells.length);

  const again = request();
  const params = { run, machine: DEFAULT_MACHINE, prices: { profile: "" } };
  const repriced = await comparisons.compare(params, modern, again.one);
  assert.equal(replayed.length, available.length);
  // There is nothing to wait for.
  assert.equal(again.told.length, 0);
  const fresh = comparing();
  assert.deepEqual(repriced, await fresh.comparisons.compare({ ...params, run: fresh.run }, modern, request().one));
  assert.notDeepEqual(repriced, cells);

  // Another option is another machine.
  await comparisons.compare(
    { run, machine: { ...DEFAULT_MACHINE, target: "disk" }, prices: { profile: "" } },
    era,
    request().one,
  );
  assert.equal(replayed.length, 2 * available.length);
});

test("comparisons that are asked for at once share their replays, also with one that is given up", async () => {
  const { comparisons, run, replayed } = comparing();
  const params = { run, machine: DEFAULT_MACHINE, prices: { profile: "" } };
  const own = comparisons.compare({ ...params, environments: ["xen-pv"] }, era, request().one);
  const given = request();
  const half = comparisons.compare(params, era, {
    ...given.one,
    get isCancelled() {
      return replayed.length > 20;
    },
  });
  const all = comparisons.compare(params, era, request().one);
  await own;
  await assert.rejects(half, { name: "CancelledError" });
  const cells = await all;
  assert.equal(replayed.length, cells.filter((cell) => cell.available).length);
  assert.equal(new Set(replayed.map((machine) => JSON.stringify(machine))).size, replayed.length);
});

test("what comes of a run that was closed meanwhile is not kept", async () => {
  const { comparisons, store, run, replayed } = comparing();
  const params = { run, machine: DEFAULT_MACHINE, prices: { profile: "" } };
  const kept = store.get(run);
  const asked = comparisons.compare(params, era, request().one);
  await new Promise((resolve) => setTimeout(resolve, 1));
  store.close(run);
  await asked;
  assert.ok(replayed.length > 0);
  assert.ok(replayed.slice(2).every((machine) => store.outcome(kept, machine) === undefined));
});
