import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Document, editorOf, fake, TabInputCustom, Uri, window, workspace } from "./fake-vscode.ts";

const { programInFront } = await import("../../../src/commands/program-in-front.ts");

const run = (path: string, source: string) =>
  ({
    uri: Uri.file(path),
    summary: { program: { path: "kv.ts" }, sources: [{ file: "kv.ts", path: source, sha256: "" }] },
  }) as never;
const front = (shown?: never) => programInFront(shown)?.path;

beforeEach(() => {
  window.visibleTextEditors.length = 0;
  workspace.textDocuments.length = 0;
  window.activeTextEditor = undefined;
  window.tabGroups.activeTabGroup.activeTab = undefined;
});

test("the program is the one in front", () => {
  fake.activate(editorOf(new Document("/p/heat.c", "")));
  fake.activate(editorOf(new Document("/p/kv.ts", "")));
  assert.equal(front(run("/p/lru.c", "")), "/p/kv.ts");
  fake.activate(undefined);
  window.tabGroups.activeTabGroup.activeTab = { input: new TabInputCustom(Uri.file("/p/module.wasm")) };
  assert.equal(front(), "/p/module.wasm");
});

test("while a walkthrough or the panel has the keyboard it is one in sight, or that of the shown run", () => {
  fake.activate(editorOf(new Document("/p/README.md", "")));
  fake.activate(editorOf(new Document("/p/heat.c", "")));
  fake.activate(undefined);
  assert.equal(front(run("/p/kv.ts", "")), "/p/heat.c");
  window.visibleTextEditors.pop();
  assert.equal(front(run("/p/kv.ts", "")), "/p/kv.ts");
  assert.equal(front(run("/p/saved.cklens", "/p/kv.ts")), "/p/kv.ts");
  assert.equal(front(run("/p/saved.cklens", "")), undefined);
  assert.equal(front(), undefined);
});

test("a program that is only open is the last one that takes checkpoints", () => {
  for (const [name, text] of [
    ["sample.c", "#include <veloc.h>\n"],
    ["other.c", "int main(void) { return 0; }\n"],
  ])
    fake.open(new Document(`/p/${name}`, text));
  assert.equal(front(), "/p/sample.c");
  assert.equal(front(run("/p/kv.ts", "")), "/p/kv.ts");
});
