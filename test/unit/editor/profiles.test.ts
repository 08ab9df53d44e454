import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { fake, Uri } from "./fake-vscode.ts";

const { calibrate } = await import("../../../src/commands/calibrate.ts");
const { saveProfile } = await import("../../../src/commands/run-files.ts");

const scratch = mkdtempSync(join(tmpdir(), "checkpoint-lens-profiles-"));
const MEASURED = join(scratch, "this-machine.json");
mkdirSync(join(scratch, "dist"));
writeFileSync(join(scratch, "dist/cli.js"), "");
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

/** An extension whose `calibrate` measures nothing, with a run for each profile, of which the first is shown. */
function extension(...profiles: string[]) {
  const looks: [run: number, profile: unknown][] = [];
  const runs = profiles.map((profile, id) => ({
    id,
    comparison: [],
    perspective: { machine: {}, prices: { profile } },
  }));
  const app = {
    extension: { extensionUri: Uri.file(scratch), globalStorageUri: Uri.file(scratch) },
    session: { client: { ask: () => Promise.resolve() } },
    output: { append: () => {} },
    runs: {
      all: runs,
      current: runs[0],
      compare: () => Promise.resolve(),
      look: (run: { id: number }, { prices }: { prices: { profile: unknown } }) =>
        void looks.push([run.id, prices.profile]),
    },
  };
  return { app: app as never, looks };
}

afterEach(() => {
  fake.said.length = 0;
  fake.executed.length = 0;
  fake.settings.clear();
  fake.choice = undefined;
});

test("a measured machine's prices count at once, also when they counted before, and the user is told", async () => {
  const { app, looks } = extension("era", MEASURED);
  fake.choice = "Open";
  await calibrate(app);
  assert.equal(fake.settings.get("machine.prices"), MEASURED);
  assert.deepEqual(looks, [
    [1, MEASURED],
    [0, MEASURED],
  ]);
  assert.match(fake.said[0].message, /This machine was measured/);
  assert.deepEqual(fake.executed.at(-1)?.map(String), ["vscode.open", `file://${MEASURED}`]);
});

test("a profile that was saved can be used at once; what counted with its file is counted anew", async () => {
  const file = "/p/mine.json";
  fake.saveTarget = Uri.file(file);
  const { app, looks } = extension("era", file);
  await saveProfile(app, {});
  assert.deepEqual(fake.said, [{ message: "mine.json was saved.", actions: ["Use It", "Open"] }]);
  assert.deepEqual(looks, [[1, file]]);
  assert.equal(fake.settings.get("machine.prices"), undefined);
  fake.choice = "Use It";
  await saveProfile(app, {});
  assert.deepEqual(looks.slice(1), [
    [1, file],
    [0, file],
  ]);
  assert.equal(fake.settings.get("machine.prices"), file);
});
