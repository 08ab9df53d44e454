import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Document, fake, workspace } from "./fake-vscode.ts";

const { ProgramRunner } = await import("../../../src/commands/run-program.ts");
await import("../../../src/commands/perspective.ts");

/** More than it takes to load a file again that is loaded. */
const LOADED_MS = 100;

/** A runner whose session answers at once, but for runs ahead, which go on until they are cancelled. */
function runner() {
  const asked: (readonly [method: string, params: unknown])[] = [];
  const cancelled: unknown[] = [];
  const client = {
    ask: (method: string, params: unknown) => Promise.resolve(void asked.push([method, params])),
    call(method: string, params: unknown) {
      asked.push([method, params]);
      return { result: new Promise(() => {}), cancel: () => cancelled.push(params) };
    },
  };
  const app = { session: { client }, runs: { all: [] } };
  const lastRun = { restore: () => Promise.resolve() };
  const runs = new ProgramRunner(app as never, lastRun as never, {} as never);
  const prepare = async (document: Document) => {
    runs.prepare(document as never);
    await new Promise((resolve) => setTimeout(resolve, LOADED_MS));
  };
  return { prepare, asked, cancelled };
}

beforeEach(() => {
  fake.settings.clear();
  workspace.isTrusted = true;
});

test("what may be run next is compiled and run as it would be, once for each text", async () => {
  const { prepare, asked, cancelled } = runner();
  fake.settings.set("program.arguments", ["5"]).set("machine.technique", "mprotect");
  const document = new Document("/p/kv.ts", "");
  await prepare(document);
  await prepare(document);
  assert.deepEqual(
    asked.map(([method]) => method),
    ["compile", "runAhead"],
  );
  const { paths, args, machine } = asked[1][1] as Record<string, unknown>;
  assert.deepEqual({ paths, args }, { paths: ["kv.ts"], args: ["5"] });
  assert.equal((machine as { technique: string }).technique, "mprotect");

  // Of a text that is no more.
  assert.deepEqual(cancelled, []);
  document.change("x");
  await prepare(document);
  assert.deepEqual(cancelled, [asked[1][1]]);
  assert.equal(asked.length, 4);
});

test("it is not run where the settings say so; what is not saved or not trusted is left alone", async () => {
  const { prepare, asked } = runner();
  fake.settings.set("program.rerun", "off");
  await prepare(new Document("/p/a.c", ""));
  assert.deepEqual(
    asked.map(([method]) => method),
    ["compile"],
  );
  fake.settings.clear();
  const unsaved = new Document("/p/b.c", "");
  unsaved.isDirty = true;
  await prepare(unsaved);
  workspace.isTrusted = false;
  await prepare(new Document("/p/c.c", ""));
  assert.equal(asked.length, 1);
});
