import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { EventEmitter, fake, Uri } from "./fake-vscode.ts";

const { LastRun } = await import("../../../src/commands/last-run.ts");

const FILE = "/storage/last-run.cklens";
const shown = { id: 1, uri: Uri.file("/p/kv.ts"), perspective: {}, settings: {} };
const RUN = shown as never;

/** An extension with one run, and a session that saves it when it is told to. */
function extension() {
  const state = new Map<string, unknown>();
  const known = new Set([1]);
  const asked: string[] = [];
  const settled = new EventEmitter<void>();
  let finish = () => {};
  const ask = (method: string) => {
    asked.push(method);
    return new Promise((resolve) => {
      finish = () => {
        if (method === "saveRunFile") fake.files.set(FILE, "");
        resolve({ run: 2 });
      };
    });
  };
  const app = {
    extension: {
      subscriptions: [],
      storageUri: Uri.file("/storage"),
      workspaceState: {
        get: (key: string) => state.get(key),
        update: (key: string, value: unknown) => Promise.resolve(void state.set(key, value)),
      },
    },
    session: { client: { ask } },
    runs: {
      current: undefined,
      onDidSettle: settled.event,
      byId: (id: number) => (known.has(id) ? RUN : undefined),
      add: () => assert.fail("a run came back"),
    },
    output: { warn: assert.fail, info: assert.fail },
  };
  return { lastRun: new LastRun(app as never), state, known, asked, settled, finish: () => finish() };
}

const turn = () => new Promise(setImmediate);

beforeEach(() => fake.files.clear());

test("the last run is kept until it is forgotten", async () => {
  const { lastRun, state, settled, finish } = extension();
  const kept = lastRun.keep(RUN, Uri.file("/p") as never);
  await turn();
  finish();
  await kept;
  assert.ok(fake.files.has(FILE) && [...state.values()].every(Boolean));
  await lastRun.forget();
  assert.ok(!fake.files.has(FILE) && ![...state.values()].some(Boolean));
  // How it is looked at is of no interest any more.
  shown.perspective = { machine: { technique: "mprotect" } };
  settled.fire();
  await turn();
  assert.ok(![...state.values()].some(Boolean));
  await lastRun.forget();
});

test("the kept run that is closed does not come back; another one that is closed leaves it", async () => {
  const { lastRun, state, finish } = extension();
  const kept = lastRun.keep(RUN, Uri.file("/p") as never);
  await turn();
  finish();
  await kept;
  await lastRun.closed({ id: 2 } as never);
  assert.ok(fake.files.has(FILE) && [...state.values()].every(Boolean));
  await lastRun.closed(RUN);
  assert.ok(!fake.files.has(FILE) && ![...state.values()].some(Boolean));
});

test("a run that is forgotten while it is being kept is not there afterwards", async () => {
  const { lastRun, state, known, finish } = extension();
  const kept = lastRun.keep(RUN, Uri.file("/p") as never);
  await turn();
  known.clear();
  await lastRun.forget();
  finish();
  await kept;
  assert.ok(!fake.files.has(FILE) && ![...state.values()].some(Boolean));
});

test("a run that is forgotten while it is being opened does not come back", async () => {
  const { lastRun, state, asked, finish } = extension();
  state.set("checkpointLens.lastRun", { program: "file:///p/kv.ts", directory: "file:///p", perspective: {} });
  const restored = lastRun.restore();
  await lastRun.forget();
  finish();
  await turn();
  finish();
  await restored;
  assert.deepEqual(asked, ["openRunFile", "close"]);
});
