import assert from "node:assert/strict";
import { test } from "node:test";
import { Document, EventEmitter, editorOf, fake } from "./fake-vscode.ts";

const { followEditors } = await import("../../../src/commands/workbench.ts");

/** A window on a program that takes no checkpoints. */
function followed(showFor: (document: unknown) => void) {
  const prepared: unknown[] = [];
  const event = new EventEmitter<never>().event;
  const runs = { all: [], onDidChange: event, onDidFail: event, showFor };
  const runner = { prepare: (document: unknown) => prepared.push(document), loadCompilerAhead: () => {} };
  const app = { runs, session: { onDidEnd: event } };
  const lastRun = { restore: () => Promise.resolve() };
  const subscriptions = followEditors(app as never, runner as never, lastRun as never);
  const document = fake.open(new Document("/p/new.c", "int main(void) { return 0; }\n"));
  return { prepared, document, subscriptions };
}

test("the run of the file in front is shown", () => {
  const shown: unknown[] = [];
  const { document, subscriptions } = followed((one) => shown.push(one));
  fake.activate(editorOf(document));
  fake.activate(undefined);
  assert.deepEqual(shown, [document]);
  for (const subscription of subscriptions) subscription.dispose();
});

test("a program can be run from its title as soon as it is saved with what takes checkpoints", () => {
  const { prepared, document, subscriptions } = followed(() => {});
  const canRun = () => fake.executed.findLast(([, name]) => name === "checkpointLens.takesCheckpoints")?.[2];
  fake.activate(editorOf(document));
  assert.equal(canRun(), false);
  document.change("#include <veloc.h>\nint main(void) { return 0; }\n");
  fake.saved.fire(document);
  assert.equal(canRun(), true);
  assert.deepEqual(prepared, [document]);
  for (const subscription of subscriptions) subscription.dispose();
});
