import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { textHash } from "../../../src/worker/source-hashes.ts";
import {
  Document,
  EventEmitter,
  editorOf,
  fake,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
  workspace,
} from "./fake-vscode.ts";

const { keptBytes, namedPlace } = await import("../../../src/panel/messages/bytes-place.ts");
const { Panel } = await import("../../../src/panel/panel.ts");
const { BytesPanel } = await import("../../../src/panel/bytes-panel.ts");

const PLACE = { image: 0, region: { id: 1, group: "" }, offset: 0 };

const IMAGES = [1, 2].map((version, index) => ({
  ...{ index, name: "kv", version },
  regions: [{ ...PLACE.region, name: "", sizeBytes: 8192, savedBytes: 8192 }],
}));

const TEXT = "int main(void) { return 0; }\n";

interface FakeRun {
  readonly id: number;
  readonly summary: { readonly run: number; readonly images: unknown; readonly program: { readonly path: string } };
}

const sourceOf = (file: string) => ({ file, path: `/p/${file}`, sha256: textHash(TEXT) });

/** As much of the editor as the panels need, with two runs. */
function editor() {
  const changed = new EventEmitter<void>();
  const all: FakeRun[] = [1, 2].map((id) => ({
    id,
    uri: Uri.file(`/p/${id}.c`),
    perspective: {},
    settings: { machine: {} },
    summary: { run: id, images: IMAGES, sources: [sourceOf(`${id}.c`)], program: { path: `${id}.c` } },
  }));
  const runs = {
    current: all[0] as FakeRun | undefined,
    onDidChange: changed.event,
    all,
    byId: (id: number) => all.find((run) => run.id === id),
    forDocument: () => undefined,
    show(run: FakeRun) {
      runs.current = run;
      changed.fire();
    },
  };
  const context = {
    extension: Uri.file("/extension"),
    runs,
    restarts: { onDidChange: new EventEmitter<void>().event, of: () => undefined },
    session: { client: {} },
    columns: [] as number[],
    showBytes: (_run: unknown, _place: unknown, column: number) => void context.columns.push(column),
    openSample: (column: number) => Promise.resolve(void context.columns.push(column)),
    showPage: () => {},
    saveView: (_run: unknown, _view: unknown, _draw: (format: string) => Promise<Uint8Array>) => Promise.resolve(),
  };
  return { all, runs, context, panel: new Panel(context as never, () => Promise.resolve()) };
}

const flushed = () => new Promise((resolve) => setTimeout(resolve, 5));
const typesOf = (panel: WebviewPanel) => panel.posted.map((message) => (message as { type: string }).type);
const last = (panel: WebviewPanel, type: string) =>
  panel.posted.findLast((message) => (message as { type: string }).type === type);

beforeEach(() => {
  fake.panels.length = 0;
  workspace.textDocuments.length = 0;
});

test("what was picked reaches a page that begins, after its run", async () => {
  const { panel } = editor();
  panel.show({ run: 2 as never, picked: { page: 7 } });
  const [shown] = fake.panels;
  await flushed();
  assert.deepEqual(shown.posted, []);
  shown.say({ type: "ready" });
  await flushed();
  assert.deepEqual(last(shown, "picked"), { type: "picked", run: 2, picked: { page: 7 } });
  assert.ok(typesOf(shown).indexOf("run") < typesOf(shown).indexOf("picked"));
});

test("what was picked while the panel was hidden is shown when its page is back, once", async () => {
  const { panel } = editor();
  panel.show();
  const [shown] = fake.panels;
  shown.say({ type: "ready" });
  await flushed();
  shown.see(false);
  panel.show({ run: 1 as never, picked: { region: 3 } });
  await flushed();
  assert.equal(shown.visible, true);
  assert.equal(last(shown, "picked"), undefined);
  shown.say({ type: "ready" });
  await flushed();
  assert.deepEqual(last(shown, "picked"), { type: "picked", run: 1, picked: { region: 3 } });
  const count = shown.posted.length;
  shown.see(false);
  shown.see(true);
  shown.say({ type: "ready" });
  await flushed();
  assert.ok(!typesOf(shown).slice(count).includes("picked"));
});

test("a view of a panel that is hidden is drawn when its page is back, after its run", async () => {
  const { panel, context } = editor();
  let drawn: Promise<Uint8Array> | undefined;
  context.saveView = async (_run, _view, draw) => {
    drawn = draw("svg");
  };
  panel.show();
  const [shown] = fake.panels;
  shown.say({ type: "ready" });
  await flushed();
  shown.see(false);
  await panel.exportView("map");
  assert.equal(shown.visible, true);
  await flushed();
  assert.equal(last(shown, "draw"), undefined);
  // It is covered again for a moment before its page has drawn.
  for (let times = 0; times < 2; times++) {
    shown.posted.length = 0;
    shown.say({ type: "ready" });
    await flushed();
    assert.deepEqual(last(shown, "draw"), { type: "draw", id: 1, view: "map", format: "svg" });
    assert.ok(typesOf(shown).indexOf("run") < typesOf(shown).indexOf("draw"));
    shown.see(false);
    shown.see(true);
  }
  shown.say({ type: "drawn", id: 1, result: Uint8Array.of(7) });
  assert.deepEqual(await drawn, Uint8Array.of(7));
});

test("bytes open where they do not cover the panel", async () => {
  const { panel, context } = editor();
  panel.show();
  const [shown] = fake.panels;
  shown.viewColumn = ViewColumn.Two;
  shown.say({ type: "showBytes", run: 1, place: PLACE });
  assert.deepEqual(context.columns, [ViewColumn.One]);
  assert.equal(panel.columnForOthers, ViewColumn.One);
  shown.active = false;
  assert.equal(panel.columnForOthers, ViewColumn.Active);
});

