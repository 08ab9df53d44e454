import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { RestartsReply } from "../../../src/session/figures.ts";
import { textHash } from "../../../src/worker/source-hashes.ts";
import { type CodeAction, Document, fake, Range, Uri, workspace } from "./fake-vscode.ts";

const { Restarts } = await import("../../../src/editor/restarts.ts");
const { restartProgram } = await import("../../../src/commands/restarts.ts");
const { RestartProblems } = await import("../../../src/editor/restart-problems.ts");

const MAIN = "/p/main.c";
const OTHER = "/p/other.c";
const TEXT = "int total;\nint main(void) { return total; }\n";
const OTHER_TEXT = "void protect(void) {\n}\n";

/** An audit of two files: what is missed is declared in one, and protected in the other. */
function audited() {
  const finding = {
    kind: "unprotected",
    symbol: "total",
    sizeBytes: 4,
    declaredAt: { file: "main.c", line: 1 },
    fix: {
      call: "VELOC_Mem_protect(1, &total, 1, 4);",
      edits: [{ file: "other.c", start: 20, end: 20, text: "\n  VELOC_Mem_protect(1, &total, 1, 4);" }],
    },
  };
  const reply = {
    path: "main.c",
    sources: [
      { file: "main.c", path: MAIN, sha256: textHash(TEXT) },
      { file: "other.c", path: OTHER, sha256: textHash(OTHER_TEXT) },
    ],
    restarts: [],
    audit: { findings: [finding] },
  };
  return { program: Uri.file(MAIN), directory: Uri.file("/p"), reply: reply as unknown as RestartsReply } as never;
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 10));

beforeEach(() => {
  fake.said.length = 0;
  workspace.textDocuments.length = 0;
  fake.files.clear();
});

test("what was found out is known until a document has another text, and not taken where one has it already", () => {
  const restarts = new Restarts();
  const main = fake.open(new Document(MAIN, TEXT));
  assert.equal(restarts.add(audited()), true);
  main.change(`// first\n${TEXT}`);
  assert.equal(restarts.of(main.uri as never), undefined);
  // Somebody typed while the program was audited.
  assert.equal(restarts.add(audited()), false);
  assert.deepEqual(restarts.all, []);
  restarts.dispose();
});

test("what was found out goes when a file is opened that has changed on disk", async () => {
  const restarts = new Restarts();
  assert.equal(restarts.add(audited()), true);
  fake.files.set(OTHER, `// first\n${OTHER_TEXT}`);
  await workspace.openTextDocument(Uri.file(OTHER));
  assert.deepEqual(restarts.all, []);
  restarts.dispose();
});

test("a fix changes the text that was audited and no other", async () => {
  const restarts = new Restarts();
  const problems = new RestartProblems(restarts);
  const main = fake.open(new Document(MAIN, TEXT));
  fake.files.set(OTHER, OTHER_TEXT);
  restarts.add(audited());
  await settled();
  const actions = async (): Promise<CodeAction[]> =>
    ((await problems.provideCodeActions(main as never, new Range(0, 0, 0, 9) as never)) ?? []) as never;
  const [fix] = await actions();
  assert.equal(fix.disabled, undefined);
  assert.deepEqual(
    fix.edit?.replaced.map(({ uri, range }) => [uri.path, range.start.line, range.start.character]),
    [[OTHER, 0, 20]],
  );
  // The other file is not open, and another program writes it.
  workspace.textDocuments.splice(1);
  fake.files.set(OTHER, `// first\n${OTHER_TEXT}`);
  const [stale] = await actions();
  assert.equal(stale.edit, undefined);
  assert.match(stale.disabled?.reason ?? "", /other\.c has changed since the audit/);
  await settled();
  assert.deepEqual(await actions(), []);
  problems.dispose();
  restarts.dispose();
});

test("an audit that a change has overtaken shows nothing and says so; without a program in front it is of the shown run's", async () => {
  const restarts = new Restarts();
  const main = fake.open(new Document(MAIN, TEXT));
  const { reply } = audited() as { reply: RestartsReply };
  let meanwhile = () => {};
  const answer = async () => {
    await settled();
    meanwhile();
    return reply;
  };
  const perspective = { machine: { technique: "mprotect" }, prices: { profile: "era" } };
  const saved = {
    id: 1,
    uri: Uri.file("/p/saved.cklens"),
    perspective,
    summary: { program: { path: "main.c" }, ...reply },
  };
  const app = {
    runs: { current: saved },
    restarts,
    session: {
      client: { call: () => ({ result: answer(), cancel: () => {} }) },
    },
    output: { info: () => {}, error: assert.fail },
  };
  const programs: unknown[] = [];
  const runner = {
    upToDate: (program: Uri) => Promise.resolve(programs.push(program.path) && saved),
    paramsOf: () => ({ paths: ["main.c"] }),
  };
  const audit = () => restartProgram(app as never, runner as never, true, () => {});
  await audit();
  assert.deepEqual([restarts.all.length, programs], [1, [MAIN]]);
  meanwhile = () => main.change(`// first\n${TEXT}`);
  await audit();
  assert.equal(restarts.all.length, 0);
  assert.match(fake.said.at(-1)?.message ?? "", /main\.c has changed since it was compiled/);
  restarts.dispose();
});

test("a program is restarted on the machine that its run is looked at by; an audit with synchronous commits", async () => {
  const restarts = new Restarts();
  fake.open(new Document(MAIN, TEXT));
  const { reply } = audited() as { reply: RestartsReply };
  const machine = { technique: "mprotect", environment: "native", commit: "async" };
  const prices = { profile: "modern" };
  const run = { id: 1, uri: Uri.file(MAIN), perspective: { machine, prices }, summary: {} };
  const asked: unknown[] = [];
  const app = {
    runs: { current: run },
    restarts,
    session: {
      client: {
        call(_: string, params: unknown) {
          asked.push(params);
          return { result: Promise.resolve(reply), cancel: () => {} };
        },
      },
    },
    output: { info: () => {}, error: assert.fail },
  };
  const runner = {
    upToDate: () => Promise.resolve(run),
    paramsOf: (_: unknown, given: unknown) => ({ paths: ["main.c"], machine: given }),
  };
  // A saved run of it is shown, and looked at otherwise than the program's own.
  const saved = { ...run, uri: Uri.file("/p/saved.cklens"), perspective: { machine: { technique: "hash" }, prices } };
  app.runs.current = { ...saved, summary: { program: { path: "main.c" }, sources: reply.sources } } as never;
  await restartProgram(app as never, runner as never, false, () => {}, Uri.file(MAIN) as never);
  assert.deepEqual((asked.pop() as { machine: unknown }).machine, { technique: "hash" });
  app.runs.current = run;
  for (const isAudited of [false, true])
    await restartProgram(app as never, runner as never, isAudited, () => {}, Uri.file(MAIN) as never);
  assert.deepEqual(asked, [
    { paths: ["main.c"], machine, prices, audited: false },
    { paths: ["main.c"], machine: { ...machine, commit: "sync" }, prices, audited: true },
  ]);
  restarts.dispose();
});
