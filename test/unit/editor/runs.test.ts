import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { PRIMITIVES } from "../../../src/machine/primitives.ts";
import { BUILT_IN_PROFILES } from "../../../src/machine/profiles.ts";
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

test("lines are marked at other prices in the first word of the change; the session is asked when that is painted", async () => {
  const counts = PRIMITIVES.map((_, i) => Number(i === 0));
  const [name] = PRIMITIVES.map((primitive) => primitive.name);
  const events = { primitive: Uint16Array.of(0), count: Float64Array.of(1), cycles: Float64Array.of(9) };
  const line = { file: "kv.c", line: 2, cycles: 9, share: 1, traps: 1, dirtyPages: 0, stores: 0, events };
  const headline = {
    counts: { overhead: Float64Array.from(counts), run: Float64Array.from(counts) },
    pathLengths: new Float64Array(PRIMITIVES.length),
  };
  const answers: Readonly<Record<string, unknown>> = {
    report: { headline, prices: { ghz: 2 } },
    lines: { lines: [line], primitives: [{ name }] },
    profiles: { profiles: BUILT_IN_PROFILES.map((profile) => ({ profile, builtIn: true })) },
  };
  const said: string[] = [];
  const client = {
    ask(method: string) {
      said.push(method);
      return Promise.resolve(answers[method]);
    },
    call: () => ({ result: Promise.resolve([]), cancel: () => {} }),
  };
  const runs = new Runs({ client, onDidEnd: new EventEmitter<string>().event } as never);
  const run = add(runs, 1, "kv.c");
  const settled = new Promise<void>((resolve) => runs.onDidSettle(() => resolve()));
  await settled;
  await import("../../../src/session/model/repriced-lines.ts");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(said.splice(0), ["report", "lines", "profiles"]);
  runs.onDidChange(() => said.push(`marked with ${run.marks?.lines[0].cycles} cycles`));
  for (const cycles of [1233, 1234])
    runs.look(run, { ...PERSPECTIVE, prices: { profile: "era", primitives: { [name]: { cycles } } } } as never);
  assert.deepEqual(said.splice(0), ["marked with 1233 cycles", "marked with 1234 cycles"]);
  // Of prices that were passed by it is asked nothing.
  await new Promise((resolve) => setTimeout(resolve, 80));
  assert.deepEqual(said.splice(0), ["report", "lines", "marked with 9 cycles"]);
  // Another machine has other counts.
  runs.look(run, { ...PERSPECTIVE, machine: { technique: "mprotect" } } as never);
  assert.deepEqual(said, ["marked with 9 cycles", "report", "lines"]);
  runs.dispose();
});