test("a program that gave way to another says nothing of that one", async () => {
  const { panel, runs } = editor();
  runs.current = undefined;
  let stop = () => {};
  panel.follow(
    new Promise((_, reject) => {
      stop = () => reject(new Error("stopped"));
    }),
  );
  const [shown] = fake.panels;
  shown.say({ type: "ready" });
  panel.follow(new Promise(() => {}));
  stop();
  await flushed();
  assert.match((last(shown, "empty") as { reason: string }).reason, /being compiled and run/);
});

test("the page hears that a source has changed since the run, and that the change was undone", async () => {
  const { all, panel, runs } = editor();
  panel.show();
  const [shown] = fake.panels;
  shown.say({ type: "ready" });
  await flushed();
  assert.equal(last(shown, "changedSources"), undefined);
  // A file that was not open has changed on disk, and is revealed.
  const document = fake.open(new Document("/p/1.c", `// first\n${TEXT}`));
  await flushed();
  assert.deepEqual(last(shown, "changedSources"), { type: "changedSources", run: 1, files: ["1.c"] });
  document.change(TEXT);
  await flushed();
  assert.deepEqual(last(shown, "changedSources"), { type: "changedSources", run: 1, files: [] });
  document.change("");
  await flushed();
  // It is told anew to a page that begins anew, and when another run was shown meanwhile.
  shown.posted.length = 0;
  shown.say({ type: "ready" });
  await flushed();
  assert.deepEqual((last(shown, "changedSources") as { files: unknown }).files, ["1.c"]);
  runs.show(all[1]);
  shown.posted.length = 0;
  runs.show(all[0]);
  await flushed();
  assert.deepEqual((last(shown, "changedSources") as { files: unknown }).files, ["1.c"]);
});

test("the panel opens beside the source when a walkthrough has the keyboard", () => {
  fake.activate(editorOf(new Document("/p/1.c", "")));
  fake.activate(undefined);
  const { panel } = editor();
  panel.show();
  assert.equal(fake.panels[0].viewColumn, ViewColumn.Two);
  window.visibleTextEditors.length = 0;
});

test("a page without a run offers a sample, beside it, unless a run is on its way", async () => {
  const { panel, context, runs } = editor();
  runs.current = undefined;
  panel.show();
  const [shown] = fake.panels;
  shown.viewColumn = ViewColumn.Two;
  shown.say({ type: "ready" });
  await flushed();
  assert.equal((last(shown, "empty") as { offersSample: boolean }).offersSample, true);
  shown.say({ type: "openSample" });
  assert.deepEqual(context.columns, [ViewColumn.One]);
  panel.follow(new Promise(() => {}));
  await flushed();
  assert.equal((last(shown, "empty") as { offersSample: boolean }).offersSample, false);
});

test("bytes that were asked for while their page was hidden are shown when it is back", async () => {
  const { all, context } = editor();
  const bytes = new BytesPanel(context as never, () => Promise.resolve());
  bytes.show(all[0] as never, PLACE, ViewColumn.One);
  const [shown] = fake.panels;
  assert.equal(shown.viewColumn, ViewColumn.One);
  shown.say({ type: "ready" });
  shown.see(false);
  bytes.show(all[1] as never, { ...PLACE, offset: 4096 }, ViewColumn.One);
  shown.say({ type: "ready" });
  await flushed();
  const message = last(shown, "bytes") as { run: { run: number }; place: { offset: number } };
  assert.deepEqual([message.run.run, message.place.offset], [2, 4096]);
});

test("bytes of a program that is run again stay where they are; those of a run that is closed go", async () => {
  const { all, runs, context } = editor();
  const bytes = new BytesPanel(context as never, () => Promise.resolve());
  bytes.show(all[0] as never, { ...PLACE, image: 1, offset: 4096 }, ViewColumn.One);
  const [shown] = fake.panels;
  shown.say({ type: "ready" });
  const [before] = all;
  all[0] = { ...before, id: 3, summary: { ...before.summary, run: 3, images: IMAGES } };
  runs.show(all[0]);
  const { run, place, asked } = last(shown, "bytes") as { run: { run: number }; place: unknown; asked: boolean };
  assert.deepEqual([run.run, place, asked], [3, { ...PLACE, image: 1, offset: 4096 }, false]);
  all.shift();
  runs.show(all[0]);
  assert.match((last(shown, "empty") as { reason: string }).reason, /was closed/);
});

test("a place of bytes is found by program, version and region, in whatever session", () => {
  const run = { program: { path: "kv.c" }, images: IMAGES } as never;
  const kept = { ...namedPlace(run, { ...PLACE, image: 1, offset: 4096 }), topRow: 200 };
  assert.deepEqual(keptBytes(kept, run), { place: { ...PLACE, image: 1, offset: 4096 }, topRow: 200 });
  assert.equal(keptBytes(kept, { program: { path: "lru.c" }, images: IMAGES } as never), undefined);
  assert.equal(keptBytes(kept, { program: { path: "kv.c" }, images: IMAGES.slice(0, 1) } as never), undefined);
  assert.equal(keptBytes({ ...kept, offset: 8192 }, run), undefined);
  assert.equal(keptBytes({ ...kept, region: { id: 2, group: "" } }, run), undefined);
  for (const state of [undefined, {}, { ...kept, checkpoint: null }, { run: 1, place: PLACE, topRow: 0 }])
    assert.equal(keptBytes(state, run), undefined);
});
