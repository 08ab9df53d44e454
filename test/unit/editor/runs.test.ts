import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { textHash } from "../../../src/worker/source-hashes.ts";
import { Document, EventEmitter, editorOf, fake, Uri, window, workspace } from "./fake-vscode.ts";

const { Runs, changedSources } = await import("../../../src/editor/runs.ts");
const { compareTechniques } = await import("../../../src/commands/compare.ts");

const TEXT = "#include <veloc.h>\nint main(void) { return 0; }\n";
const PERSPECTIVE = { machine: { technique: "hv-protect", environment: "xen-pv" }, prices: { profile: "era" } };

/** Runs whose session answers nothing. */
function runsOf() {
  const never = new Promise(() => {});
  const client = { ask: () => never, call: () => ({ result: Promise.resolve([]), cancel: () => {} }) };
  return new Runs({ client, onDidEnd: new EventEmitter<string>().event } as never);
}

const summary = (run: number, file: string, text = TEXT) =>
  ({
    run,
    origin: "live",
    program: { path: file, args: [] },
    sources: [{ file, path: `/p/${file}`, sha256: textHash(text) }],
  }) as never;

function add(runs: InstanceType<typeof Runs>, run: number, file: string, text = TEXT) {
  return runs.add(
    summary(run, file, text),
    Uri.file(`/p/${file}`) as never,
    PERSPECTIVE as never,
    PERSPECTIVE as never,
  );
}

beforeEach(() => {
  workspace.textDocuments.length = 0;
  fake.activate(undefined);
});

test("the run of a document is shown, of its text if there is one; a shown run of its file stays", () => {
  const runs = runsOf();
  const older = add(runs, 1, "kv.c");
  const newer = add(runs, 2, "kv.c", "");
  const heat = add(runs, 3, "heat.c");
  const kv = fake.open(new Document("/p/kv.c", TEXT)) as never;
  runs.showFor(kv);
  assert.equal(runs.current, older);
  // Somebody chose the other one in the tree.
  runs.show(newer);
  runs.showFor(kv);
  assert.equal(runs.current, newer);
  runs.showFor(fake.open(new Document("/p/heat.c", "changed since")) as never);
  assert.equal(runs.current, heat);
  assert.deepEqual(changedSources(heat), ["heat.c"]);
  assert.deepEqual(changedSources(older), []);
  runs.showFor(fake.open(new Document("/p/README.md", "")) as never);
  assert.equal(runs.current, heat);
  runs.dispose();
});

test("techniques are compared for the program in front, which is run if it has no run yet", async () => {
  const runs = runsOf();
  add(runs, 1, "heat.c");
  const compared: number[] = [];
  runs.compare = (run) => {
    compared.push(run.id);
    return Promise.resolve();
  };
  const runner = {
    run: (uri: Uri) => Promise.resolve(uri.path === "/p/kv.c" ? add(runs, 2, "kv.c") : undefined),
  };
  const app = { runs } as never;
  fake.activate(editorOf(fake.open(new Document("/p/heat.c", TEXT))));
  await compareTechniques(app, runner as never);
  fake.activate(editorOf(fake.open(new Document("/p/kv.c", TEXT))));
  await compareTechniques(app, runner as never);
  fake.activate(undefined);
  await compareTechniques(app, runner as never);
  assert.deepEqual(compared, [1, 2, 2]);
  window.visibleTextEditors.length = 0;
  runs.dispose();
});
